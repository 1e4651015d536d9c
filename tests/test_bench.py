"""`make bench` runs, and the services it compares do the same work. What they cost is no test's business."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.cases import (
    CREATE,
    DUMP,
    GET,
    LIST,
    PARSE,
    PLAN,
    ROWS,
    SIGN,
    SORTED,
    TOKEN,
    WHERE,
    Case,
    cases,
)
from bench.columns import FLOOR, POLYMACARON, WITHOUT_TOTALS, Column, authorization, columns
from bench.item import SENT, WrongAnswer, check
from bench.stopwatch import Timing, measure
from bench.wsgi import Answer, Request

ROOT = Path(__file__).parents[1]
PLAIN = ["Flask + boto3", "Flask + PynamoDB + marshmallow"]
PAST = "2026-01-01T12:00:00+00:00"


@pytest.fixture(scope="module")
def compared() -> Iterator[list[Column]]:
    with columns(os.environ["TEST_DYNAMODB_ENDPOINT"]) as put_together:
        yield put_together


@pytest.fixture(params=[*PLAIN, POLYMACARON])
def column(request: pytest.FixtureRequest, compared: list[Column]) -> Column:
    return next(one for one in compared if one.name == request.param)


def send(column: Column, method: str, path: str, query: str = "", *, by: str, body: Any = None) -> Answer:
    return Request(column.app, method, path, query, authorization(by), body).sender()()


def a_todo(**changed: Any) -> dict[str, Any]:
    return {**SENT, "id": "x", "created_at": PAST, "updated_at": PAST, "version": 1, **changed}


def test_a_run_prints_a_figure_for_each_request_and_column():
    run = subprocess.run(
        [sys.executable, "-m", "bench", "--rounds", "1", "--requests", "3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    figure = r" +\d+ +\d+\.\d\d"
    for row, cells in (
        (GET, f"({figure}){{3}} +–{figure}"),
        (LIST, f"({figure}){{3}} +–{figure}"),
        (CREATE, f"({figure}){{5}}"),
        (TOKEN, f"({figure}){{3}} +– +–"),
        (DUMP, f"({figure}){{3}} +– +–"),
        *((row, r" +– +– +\d+ +– +– +–") for row in (WHERE, SORTED, PARSE, PLAN, SIGN)),
    ):
        assert re.search(f"^{re.escape(row)}{cells}$", run.stdout, re.MULTILINE), row


def test_a_profile_names_functions():
    run = subprocess.run(
        [sys.executable, "-m", "bench", "--profile", "get", "--requests", "3"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "cumtime" in run.stdout
    assert "(send)" in run.stdout


def test_every_column_has_a_case_for_every_request(compared):
    found = {(case.row, case.column) for case in cases(compared)}
    expected = {(row, name) for row in (GET, LIST, CREATE) for name in (*PLAIN, POLYMACARON, FLOOR)}
    parts = {(row, name) for row in (TOKEN, DUMP) for name in (*PLAIN, POLYMACARON)}
    own = {(row, POLYMACARON) for row in (WHERE, SORTED, PARSE, PLAN, SIGN)}
    assert found == expected | {(CREATE, WITHOUT_TOTALS)} | parts | own
    assert {row for row, _ in found} == set(ROWS)


def test_one_column_keeps_totals_and_the_other_does_not(compared):
    def total():
        return send(whole, "GET", "/todos", "count=exact", by="counted").json()["meta"]["total"]

    whole, lean = (
        next(one for one in compared if one.name == name) for name in (POLYMACARON, WITHOUT_TOTALS)
    )
    for column, counted in ((whole, 1), (lean, 1), (whole, 2)):
        assert send(column, "POST", "/todos", by="counted", body=SENT).status == 201
        assert total() == counted


def test_columns_that_let_anybody_in_are_refused(compared):
    floor = next(one for one in compared if one.name == FLOOR)
    with pytest.raises(WrongAnswer, match="without a good token"):
        cases([Column(FLOOR, floor.app, check_token=len)])


def test_columns_that_answer_something_else_are_refused(compared):
    floor = next(one for one in compared if one.name == FLOOR)
    with pytest.raises(WrongAnswer, match=r"empty, POST create: .* does not have the fields"):
        cases([Column("empty", floor.app, None)])


def test_what_is_created_is_read_and_listed_by_its_owner_only(column):
    created = send(column, "POST", "/todos", by="ada", body=SENT)
    path = created.headers["Location"]
    check(created.json())
    assert send(column, "GET", path, by="ada").json() == created.json()
    assert created.json() in send(column, "GET", "/todos", "limit=100", by="ada").json()["items"]
    assert send(column, "GET", path, by="eve").status == 404
    assert send(column, "GET", "/todos", by="eve").json()["items"] == []


@pytest.mark.parametrize(
    ("fault", "body"),
    [
        ("no-title", {}),
        ("empty-title", {"title": ""}),
        ("title-of-a-wrong-type", {"title": 1}),
        ("title-too-long", {"title": "x" * 201}),
        ("done-of-a-wrong-type", {"title": "x", "done": "later"}),
        ("unknown-field", {"title": "x", "colour": "green"}),
        ("read-only-field", {"title": "x", "version": 7}),
        ("tags-of-a-wrong-type", {"title": "x", "tags": "garden"}),
        ("tag-too-long", {"title": "x", "tags": ["x" * 41]}),
        ("tags-too-many", {"title": "x", "tags": [str(number) for number in range(21)]}),
        ("tag-twice", {"title": "x", "tags": ["a", "a"]}),
        ("priority-too-low", {"title": "x", "priority": 0}),
        ("priority-of-a-wrong-type", {"title": "x", "priority": "2"}),
        ("priority-null", {"title": "x", "priority": None}),
        ("estimate-too-long", {"title": "x", "estimate": 100_001}),
        ("due-without-a-zone", {"title": "x", "due_at": "2026-01-01T00:00:00"}),
        ("due-of-a-wrong-type", {"title": "x", "due_at": 1}),
        ("place-out-of-this-world", {"title": "x", "place": {"type": "Point", "coordinates": [181, 0]}}),
        ("place-of-another-kind", {"title": "x", "place": {"type": "Line", "coordinates": [1, 0]}}),
        ("state-unknown", {"title": "x", "state": "done"}),
    ],
)
def test_what_is_no_todo_is_not_stored(column, fault, body):
    assert send(column, "POST", "/todos", by=fault, body=body).status in (400, 422)
    assert send(column, "GET", "/todos", by=fault).json()["items"] == []


def test_what_is_not_sent_has_the_same_defaults(column):
    created = send(column, "POST", "/todos", by="lazy", body={"title": "x", "estimate": None}).json()
    found = send(column, "GET", f"/todos/{created['id']}", by="lazy").json()
    for name in ("id", "created_at", "updated_at"):
        found.pop(name)
    assert found == {
        "title": "x",
        "notes": "",
        "done": False,
        "tags": [],
        "priority": 3,
        "due_at": None,
        "estimate": None,
        "place": None,
        "state": "active",
        "version": 1,
    }


@pytest.mark.parametrize("limit", ["0", "101"])
def test_pages_have_bounds(column, limit):
    assert send(column, "GET", "/todos", f"limit={limit}", by="ada").status == 400


@pytest.mark.parametrize("name", PLAIN)
def test_plain_pages_lead_on(compared, name):
    column = next(one for one in compared if one.name == name)
    made = [send(column, "POST", "/todos", by="bob", body=SENT).json()["id"] for _ in range(3)]
    first = send(column, "GET", "/todos", "limit=2", by="bob").json()
    second = send(column, "GET", "/todos", f"limit=2&after={first['meta']['next']}", by="bob").json()
    assert [one["id"] for one in first["items"] + second["items"]] == sorted(made)
    assert second["meta"]["next"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"owner": "ada"},
        {"title": "another"},
        {"done": True},
        {"created_at": PAST[:-6]},
        {"due_at": PAST},
        {"tags": []},
        {"place": None},
        {"version": 2},
    ],
    ids=str,
)
def test_an_item_that_is_not_the_one_sent_is_refused(wrong):
    check(a_todo())
    with pytest.raises(WrongAnswer):
        check(a_todo(**wrong))


def test_each_case_is_called_as_often_as_asked_and_once_more_to_warm_up():
    said: list[str] = []
    made = [Case(row, column, lambda name=row + column: said.append(name)) for row in "ab" for column in "xy"]
    figures = measure(made, rounds=2, calls=5)
    assert {name: said.count(name) for name in said} == {"ax": 15, "ay": 15, "bx": 15, "by": 15}
    assert {key: len(timing.rounds) for key, timing in figures.items()} == {
        (row, column): 2 for row in "ab" for column in "xy"
    }


def test_the_ratio_is_the_median_of_the_rounds():
    base = Timing([10, 100, 10])
    assert Timing([20, 200, 90]).ratio(base) == 2
    assert (base.best, base.unrest) == (10, 0)
