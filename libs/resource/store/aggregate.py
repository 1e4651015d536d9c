"""Groups, statistics and samples of rows, without a row more than a request may look at.

Each takes the plan of what is wanted, which says of which rows (scope and where). Where the bound cut the
reading short the answer says so, ``exact=False``: it is of the first rows only. Where the resource keeps
totals (`libs.resource.store.totals`) and nothing but its scope is asked for, they answer, and no row is read.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from libs.resource.query.plan import Plan, Planner
from libs.resource.query.sorting import SortKey
from libs.resource.query.where import Exists, all_of
from libs.resource.store.countable import TIMES, Counted, Summed, attribute_of, token_order
from libs.resource.store.row import Codec, Row
from libs.resource.store.store import Store
from libs.resource.store.totals import CAPACITY_OF_ONE, Counts

ORDERS = ("value", "-value", "count", "-count")
STATISTICS = ("min", "max", "sum", "avg", "count")
_SMALLEST_UNSAFE = 2**63


@dataclass(frozen=True)
class Stats:
    """Statistics of one field; None for what was not asked for. Of no rows sum and count are 0, others None.

    :param sum: added up exactly, and then the nearest number Python has; None for times, as is `avg`.
    :param count: rows that have a value.
    """

    min: int | float | datetime | None = None
    max: int | float | datetime | None = None
    sum: int | float | None = None
    avg: float | None = None
    count: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What is told beside an answer.

    :param exact: whether nothing was left out by a bound.
    :param examined: rows, or totals, that were looked at.
    :param capacity: read units they took.
    :param by_totals: whether totals answered, and no row was read by the plan.
    """

    exact: bool
    examined: int
    capacity: float
    by_totals: bool


@dataclass(frozen=True)
class Groups(_Told):
    """How many rows there are of each value, null being one.

    :param values: each value and how many rows have it.
    """

    values: Sequence[tuple[Any, int]]


@dataclass(frozen=True)
class Statistics(_Told):
    """The statistics of fields, by their names."""

    fields: Mapping[str, Stats]


@dataclass(frozen=True)
class Sample(_Told):
    """Some rows, each as likely as any other that was examined; of the first ones only where not `exact`."""

    rows: Sequence[Row]


def check_groups(codec: Codec, fields: Collection[str]) -> None:
    """:raises TypeError: if rows cannot be grouped by one of these; for the start."""
    for name in fields:
        Counted(codec, name, times=True)


def check_stats(codec: Codec, fields: Collection[str]) -> None:
    """:raises TypeError: if one of these is no number or time; for the start."""
    for name in fields:
        if not isinstance(attribute_of(codec, name), TIMES):
            Summed(codec, name)


def group(store: Store, plan: Plan, field: str, *, most_examined: int, order: str = "value") -> Groups:
    """Return how many rows have each value of `field`; null is one, first among values.

    Of a list or a set each member is a value, once for a row; an empty list has none.

    :param order: one of `ORDERS`; what has the same count is in the order of values.
    :raises TypeError: if the field cannot be grouped by (`check_groups`).
    :raises ValueError: for another order.
    """
    if order not in ORDERS:
        raise ValueError(f"{order!r} is no order; those are {', '.join(ORDERS)}")
    counted = Counted(store.codec, field, times=True)
    fixed = store.totals.fixed_by(plan.wanted) if store.totals and field in store.totals.counts else None
    if store.totals and fixed is not None:
        found = store.totals.groups(fixed, field, most=most_examined)
    else:
        reading = store.read(plan, most_examined=most_examined, chunk=most_examined)
        tallied = Counter(token for row in reading for token in counted.tokens(row.item))
        found = Counts(tallied, not reading.truncated, reading.examined, reading.capacity)
    counts = found.tokens
    tokens = sorted(counts, key=token_order, reverse=order == "-value")
    if order in ("count", "-count"):
        tokens.sort(key=lambda token: counts[token] * (-1 if order == "-count" else 1))
    values = [(counted.value(token), counts[token]) for token in tokens]
    return Groups(
        values,
        exact=found.exact,
        examined=found.examined,
        capacity=found.capacity,
        by_totals=fixed is not None,
    )


