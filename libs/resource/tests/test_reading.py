"""What is looked at to find rows: counted, and bounded."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest

from libs.dynamodb import Position, Put
from libs.dynamodb.long_text import LongText
from libs.errors import InvalidParameters
from libs.resource.query.plan import Planner
from libs.resource.scope import Extent
from libs.resource.store.reading import Reading
from libs.resource.store.store import Store
from libs.resource.tests.beasts import COMPLETE, ids, sort_by, stores, wanted

Read = Callable[..., Reading]


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with stores() as (beasts, _):
        yield beasts


def fill(store: Store, owner: str, count: int, **more: Any) -> None:
    for number in range(count):
        values = {"kind": "bird", "priority": number, "owner": owner, "id": f"{number:03}", **more}
        store.create(store.new(values), Extent())


@pytest.fixture
def reading(store: Store) -> Read:
    planner = Planner(store.layout, complete=COMPLETE)

    def begin(where: Any, sort: str = "", *, most: int = 1000, chunk: int = 21, **options: Any) -> Reading:
        plan = planner.plan(wanted(where), sort_by(sort))
        return store.read(plan, most_examined=most, chunk=chunk, **options)

    return begin


def test_a_row_by_its_key_is_looked_at_alone(store: Store, reading: Read, owner: str) -> None:
    fill(store, owner, 3)
    found = reading({"owner": owner, "id": "001"})
    assert ids(found) == ["001"]
    assert (found.examined, found.capacity, found.truncated, found.reached) == (1, 1.0, False, None)


@pytest.mark.parametrize("more", [{}, {"priority": 7}], ids=["missing", "other"])
def test_a_row_that_is_not_there_or_not_wanted(
    store: Store, reading: Read, owner: str, more: dict[str, Any]
) -> None:
    fill(store, owner, 1)
    found = reading({"owner": owner, "id": "000" if more else "x", **more})
    assert ids(found) == []
    assert (found.examined, found.truncated) == (1 if more else 0, False)
    assert found.capacity > 0


def test_nothing_is_asked_for_what_cannot_be(reading: Read) -> None:
    found = reading({"owner": ""})
    assert ids(found) == []
    assert (found.examined, found.capacity, found.truncated) == (0, 0, False)


@pytest.mark.parametrize("sort", ["", "-id", "priority", "-priority"])
def test_a_page_and_one_more_is_looked_at(store: Store, reading: Read, owner: str, sort: str) -> None:
    fill(store, owner, 30)
    found = reading({"owner": owner}, sort)
    assert len(list(islice(found, 21))) == 21
    assert found.examined == 21
    assert found.capacity > 0


@pytest.mark.parametrize(
    ("where", "examined", "rows"),
    [
        ({"id": {"$gte": "010", "$lt": "015"}}, 6, 5),
        ({"id": {"$between": ["010", "014"]}}, 5, 5),
        ({"id": {"$gt": "020"}}, 9, 9),
        ({"id": {"$startswith": "00"}}, 10, 10),
        ({"id": {"$in": ["003", "017", "999"]}}, 2, 2),
        ({"priority": {"$lt": 5}}, 5, 5),
        ({"priority": {"$in": [5, 6]}}, 2, 2),
        ({"name": {"$ilike": "A%"}}, 0, 0),
        ({"id": {"$gt": "015", "$lt": "010"}}, 0, 0),
        ({"id": {"$like": "01%5"}}, 10, 1),
    ],
    ids=str,
)
def test_a_stretch_is_looked_at_and_no_more(
    store: Store, reading: Read, owner: str, where: Any, examined: int, rows: int
) -> None:
    fill(store, owner, 30)
    found = reading({"owner": owner, **where}, chunk=100)
    assert len(list(found)) == rows
    assert found.examined == examined


def test_no_more_is_read_of_several_partitions_than_is_wanted(
    store: Store, reading: Read, owner: str
) -> None:
    owners = [f"{owner}{number}" for number in range(3)]
    for one in owners:
        fill(store, one, 8)
    found = reading({"owner": {"$in": owners}})
    assert len(list(islice(found, 21))) == 21
    assert found.examined == 21


def test_what_is_missing_is_asked_for_in_doubling_chunks(
    store: Store, reading: Read, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, owner, 40)
    asked: list[int] = []
    query = store.table.query

    def spied(*given: Any, **options: Any) -> Any:
        asked.append(options["limit"])
        return query(*given, **options)

    monkeypatch.setattr(store.table, "query", spied)
    assert ids(reading({"owner": owner, "tame": True}, chunk=3)) == []
    assert asked == [3, 6, 12, 24]
    asked.clear()
    # Whoever wants all of them does not go in steps of what was wanted at first.
    assert len(ids(reading({"owner": owner}, chunk=3))) == 40
    assert asked == [3, 6, 12, 24]
    asked.clear()
    assert len(ids(reading({"owner": owner}, chunk=5000, most=40))) == 40
    assert asked == [40]


def test_rows_larger_than_dynamodb_returns_at_once_are_all_found(
    store: Store, reading: Read, owner: str
) -> None:
    # DynamoDB reads at most 1 MB for one request.
    for number in range(12):
        item = store.new({"owner": owner, "id": f"{number:02}", "kind": "x", "priority": 1}).item
        store.table.write(Put({**item, "text": {"S": "x" * 120_000}}))
    found = reading({"owner": owner})
    assert ids(found) == [f"{number:02}" for number in range(12)]
    assert (found.examined, found.truncated) == (12, False)


@pytest.mark.parametrize("most", [1, 2, 7, 9])
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("where", [{}, {"tame": True}, {"tame": {"$exists": False}}], ids=str)
def test_the_bound_is_kept_exactly_and_where_it_ended_all_goes_on(
    store: Store, reading: Read, owner: str, most: int, backwards: bool, where: Any
) -> None:
    fill(store, owner, 10)
    found: list[str] = []
    examined, after = 0, None
    while True:
        part = reading({"owner": owner, **where}, most=most, chunk=2, backwards=backwards, after=after)
        found += ids(part)
        assert part.examined <= most
        examined += part.examined
        if not part.truncated:
            assert part.reached is None
            break
        assert part.examined == most
        after = part.reached
    expected = [] if where == {"tame": True} else [f"{number:03}" for number in range(10)]
    assert found == (expected[::-1] if backwards else expected)
    assert examined == 10


def test_the_bound_at_the_end_of_one_of_several_partitions(store: Store, reading: Read, owner: str) -> None:
    owners = [f"{owner}{number}" for number in range(3)]
    for one in owners:
        fill(store, one, 4)
    where = {"owner": {"$in": owners}}
    for most in (3, 4, 5, 8):
        first = reading(where, most=most, chunk=100)
        got = [(row("owner"), row("id")) for row in first]
        assert (len(got), first.examined, first.truncated) == (most, most, True)
        rest = reading(where, chunk=100, after=first.reached)
        got += [(row("owner"), row("id")) for row in rest]
        assert got == [(one, f"{number:03}") for one in owners for number in range(4)]
        assert not rest.truncated
    for most in (13, 100):
        found = reading(where, most=most, chunk=100)
        assert len(ids(found)) == 12
        assert (found.truncated, found.reached) == (False, None)


def test_partitions_without_rows_cost_requests_and_are_passed(
    store: Store, reading: Read, owner: str
) -> None:
    fill(store, owner, 2)
    found = reading({"owner": {"$in": [f"{owner}a", owner, f"{owner}b"]}}, most=3)
    assert ids(found) == ["000", "001"]
    assert (found.examined, found.truncated) == (2, False)


def test_a_place_is_behind_a_row_in_either_direction(store: Store, reading: Read, owner: str) -> None:
    fill(store, owner, 5)
    for sort in ("id", "priority"):
        found = reading({"owner": owner}, sort)
        places = {row("id"): found.position(row, found.segment) for row in found}
        assert ids(reading({"owner": owner}, sort, after=places["001"])) == ["002", "003", "004"]
        assert ids(reading({"owner": owner}, sort, after=places["003"], backwards=True)) == [
            "002",
            "001",
            "000",
        ]
        assert ids(reading({"owner": owner}, sort, after=places["004"])) == []


def test_behind_a_row_found_by_its_key_is_nothing(store: Store, reading: Read, owner: str) -> None:
    fill(store, owner, 1)
    where = {"owner": owner, "id": "000"}
    found = reading(where)
    (place,) = [found.position(row, found.segment) for row in found]
    assert ids(reading(where, after=place)) == []


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ({}, Position(1, {"owner": {"S": "OWNER"}, "id": {"S": "1"}})),
        ({}, Position(0, {"owner": {"S": "other"}, "id": {"S": "1"}})),
        ({}, Position(0, {"owner": {"S": "OWNER"}})),
        ({}, Position(0, {"owner": {"S": "OWNER"}, "id": {"S": "1"}, "priority": {"N": "1"}})),
        ({}, Position(0, {})),
        ({"id": {"$gt": "2"}}, Position(0, {"owner": {"S": "OWNER"}, "id": {"S": "1"}})),
    ],
    ids=str,
)
def test_a_place_of_another_plan_is_refused_before_dynamodb_refuses_it(
    reading: Read, owner: str, where: Any, place: Position
) -> None:
    key = place.key and {n: {"S": owner} if one == {"S": "OWNER"} else one for n, one in place.key.items()}
    with pytest.raises(InvalidParameters) as caught:
        reading({"owner": owner, **where}, after=Position(place.segment, key))
    assert [fault.parameter for fault in caught.value.errors] == ["cursor"]


def test_a_scan_reads_everything_within_its_bound(store: Store, owner: str) -> None:
    fill(store, owner, 5)
    planner = Planner(store.layout, allow_scan=True)
    plan = planner.plan(wanted({"name": {"$exists": False}}))
    whole = store.read(plan, most_examined=10**6, chunk=100)
    everything = [(row("owner"), row("id")) for row in whole]
    assert {(owner, f"{number:03}") for number in range(5)} <= set(everything)
    assert not whole.truncated
    assert whole.examined >= len(everything)
    part = store.read(plan, most_examined=3, chunk=100)
    first = [(row("owner"), row("id")) for row in part]
    assert (part.examined, part.truncated) == (3, True)
    rest = store.read(plan, most_examined=10**6, chunk=100, after=part.reached)
    assert first + [(row("owner"), row("id")) for row in rest] == everything


def test_what_is_no_place_is_told_by_the_name_it_was_sent_by(store: Store, reading: Read, owner: str) -> None:
    key = {"owner": {"S": "somebody"}, "id": {"S": "1"}}
    for place in (Position(0, key), Position(0, {**key, "owner": {"S": owner}}, {"id": LongText("x", ())})):
        with pytest.raises(InvalidParameters) as caught:
            reading({"owner": owner}, after=place, parameter="from")
        assert [fault.parameter for fault in caught.value.errors] == ["from"]
