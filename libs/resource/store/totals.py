"""Totals that are kept: how many rows there are, how many of each value, and sums, without reading the rows.

A change of a row and that of its totals are one transaction, so a process that is killed in between leaves
both or neither: totals are exact at any moment. The price is a read before each write that counts, two write
units for each total it changes, and writers that wait for one another where they change the same total: for
totals of all rows of a busy table, which is one item, that can be too much.

They count what goes through a `Store` that keeps them. Whatever else writes the table (another resource of
the same model, a script, an import) must keep them, too, or be followed by a `recount`; a model whose rows
DynamoDB deletes by itself (a TTL) cannot have any.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.expressions.operand import Path
from pynamodb.models import Model

from libs.dynamodb import Change, Put, Remove, Table
from libs.errors import Fault, InvalidBody
from libs.resource.query.where import Expression, Test, conjuncts
from libs.resource.scope import Scope, Within
from libs.resource.store.countable import Counted, Summed, attribute_of, token_of
from libs.resource.store.row import Codec, Row
from libs.resource.store.tally import (
    LARGEST_SUMMED,
    MOST_DECIMALS,
    ROWS,
    Tally,
    count_of,
    counts_of,
    is_summable,
    key_of,
    owner,
    sum_of,
)

MOST_CHANGES = 90
"""Totals that one write may change: a transaction has 100 items (AWS limit), some of which are for others."""
MOST_GROUPS = 1000


class Total(Model):
    """One total.

    `of` says of which rows (the table, and what the scope fixes), `what` which of their totals.
    """

    class Meta:
        table_name = "totals"

    of = UnicodeAttribute(hash_key=True)
    what = UnicodeAttribute(range_key=True)
    value = UnicodeAttribute(null=True)
    """The value whose rows are counted, as JSON."""
    number = NumberAttribute()
    """How many rows."""
    sum = NumberAttribute(null=True)


@dataclass(frozen=True)
class Totals:
    """What is kept of the rows of a resource, beside their number.

    ::

        totals = Totals(counts=("done", "tags"), sums=("estimate",))

    :param counts: attributes whose rows are counted by value: texts, numbers, booleans, lists and sets of
        such (each member counts its row once). Null is a value here.
    :param sums: numbers that are added up. What has more than `MOST_DECIMALS` decimals, or is
        `LARGEST_SUMMED` or more, is refused (422), since its sum would not be exact.
    """

    counts: Sequence[str] = ()
    sums: Sequence[str] = ()

    def check(self, model: type[Model], scope: Scope) -> "KeptTotals":
        """Return the totals of the rows of `model`, by what `scope` fixes; called at start.

        :raises TypeError: if they cannot be kept.
        """
        return KeptTotals(self, model, scope)


@dataclass(frozen=True)
class Groups:
    """How many rows there are of each value, null being one.

    :param values: each value and how many rows have it.
    :param exact: whether nothing was left out by a bound.
    :param examined: rows, or totals, that were looked at.
    """

    values: Sequence[tuple[Any, int]]
    exact: bool
    examined: int


@dataclass(frozen=True)
class Sum:
    """:param number: how many rows have a value at all."""

    sum: Decimal
    number: int


_Tallies = defaultdict[tuple[str, str], Tally]
"""By what they are of, and what they are."""


class KeptTotals:
    """The totals of the rows of one model; see `Totals`."""

    def __init__(self, totals: Totals, model: type[Model], scope: Scope) -> None:
        named, codec = model.__name__, Codec(model)
        if isinstance(scope, Within):
            raise TypeError(f"{named}: totals are by what a scope fixes, and Within fixes nothing")
        for name, attribute in codec.attributes.items():
            if isinstance(attribute, TTLAttribute):
                raise TypeError(f"{named}.{name}: totals do not notice rows that DynamoDB deletes (TTL)")
        for name in scope.fixes:
            kinds = (UnicodeAttribute, NumberAttribute, BooleanAttribute)
            if not isinstance(attribute_of(codec, name), kinds):
                raise TypeError(f"{named}.{name} must be a text, number or boolean to tell totals by")
        self.table = Table(Total)
        self.fixes = scope.fixes
        self.counts = {name: Counted(codec, name) for name in totals.counts}
        self.sums = {name: Summed(codec, name) for name in totals.sums}
        self.watched = frozenset((*self.counts, *self.sums, *self.fixes))
        """The attributes a change of which changes totals."""
        self._codec = codec
        # By the table: classes may be renamed, what is stored stays.
        self._rows_of = str(getattr(model.Meta, "plain_table_name", model.Meta.table_name))

    def fixed_by(self, wanted: Expression) -> dict[str, Any] | None:
        """Return the values `wanted` fixes, if it asks for just what the scope fixes; else None."""
        values: dict[str, Any] = {}
        for one in conjuncts(wanted):
            is_equality = isinstance(one, Test) and one.operator.name == "$eq" and not one.negated
            if not isinstance(one, Test) or not is_equality or one.field in values:
                return None
            values[one.field] = one.operand
        return values if values.keys() == set(self.fixes) else None

    def changes(self, before: Row | None, after: Row | None) -> list[Change]:
        """Return how totals change when one row does: None before is a new one, None after a deleted one.

        :raises InvalidBody: if they are too many, or a number is none that can be summed.
        """
        tallies: _Tallies = defaultdict(Tally)
        known = [] if before is None else self._faults(before)
        if before is not None:
            self._tally(tallies, before, -1)
        if after is not None:
            # What was there already is no fault of this request.
            if faults := [one for one in self._faults(after) if one not in known]:
                raise InvalidBody(errors=faults)
            self._tally(tallies, after, 1)
        made = [tally.change(key_of(*key)) for key, tally in sorted(tallies.items(), key=_by_key) if tally]
        if len(made) > MOST_CHANGES:
            told = f"It changes {len(made)} totals, and may change {MOST_CHANGES}: send fewer values at once"
            raise InvalidBody(f"{told} in {', '.join(self.counts)}.")
        return made

    def count(self, fixed: Mapping[str, Any]) -> int:
        """Return how many rows have these values of what the scope fixes."""
        return max(0, self._read(fixed, ROWS).number)

    def sum(self, fixed: Mapping[str, Any], field: str) -> Sum:
        """Return the sum of `field`, one of `sums`, over these rows."""
        tally = self._read(fixed, sum_of(field))
        return Sum(tally.sum or Decimal(0), tally.number)

    def groups(self, fixed: Mapping[str, Any], field: str, *, most: int = MOST_GROUPS) -> Groups:
        """Return how many of these rows have each value of `field`, one of `counts`, in no order.

        :param most: totals that are looked at. Values that no row has any more count, until a `recount`.
        """
        counts, exact, examined = self.tokens(fixed, field, most=most)
        values = [(self.counts[field].value(token), count) for token, count in counts.items()]
        return Groups(values, exact, examined)

    def tokens(
        self, fixed: Mapping[str, Any], field: str, *, most: int = MOST_GROUPS
    ) -> tuple[dict[str, int], bool, int]:
        """Return the same by the tokens of values, whether it is all, and how many totals were examined."""
        condition = (Path(["of"]) == {"S": self._owner(fixed)}) & Path(["what"]).startswith(counts_of(field))
        found: dict[str, int] = {}
        examined, start = 0, None
        while True:
            answer = self.table.query(condition, start=start, limit=most - examined, consistent=True)
            for tally in map(Tally.of, answer.items):
                # Below zero it is where rows were written past the resource: see `recount`.
                if tally.number > 0 and tally.token is not None:
                    found[tally.token] = tally.number
            examined, start = examined + answer.examined, answer.last_key
            if start is None or examined >= most:
                return found, start is None, examined

    def recount(self, rows: Iterable[Row], fixed: Mapping[str, Any]) -> int:
        """Make the totals of the rows with these values anew; return how many rows there are.

        For rows from before the totals were declared, and after an import. Nobody may write any of these rows
        meanwhile: what is written after it was read here would be missing. Broken off, it is to be done
        again.

        :param rows: all of them: ``store.all_rows(Extent.of(fixed))``.
        :raises ValueError: for a number that cannot be summed, and for a row with other values.
        """
        of = self._owner(fixed)
        tallies: _Tallies = defaultdict(Tally, {(of, ROWS): Tally()})
        for row in rows:
            if faults := self._faults(row):
                raise ValueError(f"{row.item!r}: {faults[0].pointer} {faults[0].detail}")
            if self._owner(row) != of:
                raise ValueError(f"{row.item!r} is none of the rows of {of}")
            self._tally(tallies, row, 1)
        start = None
        while True:
            answer = self.table.query(Path(["of"]) == {"S": of}, start=start, consistent=True)
            for item in answer.items:
                if (of, item["what"]["S"]) not in tallies:
                    self.table.write(Remove(key_of(of, item["what"]["S"])))
            start = answer.last_key
            if start is None:
                break
        for key, tally in tallies.items():
            self.table.write(Put(tally.item(key_of(*key))))
        return tallies[of, ROWS].number

    def _tally(self, tallies: _Tallies, row: Row, sign: int) -> None:
        of = self._owner(row)
        tallies[of, ROWS].add(sign)
        for name, counted in self.counts.items():
            for token in counted.tokens(row.item):
                tallies[of, count_of(name, token)].add(sign, token=token)
        for name, summed in self.sums.items():
            number = summed.number(row.item)
            # One from before the totals were declared may not be summable; no `recount` took it.
            if number is not None and is_summable(number):
                tallies[of, sum_of(name)].add(sign, number=number)

    def _faults(self, row: Row) -> list[Fault]:
        told = f"is summed: it must be less than {LARGEST_SUMMED}, with at most {MOST_DECIMALS} decimals"
        numbers = {name: summed.number(row.item) for name, summed in self.sums.items()}
        unfit = [name for name, one in numbers.items() if one is not None and not is_summable(one)]
        return [Fault(told, pointer=f"/{name}") for name in unfit]

    def _owner(self, of: Row | Mapping[str, Any]) -> str:
        """Return what the totals of a row, or of the rows with these values, are found by."""
        tokens: dict[str, str] = {}
        for name in self.fixes:
            if isinstance(of, Row):
                raw = of.item.get(self._codec.stored_name(name))
            else:
                raw = None if of[name] is None else self._codec.raw(name, of[name])
            tokens[name] = token_of(raw)
        return owner(self._rows_of, tokens)

    def _read(self, fixed: Mapping[str, Any], what: str) -> Tally:
        item, _ = self.table.get(key_of(self._owner(fixed), what))
        return Tally() if item is None else Tally.of(item)


def _by_key(entry: tuple[tuple[str, str], Tally]) -> tuple[str, str]:
    return entry[0]