def stats(
    store: Store,
    plan: Plan,
    fields: Sequence[str],
    *,
    most_examined: int,
    what: Collection[str] = STATISTICS,
    planner: Planner | None = None,
) -> Statistics:
    """Return statistics of numbers and times.

    :param what: which ones, of `STATISTICS`. Least and greatest of a field that an index sorts cost a row
        each where no more than these is asked for, or totals know the rest.
    :param planner: finds such an index; None to look for none.
    :raises TypeError: for a field of another kind (`check_stats`).
    :raises ValueError: for other statistics.
    """
    if unknown := set(what) - set(STATISTICS):
        raise ValueError(f"{', '.join(sorted(unknown))}: statistics are {', '.join(STATISTICS)}")
    check_stats(store.codec, fields)
    found = {name: _Parts(store.codec, name) for name in fields}
    left: list[_Parts] = []
    examined, capacity, by_totals = 0, 0.0, False
    for parts in found.values():
        wanted = set(what)
        if wanted & {"sum", "avg", "count"} and _from_totals(store, plan, parts):
            examined, capacity, by_totals = examined + 1, capacity + CAPACITY_OF_ONE, True
            wanted &= {"min", "max"}
        if wanted and wanted <= {"min", "max"} and planner is not None:
            taken, units, complete = _from_index(
                store, planner, plan, parts, wanted, (most_examined - examined) // 4
            )
            examined, capacity = examined + taken, capacity + units
            wanted = set() if complete else wanted
        if wanted:
            left.append(parts)
    exact = True
    if left and examined < most_examined:
        most = most_examined - examined
        reading = store.read(plan, most_examined=most, chunk=most)
        for row in reading:
            for parts in left:
                parts.add(row)
        exact, examined = not reading.truncated, examined + reading.examined
        capacity += reading.capacity
    elif left:
        exact = False
    told = {name: parts.stats(what) for name, parts in found.items()}
    by_totals = by_totals and not left
    return Statistics(told, exact=exact, examined=examined, capacity=capacity, by_totals=by_totals)


def sample(store: Store, plan: Plan, size: int, *, random: Random, most_examined: int) -> Sample:
    """Return `size` rows picked by chance, or all if there are no more, in no order (Vitter's Algorithm R).

    Only if all rows could be examined has each had the same chance.
    """
    reading = store.read(plan, most_examined=most_examined, chunk=most_examined)
    kept: list[Row] = []
    for number, row in enumerate(reading):
        if number < size:
            kept.append(row)
        elif (place := random.randrange(number + 1)) < size:
            kept[place] = row
    return Sample(
        kept,
        exact=not reading.truncated,
        examined=reading.examined,
        capacity=reading.capacity,
        by_totals=False,
    )


class _Parts:
    """What is known of one field's statistics."""

    def __init__(self, codec: Codec, name: str) -> None:
        self.name = name
        self.least: Row | None = None
        self.greatest: Row | None = None
        self._is_time = isinstance(attribute_of(codec, name), TIMES)
        self._summed = None if self._is_time else Summed(codec, name)
        self._sum = Fraction(0)
        self._number = 0
        self._known = False

    def know(self, total: Decimal, number: int) -> None:
        """Take sum and count as given, for all rows."""
        self._sum, self._number, self._known = Fraction(total), number, True

    def add(self, row: Row) -> None:
        value = self._value(row)
        if value is None:
            return
        if not self._known:
            self._number += 1
            if not self._is_time:
                self._sum += Fraction(value)
        if self.least is None or value < self._value(self.least):
            self.least = row
        if self.greatest is None or value > self._value(self.greatest):
            self.greatest = row

    def stats(self, what: Collection[str]) -> Stats:
        made: dict[str, Any] = {
            "min": self.least and self.least(self.name),
            "max": self.greatest and self.greatest(self.name),
            "count": self._number,
        }
        if not self._is_time:
            made["sum"] = _number(self._sum)
            made["avg"] = float(self._sum / self._number) if self._number else None
        return Stats(**{name: value for name, value in made.items() if name in what})

    def _value(self, row: Row) -> Any:
        return self._summed.number(row.item) if self._summed else row(self.name)


def _from_totals(store: Store, plan: Plan, parts: _Parts) -> bool:
    """Take sum and count from the totals, if these are what is wanted."""
    if store.totals is None or parts.name not in store.totals.sums:
        return False
    fixed = store.totals.fixed_by(plan.wanted)
    if fixed is None:
        return False
    known = store.totals.sum(fixed, parts.name)
    parts.know(known.sum, known.number)
    return True


def _from_index(
    store: Store, planner: Planner, plan: Plan, parts: _Parts, wanted: Collection[str], most: int
) -> tuple[int, float, bool]:
    """Take the least and the greatest from the ends of an index.

    Return the rows examined, the read units they took, and whether that was enough.

    :param most: rows to look at from either end.
    """
    sort = (SortKey(parts.name),)
    sorted_plan = planner.plan(all_of(plan.wanted, Exists(parts.name, True)), sort)
    if sorted_plan.sort or most < 1:
        return 0, 0.0, False
    ends: dict[str, Row | None] = {}
    examined, capacity = 0, 0.0
    for name, backwards in (("min", False), ("max", True)):
        if name in wanted:
            reading = store.read(sorted_plan, most_examined=most, chunk=1, backwards=backwards)
            ends[name] = next(iter(reading), None)
            examined, capacity = examined + reading.examined, capacity + reading.capacity
            if ends[name] is None and reading.truncated:
                return examined, capacity, False
    parts.least, parts.greatest = ends.get("min"), ends.get("max")
    return examined, capacity, True


def _number(exact: Fraction) -> int | float:
    # Larger integers are none in most JSON libraries.
    whole = exact.denominator == 1 and abs(exact) < _SMALLEST_UNSAFE
    return int(exact) if whole else float(exact)
