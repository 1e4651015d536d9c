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
from libs.errors import Conflict, InvalidBody
from libs.resource.query.where import Expression, Test, conjuncts
from libs.resource.scope import Scope, Within
from libs.resource.storable import UnfitValues
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
CAPACITY_OF_ONE = 1.0
"""Read units that one total takes: it is read consistently, and has less than 4 KB (AWS)."""
_UNSUMMABLE = f"is summed: it must be less than {LARGEST_SUMMED}, with at most {MOST_DECIMALS} decimals"


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
class Counts:
    """How many rows there are of each value.

    :param tokens: how many by the value's token (`libs.resource.store.countable`).
    :param exact: whether nothing was left out by a bound.
    :param examined: rows, or totals, that were looked at.
    :param capacity: read units they took.
    """

    tokens: Mapping[str, int]
    exact: bool
    examined: int
    capacity: float


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
        self._fixed = {name: Counted(codec, name) for name in scope.fixes}
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
        :raises Conflict: TOO_MANY_TOTALS, if they are too many for a row to be deleted.
        """
        tallies: _Tallies = defaultdict(Tally)
        known = {} if before is None else self._unsummable(before)
        if before is not None:
            self._tally(tallies, before, -1)
        if after is not None:
            # What was there already is no fault of this request, but another number is.
            unfit = [name for name, number in self._unsummable(after).items() if known.get(name) != number]
            if unfit:
                raise UnfitValues(dict.fromkeys(unfit, _UNSUMMABLE))
            self._tally(tallies, after, 1)
        made = [tally.change(key_of(*key)) for key, tally in sorted(tallies.items(), key=_by_key) if tally]
        if len(made) > MOST_CHANGES:
            told = f"It changes {len(made)} totals, and may change {MOST_CHANGES}:"
            fields = ", ".join(self.counts)
            if after is None:
                # From before the totals were declared, or past the resource; it is shrunk by updates.
                told = f"{told} take some values away in {fields}, then delete it."
                raise Conflict(told, code="TOO_MANY_TOTALS")
            raise InvalidBody(f"{told} change fewer values at once in {fields}.")
        return made

    def count(self, fixed: Mapping[str, Any]) -> int:
        """Return how many rows have these values of what the scope fixes."""
        return max(0, self._read(fixed, ROWS).number)

    def sum(self, fixed: Mapping[str, Any], field: str) -> Sum:
        """Return the sum of `field`, one of `sums`, over these rows."""
        tally = self._read(fixed, sum_of(field))
        return Sum(tally.sum or Decimal(0), tally.number)

    def groups(self, fixed: Mapping[str, Any], field: str, *, most: int) -> Counts:
        """Return how many of these rows have each value of `field`, one of `counts`.

        :param most: totals that are looked at. Values that no row has any more count, until a `recount`.
        """
        condition = (Path(["of"]) == {"S": self._owner(fixed)}) & Path(["what"]).startswith(counts_of(field))
        found: dict[str, int] = {}
        examined, capacity, start = 0, 0.0, None
        while True:
            answer = self.table.query(condition, start=start, limit=most - examined, consistent=True)
            capacity += answer.capacity
            for tally in map(Tally.of, answer.items):
                # Below zero it is where rows were written past the resource: see `recount`.
                if tally.number > 0 and tally.token is not None:
                    found[tally.token] = tally.number
            examined, start = examined + answer.examined, answer.last_key
            if start is None or examined >= most:
                return Counts(found, start is None, examined, capacity)

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
            for name in self._unsummable(row):
                raise ValueError(f"{row.item!r}: /{name} {_UNSUMMABLE}")
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

    def _unsummable(self, row: Row) -> dict[str, Decimal]:
        """Return the numbers of a row that are to be summed and cannot be."""
        numbers = {name: summed.number(row.item) for name, summed in self.sums.items()}
        return {name: one for name, one in numbers.items() if one is not None and not is_summable(one)}

    def _owner(self, of: Row | Mapping[str, Any]) -> str:
        """Return what the totals of a row, or of the rows with these values, are found by."""
        tokens: dict[str, str] = {}
        for name, fixed in self._fixed.items():
            if isinstance(of, Row):  # which has its default where it lacks one, as it is found by
                (tokens[name],) = fixed.tokens(of.item)
            else:
                tokens[name] = token_of(None if of[name] is None else self._codec.raw(name, of[name]))
        return owner(self._rows_of, tokens)

    def _read(self, fixed: Mapping[str, Any], what: str) -> Tally:
        item, _ = self.table.get(key_of(self._owner(fixed), what))
        return Tally() if item is None else Tally.of(item)


def _by_key(entry: tuple[tuple[str, str], Tally]) -> tuple[str, str]:
    return entry[0]
