"""What can be asked of todos beside which ones: their order, places, numbers, and how an answer was found."""

import json
import re
from typing import Any

import pytest

from testaccept.deployment import User
from testaccept.problems import assert_problem, assert_refused

Todo = dict[str, Any]

CENTRE, LAKE, FAR = [13.405, 52.52], [13.19, 52.42], [9.99, 53.55]
TODOS: list[Todo] = [
    {
        "title": "Water",
        "tags": ["home", "weekly"],
        "priority": 2,
        "due_at": "2026-03-03T00:00:00Z",
        "estimate": 15,
    },
    {"title": "Bread", "tags": ["errand", "weekly"], "due_at": "2026-03-01T00:00:00Z", "estimate": 5},
    {"title": "Call", "priority": 1, "done": True, "due_at": "2026-03-02T00:00:00Z"},
    {"title": "Swim", "tags": ["home"], "priority": 5, "state": "someday", "estimate": 100},
    {"title": "Sail", "priority": 4, "estimate": 400},
]
WHERE = {"Bread": CENTRE, "Swim": LAKE, "Sail": FAR}


def near(position: list[float], metres: float) -> dict[str, Any]:
    point = {"type": "Point", "coordinates": position}
    return {"place": {"$geo.dwithin": {"geometry": point, "distance": metres}}}


@pytest.fixture
def planner(user: User) -> User:
    """A user with a few todos, some of which have a date, a place, an estimate."""
    for todo in TODOS:
        place = {"type": "Point", "coordinates": WHERE[todo["title"]]} if todo["title"] in WHERE else None
        response = user.todos.post("/todos", json={**todo, "place": place})
        assert response.status_code == 201, response.text
    return user


def ask(user: User, below: str = "", **parameters: Any) -> dict[str, Any]:
    """The answer to a question; of its parameters what is no text is sent as JSON."""
    sent = {name: one if isinstance(one, str) else json.dumps(one) for name, one in parameters.items()}
    response = user.todos.get(f"/todos{below}", params=sent)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def titles(answer: dict[str, Any]) -> list[str]:
    return [todo["title"] for todo in answer["items"]]


# By index, and without one


@pytest.mark.parametrize(
    ("question", "found", "index", "examined"),
    [
        (
            {"sort_by": "due_at", "where": {"due_at": {"$exists": True}}, "limit": 1},
            ["Bread"],
            "by-due-date",
            2,
        ),
        (
            {"sort_by": "-due_at", "where": {"due_at": {"$lt": "2026-03-03T01:00:00+01:00"}}},
            ["Call", "Bread"],
            "by-due-date",
            2,
        ),
        (
            {"where": {"due_at": {"$between": ["2026-03-02T00:00:00Z", "2026-03-04T00:00:00Z"]}}},
            ["Call", "Water"],
            "by-due-date",
            2,
        ),
        ({"sort_by": "-priority", "limit": 2}, ["Swim", "Sail"], "by-priority", 3),
        ({"where": {"priority": {"$lte": 2}}}, ["Call", "Water"], "by-priority", 2),
        ({"where": near(CENTRE, 2000)}, ["Bread"], "by-place", 1),
    ],
)
def test_an_index_is_read_no_further_than_it_must(
    planner: User, question: dict[str, Any], found: list[str], index: str, examined: int
) -> None:
    answer = ask(planner, **question, explain=True)
    assert titles(answer) == found
    how = answer["meta"]["explain"]
    assert (how["plan"], how["index"], how["sorted_in_process"]) == ("query", index, [])
    assert answer["meta"]["examined"] == how["examined"] == examined
    assert how["returned"] == len(found)


@pytest.mark.parametrize(
    ("sort_by", "found"),
    [
        ("title", ["Bread", "Call", "Sail", "Swim", "Water"]),
        ("-title", ["Water", "Swim", "Sail", "Call", "Bread"]),
        ("-estimate", ["Sail", "Swim", "Water", "Bread", "Call"]),
        ("due_at,-title", ["Swim", "Sail", "Bread", "Call", "Water"]),
    ],
)
def test_what_no_index_sorts_is_sorted_all_the_same(planner: User, sort_by: str, found: list[str]) -> None:
    answer = ask(planner, sort_by=sort_by, explain=True)
    assert titles(answer) == found
    assert answer["meta"]["explain"]["sorted_in_process"] == sort_by.split(",")


def test_null_is_no_value(planner: User) -> None:
    for where, found in (
        ({"due_at": {"$exists": False}}, {"Swim", "Sail"}),
        ({"due_at": None}, {"Swim", "Sail"}),
        ({"estimate": {"$ne": 5}}, {"Water", "Swim", "Sail"}),
        ({"$not": {"estimate": {"$gt": 50}}}, {"Water", "Bread"}),
        ({"place": {"$exists": False}}, {"Water", "Call"}),
    ):
        assert set(titles(ask(planner, where=where))) == found, where


