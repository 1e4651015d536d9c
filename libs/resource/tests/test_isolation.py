"""Nobody gets out of their scope: whatever is asked, a stranger's row is one that is not there."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pynamodb.models import Model
from werkzeug.test import TestResponse

from libs.resource import IsOwner, before
from libs.resource.tests.conftest import Serve, Served
from libs.resource.tests.library import Book, BookResource, Note, OwnedNotes, SharedNotes

SECRET_TEXT, SECRET_NUMBER = "adas-secret", 987654321


class LookingBooks(BookResource):
    """Reads each row before it is changed, which takes another way through the code."""

    @before("update", "replace", "delete")
    def look(self, item: Book) -> None: ...


class JudgedNotes(OwnedNotes):
    permissions = (IsOwner("author"),)


@dataclass
class World:
    """Rows of two users in one resource.

    :param hidden: keys of rows of ada that eve may not see.
    :param own: keys of rows of eve's.
    """

    served: Served
    model: type[Model]
    ada: str = field(default_factory=lambda: uuid.uuid4().hex)
    eve: str = field(default_factory=lambda: uuid.uuid4().hex)
    hidden: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Send a request of eve's, which must not be answered with anything of ada's."""
        answer = self.served(method, path, body, by=self.eve, **options)
        assert answer.status_code < 500, answer.data
        told = answer.get_data(as_text=True) + str(answer.headers)
        assert SECRET_TEXT not in told, (method, path, body, options)
        assert str(SECRET_NUMBER) not in told, (method, path, body, options)
        return answer

    def stored(self) -> list[Any]:
        """Return ada's hidden rows as they are stored."""
        connection, table = self.model._get_connection().connection, self.model.Meta.table_name
        keys = [(self.ada, key) if self.model is Book else (key, None) for key in self.hidden]
        return [connection.get_item(table, *key).get("Item") for key in keys]


def fill(world: World, *, shares: bool) -> World:
    """Give both some rows; where rows are shared, some of ada's are."""
    books = world.model is Book
    for number in range(4):
        key = f"{number}{'' if books else uuid.uuid4().hex}"
        world.hidden.append(key)
        text, amount = f"{SECRET_TEXT} {number}", SECRET_NUMBER + number * 10**10
        if books:
            Book(world.ada, key, title=text, price=amount, tags=[SECRET_TEXT]).save()
        else:
            Note(key, author=world.ada, text=text, stars=amount).save()
    for number in range(3):
        key = f"e{number}{'' if books else uuid.uuid4().hex}"
        world.own.append(key)
        if books:
            Book(world.eve, key, title="mine", price=number).save()
        else:
            Note(key, author=world.eve, text="mine", stars=number).save()
    if shares:
        Note(uuid.uuid4().hex, author=world.ada, text="for all", shared=True).save()
    page = world.served("GET", "/things", by=world.ada, limit=2)
    world.cursors = [str(page.get_json()["meta"]["next"])]
    page = world.served("GET", "/things", by=world.eve, limit=1)
    world.cursors += [str(page.get_json()["meta"]["next"])]
    return world


@pytest.fixture(params=[BookResource, LookingBooks, OwnedNotes, JudgedNotes, SharedNotes])
def world(request: pytest.FixtureRequest, serve: Serve) -> Iterator[World]:
    kind = request.param
    made = World(serve(kind), kind.model)
    yield fill(made, shares=kind is SharedNotes)
    for row in kind.model.scan():
        row.delete()


BOOK_BODIES: list[Any] = [
    {"title": "eve"}, {"owner": "ADA"}, {"title": "eve", "owner": "ADA"}, {"title": "eve", "isbn": "HIDDEN"},
    {"price": 1}, {}, {"version": 1, "title": "x"}, {"lent": None}, {"title": 1},
]  # fmt: skip
NOTE_BODIES: list[Any] = [
    {"text": "eve"}, {"author": "ADA"}, {"author": "ADA", "shared": False}, {"text": "eve", "author": "EVE"},
    {"id": "HIDDEN", "author": "EVE"}, {"shared": True}, {"stars": 1}, {}, {"version": 1}, {"stars": "x"},
]  # fmt: skip
TAGS = [None, "*", '"1"', '"2"', '"1", "2"', 'W/"1"', '"x"', "x", '""']


