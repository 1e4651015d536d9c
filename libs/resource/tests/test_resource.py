"""A resource, driven by plain arguments: no HTTP, no application."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pynamodb.models import Model

from libs.api import dump_json
from libs.errors import Conflict, Forbidden, InvalidBody, NotFound
from libs.jwt import Caller
from libs.resource import Create, CursorSigner, List, OwnedBy, ReadOnly, Retrieve

Resource = Any


@pytest.fixture
def ada(owner: str) -> Caller:
    return Caller(owner)


def test_what_is_created_is_answered_and_can_be_found(resource: Resource, ada: Caller) -> None:
    answer = resource.create({"isbn": "1", "title": "Emma", "price": 5}, ada)
    assert answer.headers == {"Location": "/books/1"}
    book = answer.body
    assert {key: book[key] for key in ("isbn", "title", "price", "lent", "lent_at")} == {
        "isbn": "1", "title": "Emma", "price": 5.0, "lent": False, "lent_at": None,
    }  # fmt: skip
    assert book["added_at"] == book["changed_at"]
    assert book["added_at"].endswith("Z")
    assert resource.retrieve("1", ada) == book
    assert resource.list(10, None, ada) == {"items": [book], "next": None}


def test_a_key_is_taken_once(resource: Resource, ada: Caller) -> None:
    resource.create({"isbn": "1", "title": "Emma"}, ada)
    with pytest.raises(Conflict):
        resource.create({"isbn": "1", "title": "Emma"}, ada)


def test_a_change_touches_what_was_sent_and_the_time_of_change(resource: Resource, ada: Caller) -> None:
    before = resource.create({"isbn": "1", "title": "Emma", "price": 5}, ada).body
    after = resource.update("1", {"lent": True, "lent_at": "2026-01-01T01:00:00+01:00"}, ada)
    assert after == {
        **before,
        "lent": True,
        "lent_at": "2026-01-01T00:00:00Z",
        "changed_at": after["changed_at"],
    }
    assert after["changed_at"] > before["changed_at"]
    assert resource.update("1", {"price": None, "lent_at": None}, ada)["price"] is None
    assert resource.retrieve("1", ada)["lent_at"] is None


def test_what_is_deleted_is_gone(resource: Resource, ada: Caller) -> None:
    resource.create({"isbn": "1", "title": "Emma"}, ada)
    assert resource.delete("1", ada).status == 204
    for gone in (
        lambda: resource.retrieve("1", ada),
        lambda: resource.delete("1", ada),
        lambda: resource.update("1", {"lent": True}, ada),
    ):
        with pytest.raises(NotFound):
            gone()


def test_strangers_see_and_change_nothing(resource: Resource, ada: Caller) -> None:
    book = resource.create({"isbn": "1", "title": "Emma"}, ada).body
    eve = Caller("eve")
    for attempt in (
        lambda: resource.retrieve("1", eve),
        lambda: resource.delete("1", eve),
        lambda: resource.update("1", {"title": "stolen"}, eve),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert resource.list(10, None, eve)["items"] == []
    assert resource.retrieve("1", ada) == book


def test_every_fault_of_a_body_is_named(resource: Resource, ada: Caller) -> None:
    with pytest.raises(InvalidBody) as caught:
        resource.create({"title": "", "price": "much", "owner": "eve", "added_at": "2026-01-01"}, ada)
    pointers = {fault.pointer for fault in caught.value.errors}
    assert pointers == {"/isbn", "/title", "/price", "/owner", "/added_at"}


@pytest.mark.parametrize("name", ["isbn", "owner", "added_at", "colour"])
def test_keys_and_what_is_read_only_cannot_be_changed(resource: Resource, ada: Caller, name: str) -> None:
    before = resource.create({"isbn": "1", "title": "Emma"}, ada).body
    with pytest.raises(InvalidBody) as caught:
        resource.update("1", {name: "2026-01-01T00:00:00Z"}, ada)
    assert [fault.pointer for fault in caught.value.errors] == [f"/{name}"]
    assert resource.retrieve("1", ada) == before


def test_what_was_stored_before_a_rule_was_tightened_is_still_shown(
    resource: Resource, book: type[Model], ada: Caller
) -> None:
    book(ada.subject, "1", title="x" * 1000).save()
    assert resource.retrieve("1", ada)["title"] == "x" * 1000


def test_permissions_are_asked_with_the_name_of_the_action(
    resource_class: type[Any], tables: object, ada: Caller
) -> None:
    class Shelf(resource_class):  # type: ignore[misc]
        permissions = (ReadOnly(),)

    shelf = Shelf(CursorSigner("x" * 32))
    assert shelf.list(10, None, ada)["items"] == []
    with pytest.raises(NotFound):
        shelf.retrieve("1", ada)
    for refused in (
        lambda: shelf.create({"isbn": "1", "title": "Emma"}, ada),
        lambda: shelf.update("1", {"title": "Emma"}, ada),
        lambda: shelf.delete("1", ada),
    ):
        with pytest.raises(Forbidden):
            refused()


def test_a_resource_has_the_actions_it_is_made_of(book: type[Model]) -> None:
    class AudioBook(List, Create, Retrieve):
        model = book
        scope = OwnedBy("owner")

    contribution = AudioBook(CursorSigner("x" * 32)).contribution("/audio")
    assert {path: set(item) for path, item in contribution.paths.items()} == {
        "/audio": {"get", "post"},
        "/audio/{key}": {"get"},
    }
    assert set(contribution.functions) == {"list_books", "create_book", "get_book"}


def test_the_document_says_what_is_taken_and_what_is_shown(resource: Resource) -> None:
    schemas = resource.contribution("/books").schemas
    shown = {"isbn", "title", "price", "lent", "lent_at", "added_at", "changed_at"}
    taken = shown - {"added_at", "changed_at"}
    assert set(schemas["Book"]["properties"]) == set(schemas["Book"]["required"]) == shown
    assert set(schemas["NewBook"]["properties"]) == taken
    assert set(schemas["NewBook"]["required"]) == {"isbn", "title"}
    assert set(schemas["BookChanges"]["properties"]) == taken - {"isbn"}
    assert schemas["BookChanges"]["minProperties"] == 1
    assert schemas["NewBook"]["properties"]["title"]["maxLength"] == 50
    assert "maxLength" not in schemas["Book"]["properties"]["title"]
    assert all(one["additionalProperties"] is False for one in schemas.values())


moments = st.datetimes(timezones=st.timezones()).map(lambda one: one.isoformat())
values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=60), moments, st.lists(st.none())
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(
        st.sampled_from(["title", "price", "lent", "lent_at", "isbn", "x"]), values, max_size=4
    )
)
def test_whatever_is_sent_is_stored_and_shown_or_refused(
    resource: Resource, ada: Caller, changes: dict[str, Any]
) -> None:
    try:
        resource.create({"isbn": "1", "title": "Emma"}, ada)
    except Conflict:
        assert resource.retrieve("1", ada)
    try:
        shown = resource.update("1", changes, ada)
    except InvalidBody:
        return
    assert json.loads(dump_json(shown)) == shown
    assert resource.retrieve("1", ada) == shown
