"""Many at once: each row is created once, no update is lost, and nobody changes what they may not."""

import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from libs.dynamodb.contention import ATTEMPTS
from libs.errors import (
    Conflict,
    Forbidden,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    ServiceUnavailable,
)
from libs.jwt import Caller
from libs.resource import IsOwner, Permission, Query, after, before
from libs.resource.tests.conftest import Made, Serve
from libs.resource.tests.library import BOOK, Book, BookResource, Note, NoteResource, Plain, PlainResource

ROOT = Path(__file__).parents[3]
PROCESSES = 8
INCREMENTS = int(os.environ.get("TEST_INCREMENTS", "100"))
"""Of each process; .ci may take more."""


def at_once(number: int, work: Callable[[int], Any]) -> list[Any]:
    """Call `work` in so many threads at the same moment; return what they return or raise."""
    barrier = threading.Barrier(number)

    def start(index: int) -> Any:
        barrier.wait()
        try:
            return work(index)
        except Problem as problem:
            return problem

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(start, range(number)))


@pytest.mark.parametrize("kind", [PlainResource, NoteResource])
@pytest.mark.parametrize("differ", [False, True])
def test_of_many_who_create_a_row_one_does(make: Made, key: str, kind: Any, *, differ: bool) -> None:
    resource = make(kind)
    told = at_once(
        8, lambda index: resource.create({"id": key, "author": "x", "text": str(index * differ)}, None)
    )
    created = [one for one in told if not isinstance(one, Problem)]
    assert len(created) == 1
    assert Counter(type(one) for one in told)[Conflict] == 7
    assert resource.retrieve(key, None)("text") == created[0].body("text")


def test_no_update_is_lost_between_processes(make: Made, key: str, library: Any) -> None:
    notes = make(NoteResource)
    notes.create({"id": key, "author": "x"}, None)
    environ = {
        **os.environ,
        "APP_SERVICE": "library",
        "APP_ENVIRONMENT": "test",
        "APP_DYNAMODB_REGION": library.dynamodb_region,
        "APP_DYNAMODB_ENDPOINT": library.dynamodb_endpoint,
        "APP_TABLE_PREFIX": library.table_prefix,
        "APP_JWT_ISSUER": "x",
        "APP_JWKS_URL": "http://127.0.0.1:1/",
    }
    arguments = ["-m", "libs.resource.tests.counting", key, str(PROCESSES), str(INCREMENTS)]
    late = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environ, stdout=subprocess.PIPE, check=True, timeout=600
    ).stdout
    row = notes.retrieve(key, None)
    assert (row("stars"), row("version")) == (PROCESSES * INCREMENTS, PROCESSES * INCREMENTS + 1)
    assert int(late), "they were never in each other's way, and the test shows nothing"