@st.composite
def wheres(draw: st.DrawFn, world: World) -> str:
    """Return what a spy would ask for, and other expressions."""
    names = ("title", "price", "isbn") if world.model is Book else ("text", "stars", "id")
    scoped = "owner" if world.model is Book else "author"
    test = st.one_of(
        st.just({names[0]: {"$startswith": "adas"}}),
        st.just({names[0]: {"$exists": True}}),
        st.just({names[1]: {"$gt": 10**6}}),
        st.sampled_from(world.hidden + world.own).map(lambda key: {names[2]: key}),
        st.just({names[2]: {"$in": world.hidden}}),
        st.just({scoped: world.ada}),
        st.just({scoped: {"$ne": world.eve}}),
        st.just({names[1]: {"$between": [0, 10**12]}}),
        st.just({"shared": False}),
    )
    expression = st.recursive(
        test,
        lambda inner: st.one_of(
            inner.map(lambda one: {"$not": one}),
            st.lists(inner, min_size=1, max_size=3).map(lambda some: {"$or": some}),
            st.lists(inner, min_size=1, max_size=3).map(lambda some: {"$and": some}),
        ),
        max_leaves=5,
    )
    return json.dumps(draw(expression))


def as_sent(body: Any, world: World, hidden: str) -> Any:
    """Return a body with the names of these users and of a hidden row in it."""
    names = {"ADA": world.ada, "EVE": world.eve, "HIDDEN": hidden}
    return {
        name: names.get(value, value) if isinstance(value, str) else value for name, value in body.items()
    }


@settings(max_examples=25)
@given(data=st.data())
def test_no_answer_holds_a_row_of_a_stranger_and_no_request_changes_one(
    world: World, data: st.DataObject
) -> None:
    before = world.stored()
    for _ in range(data.draw(st.integers(1, 4), label="requests")):
        kind = data.draw(st.sampled_from(["list", "group", "stats", "sample", "write", "write", "create"]))
        if kind == "write":
            write(world, data)
        elif kind == "create":
            bodies = BOOK_BODIES if world.model is Book else NOTE_BODIES
            hidden = data.draw(st.sampled_from(world.hidden))
            body = as_sent(data.draw(st.sampled_from(bodies)), world, hidden)
            key = "isbn" if world.model is Book else "id"
            body[key] = data.draw(st.sampled_from([hidden, uuid.uuid4().hex]))
            created = world.ask("POST", "/things", body)
            if created.status_code == 201:
                assert world.ask("DELETE", created.headers["Location"]).status_code == 204
        else:
            read(world, kind, data)
    assert world.stored() == before


def write(world: World, data: st.DataObject) -> None:
    """Change or read a row of ada's, and one that is not there: the answers are the same."""
    hidden = data.draw(st.sampled_from(world.hidden))
    method = data.draw(st.sampled_from(["GET", "PATCH", "PUT", "DELETE"]))
    bodies = BOOK_BODIES if world.model is Book else NOTE_BODIES
    body = as_sent(data.draw(st.sampled_from(bodies)), world, hidden) if method[0] == "P" else None
    tag = data.draw(st.sampled_from(TAGS))
    name = "If-None-Match" if method == "GET" else "If-Match"
    told = []
    for key in (hidden, f"none{uuid.uuid4().hex}"):
        answer = world.ask(method, f"/things/{key}", body, headers={name: tag} if tag else {})
        assert answer.status_code in (400, 404, 422), answer.data
        problem = answer.get_json()
        told.append({**problem, "request_id": "", "instance": ""})
    assert told[0] == told[1]


def read(world: World, kind: str, data: st.DataObject) -> None:
    """Ask for many rows in a way that is to show more than one's own."""
    books = world.model is Book
    query: dict[str, Any] = {}
    if data.draw(st.booleans()):
        query["where"] = data.draw(wheres(world))
    path = {"list": "", "sample": "/sample", "stats": "/stats", "group": "/group/"}[kind]
    if kind == "stats":
        query["fields"] = "price,added_at" if books else "stars"
    elif kind == "group":
        path += data.draw(st.sampled_from(("tags", "price") if books else ("text", "stars", "author", "id")))
    elif kind == "list":
        way = st.sampled_from(["", *(("title", "-price") if books else ("text", "-stars"))])
        query |= {name: value for name, value in (("sort_by", data.draw(way)),) if value}
        cursor = data.draw(st.sampled_from([None, *world.cursors, "x", world.cursors[0][:-2] + "zz"]))
        if cursor:
            query["cursor"] = cursor
        query |= data.draw(st.sampled_from([{}, {"count": "exact"}, {"explain": "true"}]))
    answer = world.ask("GET", f"/things{path}", **query)
    if "cursor" in query and query["cursor"] != world.cursors[1]:
        assert answer.status_code == 400


