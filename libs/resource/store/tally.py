"""One total: what it is found by, what it is, and by how much it changes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Self

from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from libs.dynamodb import Change, Item

MOST_DECIMALS = 18
LARGEST_SUMMED = 10**12
"""Bounds on what is summed: DynamoDB adds within 38 digits (AWS limit) and refuses what needs more, so these
leave the sum of 10**8 of the largest exact."""
ROWS = "rows"
"""What the number of all rows is found by."""
_LONGEST_TOKEN = 512
_LONGEST_OWNER = 1024


@dataclass
class Tally:
    """What one total is, or by how much it changes.

    :param number: of rows.
    :param sum: None for what is no sum.
    :param token: of the value whose rows are counted (see `countable`); None for other totals.
    """

    number: int = 0
    sum: Decimal | None = None
    token: str | None = None

    @classmethod
    def of(cls, item: Item) -> Self:
        """Return the tally that is stored as `item`."""
        total = Decimal(item["sum"]["N"]) if "sum" in item else None
        return cls(int(item["number"]["N"]), total, item["value"]["S"] if "value" in item else None)

    def add(self, sign: int, *, token: str | None = None, number: Decimal | None = None) -> None:
        """Count a row (1), or count one no more (-1)."""
        self.number += sign
        self.token = token
        if number is not None:
            # More digits than two numbers of DynamoDB's can have together: nothing is rounded.
            self.sum = Context(prec=300).add(self.sum or Decimal(0), sign * number)

    def __bool__(self) -> bool:
        return bool(self.number or self.sum)

    def change(self, key: Item) -> Change:
        """Return the write that adds it to the stored one."""
        actions: list[Action] = [Path(["number"]).add({"N": str(self.number)})]
        if self.sum is not None:
            actions.append(Path(["sum"]).add({"N": str(self.sum)}))
        if self.token is not None:
            actions.append(Path(["value"]).set({"S": self.token}))
        return Change(key, actions)

    def item(self, key: Item) -> Item:
        """Return it as it is stored."""
        item = {**key, "number": {"N": str(self.number)}}
        if self.sum is not None:
            item["sum"] = {"N": str(self.sum)}
        if self.token is not None:
            item["value"] = {"S": self.token}
        return item


def is_summable(number: Decimal) -> bool:
    """Tell whether a number is within the bounds of what is summed."""
    exponent = Context(prec=40).normalize(number).as_tuple().exponent
    return abs(number) < LARGEST_SUMMED and isinstance(exponent, int) and exponent >= -MOST_DECIMALS


def owner(table: str, tokens: Mapping[str, str]) -> str:
    """Return what the totals of the rows of `table` with these values are found by; 1024 bytes at most."""
    members = ",".join(f'"{name}":{token}' for name, token in sorted(tokens.items()))
    told = f"{table}{{{members}}}"
    return told if len(told.encode()) <= _LONGEST_OWNER else f"{table}#{_digest(told)}"


def counts_of(field: str) -> str:
    """Return what the names of all counts of a field's values begin with."""
    return f"count:{field}:"


def count_of(field: str, token: str) -> str:
    """Return what the number of rows with a value is found by: by the digest of a long one.

    No token begins as a digest does here, so each value has a total of its own.
    """
    short = token if len(token.encode()) <= _LONGEST_TOKEN else f"#{_digest(token)}"
    return counts_of(field) + short


def sum_of(field: str) -> str:
    """Return what the sum of a field is found by."""
    return f"sum:{field}"


def key_of(of: str, what: str) -> Item:
    """Return the key of a `Total`."""
    return {"of": {"S": of}, "what": {"S": what}}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