def test_one_who_has_seen_a_row_before_it_was_changed_does_not_change_it(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    served("POST", "/things", BOOK, by=owner)
    seen = served("GET", "/things/1", by=owner).headers["ETag"]

    def ask(method: str, body: Any, tag: str) -> int:
        return served(method, "/things/1", body, by=owner, headers={"If-Match": tag}).status_code

    assert ask("PATCH", {"price": 6}, seen) == 200
    for method, body in (("PATCH", {"price": 7}), ("PUT", {"title": "x"}), ("DELETE", None)):
        for tag in (seen, f"W/{seen}", '"x"', '"3"', f'"9", {seen}'):
            assert ask(method, body, tag) == 412, (method, tag)
        assert ask(method, body, "no tag") == 400
    assert served("GET", "/things/1", by=owner).get_json()["price"] == 6
    assert ask("PATCH", {"price": 7}, '"1", "2"') == 200
    assert ask("PATCH", {"price": 8}, "*") == 200
    assert ask("DELETE", None, '"4"') == 204
    # What is not there is not there, whatever the condition.
    assert {ask("PATCH", {"price": 7}, tag) for tag in ('"4"', '"x"', "*", 'W/"1"')} == {404}


def test_one_who_has_a_row_is_not_sent_it_again(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    served("POST", "/things", BOOK, by=owner)

    def ask(tag: str) -> Any:
        return served("GET", "/things/1", by=owner, headers={"If-None-Match": tag})

    tag = ask('"7"').headers["ETag"]
    known = ask(f'"7", W/{tag}')
    assert (known.status_code, known.data, known.headers["ETag"]) == (304, b"", tag)
    assert ask("*").status_code == 304
    assert ask('"1"').status_code == 200  # a version, of no shape
    served("PATCH", "/things/1", {"price": 6}, by=owner)
    assert ask(tag).status_code == 200


def test_a_condition_may_be_required(make: Made, ada: Caller) -> None:
    class Careful(BookResource):
        require_if_match = True
        permissions = (IsOwner("owner"),)

    books = make(Careful)
    books.create(BOOK, ada)
    for write in (
        lambda **tag: books.update("1", {"price": 1}, ada, **tag),
        lambda **tag: books.replace("1", {"title": "x"}, ada, **tag),
        lambda **tag: books.delete("1", ada, **tag),
    ):
        with pytest.raises(PreconditionRequired):
            write()
    assert books.update("1", {"price": 1}, ada, '"1"')("price") == 1


def test_a_model_without_a_version_has_weak_tags_that_match_nothing(serve: Serve, key: str) -> None:
    served = serve(PlainResource)
    created = served("POST", "/things", {"id": key, "text": "x", "size": {"a": 5.0, "b": [1, None]}})
    tag = created.headers["ETag"]
    assert tag.startswith('W/"')
    assert served("GET", f"/things/{key}").headers["ETag"] == tag
    assert served("GET", f"/things/{key}", headers={"If-None-Match": tag}).status_code == 304
    for body in ({"text": "y"}, {}):
        answer = served("PATCH", f"/things/{key}", body, headers={"If-Match": tag})
        assert answer.status_code in (412, 422)
    assert served("PATCH", f"/things/{key}", {"text": "y"}).headers["ETag"] != tag


def test_a_change_of_nothing_keeps_its_condition(make: Made, key: str) -> None:
    plain = make(PlainResource)
    plain.create({"id": key}, None)
    with pytest.raises(PreconditionFailed):
        plain.update(key, {}, None, '"1"')


class OwnersOnly(Permission):
    """Lets the author of a row change it; between the look and the write `rivals` do as they like."""

    rival: Callable[[], None] | None = None

    def has_object_permission(self, caller: Caller | None, action: str, item: Any) -> bool:
        allowed = caller is not None and bool(item.author == caller.subject)
        if self.rival is not None:
            self.rival()
        return allowed


@pytest.mark.parametrize("model", [Note, Plain])
@pytest.mark.parametrize("action", ["update", "replace", "delete"])
def test_a_permission_holds_for_the_row_that_is_written(
    make: Made, key: str, ada: Caller, model: Any, action: str
) -> None:
    """Also where the row has no version: eve takes it over after the permission looked at it."""
    judge = OwnersOnly()
    base = NoteResource if model is Note else PlainResource
    resource = make(type("Judged", (base,), {"permissions": (judge,)}))
    resource.create({"id": key, "author": ada.subject}, ada)

    def take_over() -> None:
        judge.rival = None
        model.get(key).update(actions=[model.author.set("eve"), model.text.set("of eve")])

    judge.rival = take_over
    arguments: tuple[Any, ...] = (ada,) if action == "delete" else ({"author": ada.subject, "text": "x"}, ada)
    with pytest.raises(Forbidden):
        getattr(resource, action)(key, *arguments)
    stored = model.get(key)
    assert (stored.author, stored.text) == ("eve", "of eve")


def test_a_change_by_others_that_matters_to_nobody_is_waited_out(make: Made, key: str, ada: Caller) -> None:
    judge = OwnersOnly()
    plain = make(type("Judged", (PlainResource,), {"permissions": (judge,)}))
    plain.create({"id": key, "author": ada.subject}, ada)
    calls: list[int] = []

    def scribble() -> None:
        calls.append(1)
        judge.rival = None if len(calls) == 3 else scribble
        Plain.get(key).update(actions=[Plain.text.set(f"scribble {len(calls)}")])

    judge.rival = scribble
    changed = plain.update(key, {"size": {"a": 1}}, ada)
    assert (changed("text"), len(calls)) == ("scribble 3", 3)
    calls.clear()
    judge.rival = lambda: (
        Plain.get(key).update(actions=[Plain.text.set(f"{calls.append(1)} {len(calls)}")]) and None
    )
    with pytest.raises(ServiceUnavailable):
        plain.update(key, {"size": {"a": 2}}, ada)
    assert len(calls) == ATTEMPTS


@pytest.mark.parametrize("mark", [before, after])
def test_what_a_hook_refuses_is_not_done_again(make: Made, key: str, mark: Any) -> None:
    calls: list[str] = []

    class Refusing(NoteResource):
        @mark("update")
        def refuse(self, item: Note) -> None:
            calls.append(item.id)
            raise PreconditionFailed("It is closed.")

    notes = make(Refusing)
    notes.create({"id": key, "author": "x"}, None)
    with pytest.raises(PreconditionFailed, match="closed"):
        notes.update(key, {"text": "y"}, None)
    assert (calls, notes.retrieve(key, None)("version")) == ([key], 1 if mark is before else 2)


def test_what_the_store_refuses_a_hook_is_not_done_again(make: Made, key: str, ada: Caller) -> None:
    """The hook writes another row, as it was seen; that one is in its way, and not the row of the request."""
    calls: list[str] = []

    class Following(NoteResource):
        @before("update")
        def follow(self, item: Note, caller: Caller) -> None:
            calls.append(item.id)
            self.store.update(
                {"id": {"S": other("id")}}, {"stars": 1}, self.admit("update", caller), seen=other
            )

    notes = make(Following)
    notes.create({"id": key, "author": "x"}, ada)
    other = notes.create({"id": f"{key} other", "author": "x"}, ada).body
    Note.get(other("id")).update(actions=[Note.stars.set(7)])
    with pytest.raises(PreconditionFailed):
        notes.update(key, {"text": "y"}, ada)
    assert calls == [key]


def test_a_row_deleted_under_ones_hands_is_gone(make: Made, ada: Caller) -> None:
    class Losing(BookResource):
        @before("update", "delete")
        def lose(self, item: Book) -> None:
            item.delete()

    books = make(Losing)
    for attempt in (lambda: books.update("1", {"price": 1}, ada), lambda: books.delete("1", ada)):
        books.create(BOOK, ada)
        with pytest.raises(NotFound):
            attempt()
    assert books.list(Query(), ada).rows == []


def test_many_who_change_other_fields_of_a_row_lose_nothing(make: Made, ada: Caller) -> None:
    books = make(BookResource)
    books.create(BOOK, ada)
    changes: list[dict[str, Any]] = [
        {"price": 9},
        {"title": "x"},
        {"lent": True},
        {"secret": "s"},
        {"tags": ["t"]},
    ]
    told = at_once(5, lambda index: books.update("1", changes[index], ada))
    assert not [one for one in told if isinstance(one, Problem)]
    row = books.retrieve("1", ada)
    assert {name: row(name) for change in changes for name in change} == {
        name: value for change in changes for name, value in change.items()
    }
    assert row("version") == 6
