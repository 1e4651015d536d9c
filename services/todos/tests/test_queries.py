"""What can be asked of a list: by index, sorted, near a place, page by page, and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from services.todos.tests.conftest import Todos

BERLIN = [13.405, 52.52]
PLACES = {"Berlin": BERLIN, "Potsdam": [13.06, 52.4], "Hamburg": [9.99, 53.55]}


def due(day: int) -> str:
    return f"2026-03-{day:02}T00:00:00Z"


@pytest.fixture
def week(todos: Todos) -> Todos:
    """Todos that are due on the 1st to the 8th, created in another order, and two without a date."""
    for day in (5, 2, 8, 1, 7, 4, 3, 6):
        todos.create(f"day {day}", due_at=due(day), priority=1 + day % 5, done=day % 2 == 0)
    for number in (1, 2):
        todos.create(f"any day {number}", priority=5)
    return todos


def explained(todos: Todos, **query: Any) -> tuple[list[str], dict[str, Any]]:
    """Return the titles found, and how."""
    found = todos.ask(explain=True, **query)
    return [todo["title"] for todo in found["items"]], found["meta"]["explain"]


def test_by_due_date_is_read_from_its_index_and_no_further_than_the_page(week: Todos) -> None:
    where = {"due_at": {"$gte": due(3), "$lt": due(7)}}
    titles, how = explained(week, where=where, sort_by="due_at", limit=2)
    assert titles == ["day 3", "day 4"]
    assert (how["plan"], how["index"], how["order"]) == ("query", "by-due-date", "ascending")
    assert how["sorted_in_process"] == []
    assert (how["examined"], how["returned"]) == (3, 2)
    assert "due_at between 2026-03-03" in how["key_condition"]


def test_the_latest_is_the_last_of_the_index(week: Todos) -> None:
    where = {"due_at": {"$exists": True}}
    titles, how = explained(week, where=where, sort_by="-due_at", limit=1)
    assert titles == ["day 8"]
    assert (how["index"], how["order"], how["examined"]) == ("by-due-date", "descending", 2)


def test_without_a_condition_on_the_date_those_without_one_are_found_too(week: Todos) -> None:
    # They are not in the index, so all are read and sorted.
    titles, how = explained(week, sort_by="due_at", limit=3)
    assert titles == ["any day 1", "any day 2", "day 1"], "null comes first"
    assert (how["index"], how["sorted_in_process"], how["examined"]) == (None, ["due_at"], 10)
    assert week.titles(sort_by="-due_at")[-2:] == ["any day 1", "any day 2"]


def test_by_priority_is_read_from_its_index(week: Todos) -> None:
    titles, how = explained(week, sort_by="priority", limit=1)
    assert titles == ["day 5"]
    assert (how["plan"], how["index"], how["examined"]) == ("query", "by-priority", 2)
    titles, how = explained(week, where={"priority": {"$lte": 2}})
    assert sorted(titles) == ["day 1", "day 5", "day 6"]
    assert (how["index"], how["examined"]) == ("by-priority", 3)


def test_what_no_index_sorts_is_sorted_in_process(week: Todos) -> None:
    titles, how = explained(week, sort_by="-priority,due_at", where={"done": False}, limit=3)
    assert titles == ["any day 1", "any day 2", "day 3"]
    assert (how["index"], how["sorted_in_process"]) == (None, ["-priority", "due_at"])
    assert week.titles(sort_by="-title", limit=2) == ["day 8", "day 7"]


def test_what_is_asked_by_id_is_one_read(week: Todos) -> None:
    todo = week.ask(where={"title": "day 4"})["items"][0]
    found = week.ask(where={"id": todo["id"]}, explain=True)
    assert found["items"] == [todo]
    assert (found["meta"]["explain"]["plan"], found["meta"]["examined"]) == ("get", 1)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"due_at": None}, {"b", "c"}),
        ({"due_at": {"$exists": False}}, {"b", "c"}),
        ({"estimate": {"$exists": False}}, {"a", "c"}),
        ({"estimate": {"$ne": 7}}, {"b"}),
        ({"$not": {"estimate": 5}}, set()),
        ({"$or": [{"estimate": {"$gt": 1}}, {"due_at": {"$exists": True}}]}, {"a", "b"}),
        ({"tags": {"$contains": "red"}}, {"a"}),
        ({"tags": {"$not": {"$contains": "red"}}}, {"b", "c"}),
        ({"place": {"$exists": True}}, {"c"}),
    ],
)
def test_nulls_are_neither_equal_nor_unequal(todos: Todos, where: Any, expected: set[str]) -> None:
    todos.create("a", due_at=due(1), tags=["red", "blue"])
    todos.create("b", estimate=5, tags=["blue"])
    todos.create("c", place={"type": "Point", "coordinates": BERLIN})
    assert set(todos.titles(where=where)) == expected


# Places


@pytest.fixture
def travels(todos: Todos) -> Todos:
    """One todo in each of `PLACES`, and one anywhere."""
    for name, position in PLACES.items():
        todos.create(name, place={"type": "Point", "coordinates": position})
    todos.create("Anywhere")
    return todos


def near(position: list[float], metres: float) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": position}
    return {"place": {"$geo.dwithin": {"geometry": point, "distance": metres}}}


def test_what_is_near_is_found_by_the_index_of_places(travels: Todos) -> None:
    titles, how = explained(travels, where=near(BERLIN, 5_000))
    assert titles == ["Berlin"]
    assert (how["plan"], how["index"], how["examined"]) == ("query", "by-place", 1)
    assert set(travels.titles(where=near(BERLIN, 50_000))) == {"Berlin", "Potsdam"}
    assert travels.titles(where=near([13.5, 52.52], 1_000)) == []


def test_what_is_in_a_region_is_found_by_the_index_of_places(travels: Todos) -> None:
    ring = [[12.9, 52.3], [13.8, 52.3], [13.8, 52.45], [12.9, 52.45], [12.9, 52.3]]
    region = {"type": "Polygon", "coordinates": [ring]}
    titles, how = explained(travels, where={"place": {"$geo.within": region}})
    assert titles == ["Potsdam"]
    assert how["index"] == "by-place"
    assert how["examined"] <= 2, "Hamburg is in none of the cells around it"
    assert "Potsdam" not in travels.titles(where={"$not": {"place": {"$geo.within": region}}})


def test_what_moves_is_found_where_it_is(travels: Todos) -> None:
    (todo,) = travels.ask(where=near(BERLIN, 100))["items"]
    moved = {"type": "Point", "coordinates": PLACES["Hamburg"]}
    travels.send("PATCH", f"/{todo['id']}", json={"place": moved})
    assert travels.titles(where=near(BERLIN, 100)) == []
    assert set(travels.titles(where=near(PLACES["Hamburg"], 100))) == {"Berlin", "Hamburg"}
    travels.send("PATCH", f"/{todo['id']}", json={"place": None})
    assert travels.titles(where=near(PLACES["Hamburg"], 100)) == ["Hamburg"]


@pytest.mark.parametrize(
    ("where", "operator", "path"),
    [
        (near([181, 0], 1), "where.place.$geo.dwithin", "geometry.coordinates[0] must be a longitude"),
        (near(BERLIN, 0), "where.place.$geo.dwithin", "distance must be metres"),
        ({"place": {"$geo.within": {"type": "Circle"}}}, "where.place.$geo.within", "type must be Point or"),
        ({"place": {"$geo.nearly": {}}}, "where.place.$geo.nearly", "is not an operator"),
        ({"title": {"$geo.within": {}}}, "where.title.$geo.within", "is not an operator"),
    ],
)
def test_a_fault_in_a_place_is_told_with_its_path(todos: Todos, where: Any, operator: str, path: str) -> None:
    answer = todos.send("GET", query={"where": where})
    assert answer.status_code == 400
    (fault,) = answer.get_json()["errors"]
    assert fault["detail"].startswith(operator)
    assert path in fault["detail"]


# Pages


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"sort_by": "-title"},
        {"sort_by": "priority"},
        {"where": {"due_at": {"$gte": due(2)}}, "sort_by": "-due_at"},
        {"where": {"done": False}},
        {"where": {"$or": [{"done": True}, {"due_at": {"$exists": False}}]}, "sort_by": "due_at"},
    ],
)
def test_links_lead_to_the_end_and_back(week: Todos, query: dict[str, Any]) -> None:
    expected = week.titles(**query)
    answer = week.send("GET", query={**query, "limit": "3"})
    pages = [answer]
    while "next" in answer.headers.get("Link", "") and len(pages) < 10:
        answer = week.send("GET", relation(answer, "next"))
        pages.append(answer)
    assert [title for page in pages for title in titles_of(page)] == expected
    assert all(len(titles_of(page)) == 3 for page in pages[:-1])
    assert answer.get_json()["meta"]["next"] is None
    for page in reversed(pages[:-1]):
        answer = week.send("GET", relation(answer, "prev"))
        assert titles_of(answer) == titles_of(page)
    assert "prev" not in answer.headers["Link"]
    assert answer.get_json()["meta"]["prev"] is None


def relation(answer: Any, name: str) -> str:
    """Return the target of a Link header below /todos."""
    target = next(one for one in answer.headers["Link"].split(", ") if f'rel="{name}"' in one)
    return target[target.index("<") + 1 : target.index(">")].removeprefix("/todos")


def titles_of(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [todo["title"] for todo in answer.get_json()["items"]]


def test_pages_by_number_are_those_by_cursor(week: Todos) -> None:
    everything = week.titles(sort_by="title")
    pages = [week.ask(sort_by="title", page=number, page_size=4) for number in (1, 2, 3, 4)]
    found = [[todo["title"] for todo in page["items"]] for page in pages]
    assert found == [everything[:4], everything[4:8], everything[8:], []]
    assert [page["meta"]["has_more"] for page in pages] == [True, True, False, False]
    assert week.ask(sort_by="title", page_size=4) == pages[0]
    following = week.ask(sort_by="title", limit=4, cursor=pages[0]["meta"]["next"])
    assert following["items"] == pages[1]["items"]


@pytest.mark.parametrize(
    "query",
    [
        {"page": "1", "limit": "2"},
        {"page_size": "2", "limit": "2"},
        {"page": "0"},
        {"page": "1", "cursor": "x"},
        {"page": "51", "page_size": "20"},
        {"count": "all"},
        {"explain": "perhaps"},
        {"sort_by": "owner"},
        {"sort_by": "title,-title"},
        {"sort_by": ""},
    ],
)
def test_parameters_that_make_no_sense_are_refused(todos: Todos, query: dict[str, str]) -> None:
    assert todos.refused("GET", query=query) == (400, "INVALID_PARAMETERS")


def test_a_list_tells_how_many_there_are_if_asked(week: Todos) -> None:
    assert "total" not in week.ask()["meta"]
    for count in ("bounded", "exact"):
        for query, total in (({}, 10), ({"where": {"done": True}}, 4), ({"where": {"title": "-"}}, 0)):
            meta = week.ask(count=count, limit=1, **query)["meta"]
            assert (meta["total"], meta["total_exact"]) == (total, True)


# Limits


@pytest.fixture
def many(todos: Todos, write_todos: Callable[..., None], owner_id: str) -> Todos:
    """More todos than one request may look at."""
    write_todos(owner_id, 1001, notes="n")
    return todos


def test_a_request_looks_at_a_thousand_at_most(many: Todos) -> None:
    first = many.ask(where={"title": "none like it"})
    assert first["items"] == []
    assert (first["meta"]["examined"], first["meta"]["truncated"], first["meta"]["has_more"]) == (
        1000,
        True,
        True,
    )
    rest = many.ask(where={"title": "none like it"}, cursor=first["meta"]["next"])
    assert (rest["meta"]["examined"], rest["meta"]["truncated"], rest["meta"]["next"]) == (1, False, None)


def test_what_would_take_more_is_refused_or_told_to_be_of_a_part(many: Todos) -> None:
    for query in ({"sort_by": "title"}, {"count": "exact", "where": {"notes": "n"}}):
        assert many.refused("GET", query=query) == (422, "QUERY_REFUSED")
    assert len(many.titles(sort_by="priority")) == 20, "an index sorts it"
    bounded = many.ask(count="bounded", where={"notes": "n"})["meta"]
    assert (bounded["total"], bounded["total_exact"]) == (1000, False)
    for below in ("/group/priority", "/stats?fields=priority", "/sample"):
        assert many.ask(below)["meta"] == {"exact": False, "examined": 1000}