def test_what_is_ones_own_is_reached(world: World) -> None:
    """Without it the others prove nothing."""
    assert world.ask("GET", f"/things/{world.own[0]}").status_code == 200
    listed = {one["isbn" if world.model is Book else "id"] for one in pages(world)}
    assert listed >= set(world.own)
    assert listed.isdisjoint(world.hidden)
    amount = "price" if world.model is Book else "stars"
    stats = world.ask("GET", "/things/stats", fields=amount).get_json()["stats"][amount]
    assert (stats["max"], stats["count"]) == (2, len(listed))
    changed = world.ask("PATCH", f"/things/{world.own[0]}", {amount: 7}, headers={"If-Match": '"1"'})
    assert changed.get_json()[amount] == 7
    seen = world.served("GET", f"/things/{world.hidden[0]}", by=world.ada)
    assert SECRET_TEXT in seen.get_data(as_text=True)


def pages(world: World) -> Iterator[Any]:
    """Yield all rows of eve's list."""
    path = "/things?limit=2"
    while path:
        answer = world.ask("GET", path)
        yield from answer.get_json()["items"]
        path = answer.headers.get("Link", "").partition('>; rel="next"')[0].rpartition("<")[2]
        path = path if 'rel="next"' in answer.headers.get("Link", "") else ""


def test_keys_cannot_be_guessed_in_bulk(world: World) -> None:
    for key in [*world.hidden, *(str(number) for number in range(20))]:
        assert world.ask("GET", f"/things/{key}").status_code == 404
        where = json.dumps({"isbn" if world.model is Book else "id": key})
        assert world.ask("GET", "/things", where=where).get_json()["items"] == []


def test_another_users_cursor_and_a_forged_one_are_refused(world: World) -> None:
    good = world.cursors[1]
    assert world.ask("GET", "/things", limit=1, cursor=good).status_code == 200
    payload, _, signature = good.rpartition(".")
    for bad in (
        world.cursors[0],
        f"{payload}x.{signature}",
        f"{payload}.{signature[::-1]}",
        payload,
        "x",
        ".",
    ):
        assert world.ask("GET", "/things", limit=1, cursor=bad).status_code == 400
    with_where = world.ask("GET", "/things", limit=1, cursor=good, where='{"$and": [{"price": 1}]}')
    assert with_where.status_code == 400


def test_a_row_is_not_moved_out_of_ones_sight(serve: Serve, owner: str, key: str) -> None:
    shared = serve(SharedNotes)
    created = shared("POST", "/things", {"id": key, "author": owner}, by=owner)
    assert created.status_code == 201
    for body in ({"author": "eve"}, {"author": "eve", "shared": False}):
        refused = shared("PATCH", f"/things/{key}", body, by=owner)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "OUT_OF_SCOPE")
        assert shared("PUT", f"/things/{key}", body, by=owner).status_code == 403
    for body in ({"id": f"{key}2", "author": "eve"}, {"id": f"{key}2", "author": "eve", "shared": False}):
        refused = shared("POST", "/things", body, by=owner)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "OUT_OF_SCOPE")
    given_away = shared("PATCH", f"/things/{key}", {"author": "eve", "shared": True}, by=owner)
    assert given_away.status_code == 200
    taken = shared("PATCH", f"/things/{key}", {"author": owner, "shared": False}, by=owner)
    assert taken.status_code == 200
    assert [note.id for note in Note.scan(Note.id.startswith(key))] == [key]
    Note.get(key).delete()


def test_a_key_of_anothers_that_is_everyones_is_taken(serve: Serve, owner: str, key: str) -> None:
    notes = serve(OwnedNotes)
    assert notes("POST", "/things", {"id": key}, by=owner).status_code == 201
    taken = notes("POST", "/things", {"id": key}, by="eve")
    assert (taken.status_code, taken.get_json()["code"]) == (409, "RESOURCE_EXISTS")
    assert Note.get(key).author == owner
