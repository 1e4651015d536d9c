"""The planner: the cheapest way DynamoDB has to the rows an expression is for.

A plan decides what a request costs and never what it answers: whatever is read is tested by the whole
expression again. In the order of preference:

``get``
    The whole key is known: one row is read.
``query``
    The hash key of the table or of an index is known: one partition is read, or several where it is one of a
    list (`$in`) or of the cells of a place. A condition on the range key narrows what is read, and its order
    is that of the rows; so an index that sorts as asked for is preferred, and then the table to an index.
``scan``
    The whole table is read, up to the resource's bound, and only where it allows that.
"""

import operator
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from libs.dynamodb.limits import LARGEST_HASH_KEY, LARGEST_RANGE_KEY
from libs.errors import QueryRefused
from libs.resource.query.condition import filter_for, storable
from libs.resource.query.derived import DerivedAttribute
from libs.resource.query.layout import Access, Layout
from libs.resource.query.like import like_prefix
from libs.resource.query.sorting import SortKey
from libs.resource.query.where import FALSE, Expression, Test, conjuncts, fields_of, required_by

MOST_SEGMENTS = 24
"""How many partitions, or stretches of one, a plan reads at most: each takes a request of its own."""
_LAST = "\U0010ffff"
"""After it nothing comes."""


@dataclass(frozen=True)
class Range:
    """A condition on a range key: ``=``, ``<``, ``<=``, ``>``, ``>=``, ``between`` or ``begins_with``."""

    operator: str
    operands: tuple[Any, ...]

    def __str__(self) -> str:
        operands = (str(one).replace(_LAST, "…") for one in self.operands)
        return f"{self.operator} {' and '.join(operands)}"

    def condition(self, path: Path, raw: Sequence[Any]) -> Condition:
        """Return it for DynamoDB."""
        if self.operator == "begins_with":
            return path.startswith(*raw)
        if self.operator == "between":
            return path.between(*raw)
        made: Condition = _COMPARISONS[self.operator](path, *raw)
        return made

    def holds(self, value: Any) -> bool:
        """Tell whether it holds for the value of a range key."""
        if self.operator == "begins_with":
            return bool(value.startswith(*self.operands))
        if self.operator == "between":
            return bool(self.operands[0] <= value <= self.operands[1])
        return bool(_COMPARISONS[self.operator](value, *self.operands))


_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Segment:
    """One partition of an access, or a stretch of it; the whole table where `hash` is None."""

    hash: Any = None
    range: Range | None = None


@dataclass(frozen=True)
class Plan:
    """What is read, and in which order.

    :param kind: ``get``, ``query``, ``scan`` or ``nothing``.
    :param segments: read one after the other; none where no row can match.
    :param wanted: tells for each row that was read whether it is wanted.
    :param filter: what DynamoDB can leave out by itself.
    :param forward: whether range keys ascend.
    :param sort: what is still to be sorted by when all is read; empty where rows come in the right order.
    :param passed_over: of a better index why it was not taken; None if there is none.
    """

    kind: str
    access: Access
    segments: tuple[Segment, ...]
    wanted: Expression
    filter: Condition | None = None
    forward: bool = True
    sort: tuple[SortKey, ...] = ()
    passed_over: str | None = None

    def explain(self, hidden: Collection[str] = ()) -> dict[str, Any]:
        """Return it for people to read.

        :param hidden: attributes the scope is about, whose values are not told.
        """
        return {
            "plan": self.kind,
            "index": self.access.index,
            "key_condition": self._key_condition(hidden),
            "order": "ascending" if self.forward else "descending",
            "sorted_in_process": [str(key) for key in self.sort],
            "passed_over": self.passed_over,
        }

    def _key_condition(self, hidden: Collection[str]) -> str | None:
        """Return what is read: stretches of the same partition after one another."""
        by_hash: dict[Any, list[Range]] = {}
        for segment in self.segments:
            ranges = by_hash.setdefault(segment.hash, [])
            if segment.range is not None:
                ranges.append(segment.range)
        told = []
        for value, ranges in by_hash.items():
            if value is None:
                told.append("all")
                continue
            by_hash_key = "by scope" if self.access.hash in hidden else f"= {value}"
            stretches = "by scope" if self.access.range in hidden else ", ".join(map(str, ranges))
            told.append(
                f"{self.access.hash} {by_hash_key}"
                + (f" and {self.access.range} {stretches}" if ranges else "")
            )
        return " or ".join(dict.fromkeys(told)) or None