def test_a_member_of_a_list_is_asked_for(planner: User) -> None:
    assert titles(ask(planner, where={"tags": {"$contains": "weekly"}})) == ["Water", "Bread"]
    assert titles(ask(planner, where={"tags": {"$not": {"$contains": "weekly"}}, "done": False})) == [
        "Swim",
        "Sail",
    ]


# Places


def test_what_is_near_and_what_is_within(planner: User) -> None:
    assert set(titles(ask(planner, where=near(CENTRE, 30_000)))) == {"Bread", "Swim"}
    assert titles(ask(planner, where=near([13.5, 52.6], 100))) == []
    ring = [[13.1, 52.3], [13.3, 52.3], [13.3, 52.5], [13.1, 52.5], [13.1, 52.3]]
    region = {"type": "Polygon", "coordinates": [ring]}
    answer = ask(planner, where={"place": {"$geo.within": region}}, explain=True)
    assert titles(answer) == ["Swim"]
    assert answer["meta"]["explain"]["index"] == "by-place"


def test_a_todo_is_found_where_it_was_moved_to(planner: User) -> None:
    (todo,) = ask(planner, where=near(CENTRE, 100))["items"]
    planner.todos.patch(f"/todos/{todo['id']}", json={"place": {"type": "Point", "coordinates": FAR}})
    assert ask(planner, where=near(CENTRE, 100))["items"] == []
    assert set(titles(ask(planner, where=near(FAR, 100)))) == {"Bread", "Sail"}


@pytest.mark.parametrize(
    "operand",
    [{}, {"geometry": {"type": "Point", "coordinates": CENTRE}}, {"geometry": CENTRE, "distance": 5}],
    ids=["nothing", "no distance", "no geometry"],
)
def test_a_place_that_is_none_is_refused(visitor: User, operand: dict[str, Any]) -> None:
    where = json.dumps({"place": {"$geo.dwithin": operand}})
    problem = assert_problem(visitor.todos.get("/todos", params={"where": where}), 400, "INVALID_PARAMETERS")
    assert problem["errors"][0]["detail"].startswith("where.place.$geo.dwithin")


# Pages


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"sort_by": "-title"},
        {"sort_by": "priority"},
        {"where": json.dumps({"due_at": {"$exists": True}}), "sort_by": "-due_at"},
        {"where": json.dumps({"title": {"$ne": "Bread"}})},
    ],
)
def test_links_lead_to_the_end_and_back(planner: User, question: dict[str, str]) -> None:
    expected = titles(ask(planner, **question))
    response = planner.todos.get("/todos", params={**question, "limit": 2})
    pages = [response]
    while target := link(response, "next"):
        response = planner.todos.get(target)
        pages.append(response)
        assert len(pages) < 10, "the pages have no end"
    assert [title for page in pages for title in titles(page.json())] == expected
    for page in reversed(pages[:-1]):
        response = planner.todos.get(link(response, "prev") or "nowhere")
        assert titles(response.json()) == titles(page.json())
    assert link(response, "prev") is None


def link(response: Any, relation: str) -> str | None:
    """The target of the Link header with this relation (RFC 8288)."""
    assert response.status_code == 200, response.text
    targets = dict(re.findall(r'<([^>]*)>; rel="(\w+)"', response.headers.get("Link", "")))
    return {name: target for target, name in targets.items()}.get(relation)


def test_pages_have_numbers_too(planner: User) -> None:
    pages = [ask(planner, sort_by="title", page=number, page_size=2) for number in (1, 2, 3, 4)]
    assert [titles(page) for page in pages] == [["Bread", "Call"], ["Sail", "Swim"], ["Water"], []]
    assert [page["meta"]["has_more"] for page in pages] == [True, True, False, False]
    following = ask(planner, sort_by="title", limit=2, cursor=pages[0]["meta"]["next"])
    assert titles(following) == titles(pages[1])


def test_a_list_is_counted_if_asked(planner: User) -> None:
    assert "total" not in ask(planner)["meta"]
    for count in ("bounded", "exact"):
        assert ask(planner, count=count, limit=1)["meta"]["total"] == 5
        meta = ask(planner, count=count, limit=1, where={"done": False})["meta"]
        assert (meta["total"], meta["total_exact"]) == (4, True)


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ({"sort_by": "owner"}, "sort_by"),
        ({"sort_by": "title,title"}, "sort_by"),
        ({"sort_by": "-"}, "sort_by"),
        ({"page": "0"}, "page"),
        ({"page": "1", "limit": "5"}, "page"),
        ({"page": "1000", "page_size": "100"}, "page"),
        ({"page_size": "5", "limit": "5"}, "page_size"),
        ({"count": "yes"}, "count"),
        ({"explain": "maybe"}, "explain"),
    ],
)
def test_what_makes_no_sense_is_refused(visitor: User, parameters: dict[str, str], place: str) -> None:
    assert_refused(visitor.todos.get("/todos", params=parameters), 400, "INVALID_PARAMETERS", place)


