"""Rows of every kind and questions of every shape, most of them aimed at an index."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from libs.resource.query.layout import Layout
from libs.resource.query.plan import Plan, Planner
from libs.resource.query.sorting import SortKey
from libs.resource.query.where import WhereParser, all_of
from libs.resource.scope import Extent
from libs.resource.tests.beasts import (
    BEAST_FIELDS,
    BEAST_WHERE,
    COMPLETE,
    STONE_WHERE,
    Beast,
    Stone,
    wanted,
)

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ["", "ant", "Ant", "antelope", "bee", "Bee%", "ß", "ox_"]
MOMENTS = [BEGIN + timedelta(hours=n, microseconds=n) for n in range(6)]
NUMBERS = [-1, 0, 0.5, 1, 2, 1e23, 1e-7]
UNSTORABLE = [1e200, 1e-200, 1e126, -1e126]

Strategy = st.SearchStrategy[Any]


@dataclass(frozen=True)
class World:
    """The rows there may be of a model, and the questions that may be asked of them."""

    rows: Strategy
    where: Strategy
    extents: Strategy
    sorts: Strategy
    parser: WhereParser
    planner: Planner


@dataclass(frozen=True)
class Question:
    where: Any
    extent: Extent
    sort: tuple[SortKey, ...]


def one_of_each(operators: list[str], operand: Strategy) -> Strategy:
    return st.sampled_from(operators).flatmap(lambda name: st.fixed_dictionaries({name: operand}))


def asked_of(value: Strategy, *, ordered: bool = True, text: bool = False) -> Strategy:
    """Return what may stand under a field."""
    options = [
        value,
        st.just(None),
        st.fixed_dictionaries({"$exists": st.booleans()}),
        one_of_each(["$eq", "$ne"], value | st.none()),
        one_of_each(["$in", "$nin"], st.lists(value, max_size=4)),
    ]
    if ordered:
        options += [one_of_each(["$lt", "$lte", "$gt", "$gte"], value), between(value)]
    if text:
        patterns = value | st.sampled_from(["a%", "A%", "%e%", "_nt", "b", "%", "a%t", "%_%e", "be_%"])
        options.append(one_of_each(["$startswith", "$contains", "$icontains", "$like", "$ilike"], patterns))
    plain = st.one_of(options)
    return plain | st.fixed_dictionaries({"$not": plain.filter(lambda one: one is not None)})


def between(value: Strategy) -> Strategy:
    return st.fixed_dictionaries({"$between": st.tuples(value, value).map(sorted)})


def stretch(value: Strategy, *, text: bool = False) -> Strategy:
    """Return conditions a range key can narrow."""
    low, high = one_of_each(["$gt", "$gte"], value), one_of_each(["$lt", "$lte"], value)
    options = [low, high, st.tuples(low, high).map(lambda two: {**two[0], **two[1]}), between(value), value]
    options.append(st.fixed_dictionaries({"$in": st.lists(value, max_size=3)}))
    if text:
        options.append(
            one_of_each(["$startswith", "$like", "$ilike"], st.sampled_from(["a", "A%", "b%", "0"]))
        )
    return st.one_of(options)


def known(value: Strategy) -> Strategy:
    """Return conditions that say which partitions are meant."""
    return value | one_of_each(["$eq"], value) | one_of_each(["$in"], st.lists(value, min_size=1, max_size=4))


def any_of(fields: dict[str, Strategy], aimed: Strategy) -> Strategy:
    """Return expressions of all shapes, most of them aimed at an index."""
    test = st.sampled_from(list(fields)).flatmap(lambda name: st.fixed_dictionaries({name: fields[name]}))
    anything = st.recursive(
        test,
        lambda inner: st.one_of(
            st.fixed_dictionaries({"$and": st.lists(inner, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"$or": st.lists(inner, min_size=1, max_size=3)}),
            st.fixed_dictionaries({"$not": inner}),
            st.tuples(test, test).map(lambda two: {**two[0], **two[1]}),
        ),
        max_leaves=4,
    )
    both = st.tuples(aimed, anything).map(lambda two: {"$and": list(two)})
    return st.one_of(aimed, aimed, both, anything)


def together(*parts: Strategy) -> Strategy:
    return st.tuples(*parts).map(lambda found: {name: one for part in found for name, one in part.items()})


def condition(**fields: Strategy) -> Strategy:
    return st.fixed_dictionaries(fields)


def maybe(**fields: Strategy) -> Strategy:
    return st.fixed_dictionaries({}, optional=fields)


def sorts_by(*names: str) -> Strategy:
    several = st.lists(st.sampled_from(names), unique=True, max_size=2)
    return st.tuples(several, st.lists(st.booleans(), min_size=2, max_size=2)).map(
        lambda two: tuple(SortKey(name, down) for name, down in zip(*two, strict=False))
    )


owners = st.sampled_from(["ann", "bob", "bob", "ann", "eve", ""])
beast_ids = st.sampled_from([f"{n:02}" for n in range(25)] + ["", "1"])
kinds, tags = st.sampled_from(["bird", "fish", "x"]), st.sampled_from(["red", "blue", ""])
names, moments = st.sampled_from(NAMES), st.sampled_from(MOMENTS).map(datetime.isoformat)
numbers = st.sampled_from(NUMBERS + NUMBERS + UNSTORABLE)

BEASTS = World(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "owner": st.sampled_from(["ann", "bob"]),
                "kind": st.sampled_from(["bird", "fish"]),
                "tag": st.sampled_from([None, "red", "blue"]),
                # An empty text may be no key of an index.
                "name": st.none() | st.sampled_from(NAMES[1:]),
                "priority": st.sampled_from(NUMBERS),
                "due": st.none() | st.sampled_from(MOMENTS),
                "tame": st.none() | st.booleans(),
            }
        ),
        max_size=25,
    ),
    where=any_of(
        {
            "owner": asked_of(owners, text=True),
            "id": asked_of(beast_ids, text=True),
            "kind": asked_of(kinds, text=True),
            "tag": asked_of(tags, text=True),
            "name": asked_of(names, text=True),
            "priority": asked_of(numbers),
            "due": asked_of(moments),
            "tame": asked_of(st.booleans(), ordered=False),
        },
        st.one_of(
            condition(owner=known(owners), id=stretch(beast_ids, text=True)),
            condition(owner=known(owners), priority=stretch(numbers)),
            condition(owner=known(owners), name=stretch(names, text=True)),
            condition(kind=known(kinds), due=stretch(moments) | st.just({"$exists": True})),
            together(condition(tag=known(tags)), maybe(priority=stretch(numbers))),
            together(condition(owner=known(owners)), maybe(tame=st.booleans(), kind=known(kinds))),
            condition(owner=owners, id=beast_ids),
            condition(kind=st.just({"$in": ["bird", "fish"]}), due=stretch(moments)),
        ),
    ),
    extents=st.sampled_from([Extent(), Extent.of({"owner": "ann"}), Extent.of({"kind": "bird"})]),
    sorts=sorts_by("id", "due", "priority", *BEAST_FIELDS),
    parser=BEAST_WHERE,
    planner=Planner(Layout(Beast), allow_scan=True, complete=COMPLETE),
)

STONES = World(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "size": st.sampled_from([*NUMBERS, 3, 4, 5, 6, 7]),
                "moment": st.sampled_from(MOMENTS[:3]),
                "code": st.sampled_from([b"a", b"\x00", b"\xff\xfe"]),
                "words": st.none() | st.lists(st.sampled_from(["ant", "bee"]), max_size=2),
                "moments": st.none() | st.lists(st.sampled_from(MOMENTS), max_size=2),
                "marks": st.none() | st.sets(st.sampled_from(["x", "y"]), min_size=1),
            }
        ),
        unique_by=lambda row: row["size"],
        max_size=12,
    ),
    where=any_of(
        {
            "size": asked_of(numbers),
            "moment": asked_of(moments),
            "version": asked_of(st.sampled_from([0, 1, 1.5, 2, 1e200])),
            "words": one_of_each(["$contains"], st.sampled_from(["ant", "x", ""])),
            "moments": one_of_each(["$contains"], moments),
            "marks": one_of_each(["$contains"], st.sampled_from(["x", "z", ""])),
        },
        st.one_of(
            condition(size=known(numbers)),
            condition(size=between(numbers) | stretch(numbers)),
            condition(moment=known(moments)),
            condition(moment=moments, size=stretch(numbers)),
        ),
    ),
    extents=st.sampled_from(
        [Extent()]
        + [Extent.of({"code": code}) for code in (b"a", b"\x00", b"")]
        + [Extent.of({"moment": BEGIN})]
    ),
    sorts=sorts_by("size", "moment", "version"),
    parser=STONE_WHERE,
    planner=Planner(Layout(Stone), allow_scan=True, complete=("by-moment", "by-code")),
)
WORLDS = {"beasts": BEASTS, "stones": STONES}


def questions(world: World) -> Strategy:
    return st.builds(Question, world.where, world.extents, world.sorts)


def plan_of(world: World, question: Question) -> Plan:
    expression = all_of(question.extent.expression, wanted(question.where, world.parser))
    return world.planner.plan(expression, question.sort)