@dataclass
class _Known:
    """What the conjuncts of an expression say about each field, by itself."""

    present: frozenset[str]
    tests: dict[str, list[Test]] = field(default_factory=dict)

    @classmethod
    def of(cls, expression: Expression) -> "_Known":
        known = cls(required_by(expression))
        for one in conjuncts(expression):
            if isinstance(one, Test):
                known.tests.setdefault(one.field, []).append(one)
        return known

    def values(self, name: str) -> tuple[Any, ...] | None:
        """Return the only values the field can have; None if they are not listed."""
        found: tuple[Any, ...] | None = None
        for test in self.tests.get(name, ()):
            if test.negated or test.operator.name not in ("$eq", "$in"):
                continue
            listed = (test.operand,) if test.operator.name == "$eq" else tuple(dict.fromkeys(test.operand))
            found = listed if found is None else tuple(one for one in found if one in listed)
        return found


class Planner:
    """Plan reads of the rows of `layout`.

    A row that lacks a key of an index is not in it, whatever the model says by now: it may have been written
    before the attribute was declared. So an index is a way to rows that surely have its keys: as part of the
    table's key, or since the expression holds for none without them, and what is derived from another
    attribute is never sure. Or somebody has to promise it.

    :param allow_scan: whether a read that nothing narrows may look at the whole table.
    :param complete: the names of indexes that are promised to hold each row the model says they hold: all,
        or, where an attribute may be null, those that have it or what it is derived from.
    """

    def __init__(self, layout: Layout, *, allow_scan: bool = False, complete: Collection[str] = ()) -> None:
        self._layout = layout
        self._allow_scan = allow_scan
        self._complete = frozenset(complete)

    def plan(self, wanted: Expression, sort: Sequence[SortKey] = ()) -> Plan:
        """Return the plan for the rows `wanted` is for, in the order of `sort`.

        :raises QueryRefused: if only a scan would do and none is allowed.
        """
        table = self._layout.table
        if wanted == FALSE:
            return Plan("nothing", table, (), wanted)
        known = _Known.of(wanted)
        # What all rows have alike is no order.
        left = tuple(key for key in sort if len(known.values(key.field) or (1, 2)) > 1)
        best: tuple[tuple[int, ...], Plan] | None = None
        missed: tuple[tuple[int, ...], str] | None = None
        for access in self._layout.accesses:
            found = self._through(access, wanted, known, left)
            if found is None:
                continue
            lacking = self._may_lack(access, known)
            if lacking is None:
                best = found if best is None or found[0] > best[0] else best
            elif missed is None or found[0] > missed[0]:
                told = f"The index {access.index} is passed over: rows without {lacking} are not in it"
                is_promised = access.index in self._complete
                missed = (found[0], told if is_promised else f"{told}; see complete_indexes")
        passed = missed[1] if missed and (best is None or missed[0] > best[0]) else None
        if best is not None:
            plan = replace(best[1], passed_over=passed)
            if plan.kind != "query":
                return plan
            return replace(plan, filter=filter_for(wanted, self._layout.codec, avoid=plan.access.key))
        if not self._allow_scan:
            raise self._refusal(wanted, passed)
        narrowed = filter_for(wanted, self._layout.codec)
        return Plan("scan", table, (Segment(),), wanted, narrowed, sort=left, passed_over=passed)

    def _through(
        self, access: Access, wanted: Expression, known: _Known, sort: tuple[SortKey, ...]
    ) -> tuple[tuple[int, ...], Plan] | None:
        """Return the plan through one access and how good it is, or None if it does not lead there."""
        hashes = self._listed(access.hash, known)
        if hashes is None or len(hashes) > MOST_SEGMENTS:
            return None
        hashes = tuple(one for one in hashes if self._is_key(access.hash, one, LARGEST_HASH_KEY))
        ranges = self._ranges(access, known, MOST_SEGMENTS // max(1, len(hashes)))
        segments = tuple(Segment(one, stretch) for one in hashes for stretch in ranges)
        exact = all(one is not None and one.operator == "=" for one in ranges)
        in_order = len(segments) <= 1 and len(sort) == 1 and sort[0].field == access.range
        one_row = access.index is None and len(segments) == 1 and (access.range is None or exact)
        kind = "get" if one_row else "query" if segments else "nothing"
        plan = Plan(
            kind,
            access,
            segments,
            wanted,
            forward=not (in_order and sort[0].descending),
            sort=() if in_order or one_row else sort,
        )
        narrowed = ranges != (None,)
        worth = (one_row, narrowed and exact, in_order, narrowed, access.index is None, access.consistent)
        return tuple(int(one) for one in worth), plan

    def _listed(self, name: str, known: _Known) -> tuple[Any, ...] | None:
        """Return the values of the attribute that can be in a wanted row; None if nothing lists them."""
        attribute = self._layout.codec.attributes[name]
        if isinstance(attribute, DerivedAttribute):
            for test in known.tests.get(attribute.source, ()):
                listed = None if test.negated else attribute.values(test.operator.name, test.operand)
                if listed is not None:
                    return listed
        return known.values(name)

    def _may_lack(self, access: Access, known: _Known) -> str | None:
        """Return a key of the index that a wanted row may be without; None if all of them are in it."""
        attributes, is_promised = self._layout.codec.attributes, access.index in self._complete
        for name in filter(None, (access.hash, access.range)):
            attribute = attributes[name]
            source = attribute.source if isinstance(attribute, DerivedAttribute) else name
            if name in self._layout.table.key:
                continue
            has_default = self._layout.codec.default(source) is not None
            is_always_there = is_promised and not attributes[source].null
            # One with a default is found without being stored.
            is_there = source in known.present and not has_default and (source == name or is_promised)
            if not (is_always_there or is_there):
                return name
        return None

    def _ranges(self, access: Access, known: _Known, most: int) -> tuple[Range | None, ...]:
        """Return the stretches of the range key to read; (None,) for all of it, () for nothing."""
        name = access.range
        if name is None:
            return (None,)
        attribute = self._layout.codec.attributes[name]
        if isinstance(attribute, DerivedAttribute):
            for test in known.tests.get(attribute.source, ()):
                found = None if test.negated else attribute.stretches(test.operator.name, test.operand)
                if found is not None and len(found) <= most:
                    return tuple(
                        _stretch(first, last)
                        for first, last in found
                        if self._is_key(name, first, LARGEST_RANGE_KEY)
                    )
        values = known.values(name)
        if values is not None and len(values) <= most:
            return tuple(
                Range("=", (value,)) for value in values if self._is_key(name, value, LARGEST_RANGE_KEY)
            )
        return self._bounds(name, known.tests.get(name, ()))

    def _bounds(self, name: str, tests: Sequence[Test]) -> tuple[Range | None, ...]:
        low: tuple[str, Any] | None = None
        high: tuple[str, Any] | None = None
        prefix: str | None = None
        for test in tests:
            for sign, operand in _bounds_of(test):
                if not self._is_key(name, operand, LARGEST_RANGE_KEY):
                    continue
                if sign == "begins_with":
                    prefix = operand if prefix is None or len(operand) > len(prefix) else prefix
                elif sign in (">", ">=") and (low is None or operand >= low[1]):
                    low = (sign, operand)
                elif sign in ("<", "<=") and (high is None or operand <= high[1]):
                    high = (sign, operand)
        if low and high:
            # To DynamoDB an empty stretch is an error.
            return (Range("between", (low[1], high[1])),) if low[1] <= high[1] else ()
        if prefix is not None:
            return (Range("begins_with", (prefix,)),)
        bound = low or high
        return (Range(bound[0], (bound[1],)) if bound else None,)

    def _is_key(self, name: str, value: Any, longest: int) -> bool:
        """Tell whether a value can be one of a key: DynamoDB refuses to be asked for others."""
        if value is None or not storable(value):
            return False
        operand = self._layout.codec.operand(name, value)
        if operand is None:
            return False
        raw = next(iter(operand.values()))
        size = len(raw.encode(errors="surrogatepass")) if isinstance(raw, str) else len(raw)
        return 0 < size <= longest

    def _refusal(self, wanted: Expression, passed_over: str | None) -> QueryRefused:
        ways = "; ".join(self._needs(access) for access in self._layout.accesses)
        asked = ", ".join(sorted(fields_of(wanted))) or "nothing"
        why = "" if passed_over is None else f" {passed_over}."
        return QueryRefused(
            f"No index serves a query by {asked}, and this table is not scanned: {ways}.{why}"
        )

    def _needs(self, access: Access) -> str:
        attributes = self._layout.codec.attributes
        hashed = attributes[access.hash]
        if isinstance(hashed, DerivedAttribute):
            told = f"{access.kind} needs a condition on {hashed.source}"
        else:
            told = f"{access.kind} needs {access.hash} with $eq, or $in of at most {MOST_SEGMENTS}"
        ranged = attributes[access.range] if access.index and access.range else None
        source = ranged.source if isinstance(ranged, DerivedAttribute) else access.range
        if ranged is None or source is None or access.range in self._layout.table.key:
            return told
        may_miss = attributes[source].null or access.index not in self._complete
        return f"{told}, and {source} with $exists or a comparison" if may_miss else told


def _stretch(first: str, last: str) -> Range:
    return Range("begins_with", (first,)) if first == last else Range("between", (first, last + _LAST))


_BOUNDS = {"$lt": ("<", ">="), "$lte": ("<=", ">"), "$gt": (">", "<="), "$gte": (">=", "<")}


def _bounds_of(test: Test) -> list[tuple[str, Any]]:
    """Return what a test says about the order of a value, as bounds."""
    name, operand = test.operator.name, test.operand
    if name in _BOUNDS:
        return [(_BOUNDS[name][test.negated], operand)]
    if test.negated:
        return []
    if name == "$between":
        return [(">=", operand[0]), ("<=", operand[1])]
    if name == "$startswith" and operand:
        return [("begins_with", operand)]
    if name == "$like" and (prefix := like_prefix(operand)):
        return [("begins_with", prefix)]
    return []