# Numbers


def test_groups(planner: User) -> None:
    def grouped(field: str, **parameters: Any) -> dict[Any, int]:
        answer = ask(planner, f"/group/{field}", **parameters)
        assert answer["meta"]["exact"] is True
        return {one["value"]: one["count"] for one in answer["items"]}

    assert grouped("done") == {False: 4, True: 1}
    assert grouped("tags") == {"errand": 1, "home": 2, "weekly": 2}
    assert grouped("tags", where={"priority": 5}) == {"home": 1}
    assert grouped("state") == {"active": 4, "someday": 1}
    assert list(grouped("tags", sort_by="-count")) == ["home", "weekly", "errand"]


def test_statistics(planner: User) -> None:
    assert ask(planner, "/stats", fields="estimate")["stats"] == {
        "estimate": {"min": 5, "max": 400, "sum": 520, "avg": 130, "count": 4}
    }
    due = ask(planner, "/stats", fields="due_at", where={"done": False})["stats"]["due_at"]
    assert (due["min"], due["max"], due["count"]) == ("2026-03-01T00:00:00Z", "2026-03-03T00:00:00Z", 2)


def test_groups_and_sums_follow_what_is_changed(planner: User) -> None:
    (todo,) = ask(planner, where={"title": "Water"})["items"]
    planner.todos.patch(f"/todos/{todo['id']}", json={"tags": ["home"], "estimate": None, "done": True})
    (gone,) = ask(planner, where={"title": "Sail"})["items"]
    planner.todos.delete(f"/todos/{gone['id']}")
    groups = {field: ask(planner, f"/group/{field}")["items"] for field in ("done", "tags")}
    assert groups["done"] == [{"value": False, "count": 2}, {"value": True, "count": 2}]
    assert {one["value"]: one["count"] for one in groups["tags"]} == {"errand": 1, "home": 2, "weekly": 1}
    assert ask(planner, "/stats", fields="estimate")["stats"]["estimate"]["sum"] == 105
    assert ask(planner, count="exact")["meta"]["total"] == 4


def test_a_sample(planner: User) -> None:
    todos = ask(planner)["items"]
    answer = ask(planner, "/sample", limit=3)
    assert answer["meta"] == {"exact": True, "examined": 5}
    assert len(answer["items"]) == len({todo["id"] for todo in answer["items"]}) == 3
    assert all(todo in todos for todo in answer["items"])
    assert titles(ask(planner, "/sample", where={"done": True})) == ["Call"]


@pytest.mark.parametrize("field", ["owner", "title", "place_cell", "colour"])
def test_numbers_of_other_fields_are_refused(visitor: User, field: str) -> None:
    assert_problem(visitor.todos.get(f"/todos/group/{field}"), 400, "INVALID_PARAMETERS")
    response = visitor.todos.get("/todos/stats", params={"fields": field})
    assert_refused(response, 400, "INVALID_PARAMETERS", "fields")


# Nobody else's


@pytest.mark.parametrize(
    "where", [{}, {"title": "Bread"}, {"$not": {"title": "x"}}, near(CENTRE, 2000)], ids=repr
)
def test_no_question_leads_to_somebody_elses(planner: User, other_user: User, where: dict[str, Any]) -> None:
    for parameters in ({}, {"sort_by": "title"}, {"sort_by": "priority"}, {"count": "exact"}):
        answer = ask(other_user, where=where, **parameters)
        # The count of all is a total of one's own, which is read, too.
        assert (answer["items"], answer["meta"]["examined"]) == (
            [],
            int(parameters == {"count": "exact"} and not where),
        )
    for field in ("done", "tags", "priority", "state"):
        assert ask(other_user, f"/group/{field}", where=where)["items"] == []
    assert ask(other_user, "/stats", fields="estimate", where=where)["stats"]["estimate"]["count"] == 0
    assert ask(other_user, "/sample", where=where)["items"] == []


@pytest.mark.parametrize("below", ["", "/group/done", "/stats", "/sample"])
def test_nobody_can_ask_by_owner(planner: User, other_user: User, below: str) -> None:
    fields = {"fields": "estimate"} if below == "/stats" else {}
    for where in ({"owner": planner.user_id}, {"$or": [{"owner": {"$exists": True}}]}):
        response = other_user.todos.get(f"/todos{below}", params={**fields, "where": json.dumps(where)})
        assert_refused(response, 400, "INVALID_PARAMETERS", "where")


def test_a_cursor_is_of_one_user_and_one_order(planner: User, other_user: User) -> None:
    cursor = ask(planner, sort_by="title", limit=1)["meta"]["next"]
    for user, parameters in (
        (other_user, {"sort_by": "title"}),
        (planner, {"sort_by": "-title"}),
        (planner, {}),
    ):
        response = user.todos.get("/todos", params={"limit": "1", "cursor": cursor, **parameters})
        assert_refused(response, 400, "INVALID_PARAMETERS", "cursor")
