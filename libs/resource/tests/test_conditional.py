"""If-Match and If-None-Match over HTTP, in the order of RFC 9110 section 13.2.2; and tags across deploys."""

from typing import Any

import pytest

from libs.errors import PreconditionFailed
from libs.jwt import Caller
from libs.resource import Serializer, around, before
from libs.resource.etag import Conditions
from libs.resource.tests.conftest import Made, Serve, Served
from libs.resource.tests.library import (
    BOOK,
    NOTE,
    Book,
    BookResource,
    Note,
    NoteResource,
    Plain,
    PlainResource,
)

WRITES = (("PATCH", {"price": 7}), ("PUT", {"title": "x"}), ("DELETE", None))


@pytest.fixture
def books(serve: Serve, owner: str) -> Served:
    served = serve(BookResource)
    served("POST", "/things", BOOK, by=owner)
    return served


def test_a_write_is_not_made_of_what_one_wants_to_be_gone(books: Served, owner: str) -> None:
    tag = books("GET", "/things/1", by=owner).headers["ETag"]
    for method, body in WRITES:
        for unwanted in ("*", tag, f"W/{tag}", f'"7", {tag}'):
            answer = books(method, "/things/1", body, by=owner, headers={"If-None-Match": unwanted})
            assert (answer.status_code, answer.get_json()["code"]) == (412, "PRECONDITION_FAILED")
        refused = books(method, "/things/1", body, by=owner, headers={"If-None-Match": "no tag"})
        assert refused.status_code == 400
        assert "If-None-Match" in refused.get_data(as_text=True)
        absent = books(method, "/things/2", body, by=owner, headers={"If-None-Match": "*"})
        assert absent.status_code == 404
    assert books("GET", "/things/1", by=owner).headers["ETag"] == tag
    changed = books("PATCH", "/things/1", {"price": 7}, by=owner, headers={"If-None-Match": '"7", "x"'})
    assert changed.status_code == 200
    gone = books("DELETE", "/things/1", by=owner, headers={"If-None-Match": tag})
    assert gone.status_code == 204


def test_a_write_is_made_on_both_conditions(books: Served, owner: str) -> None:
    tag = books("GET", "/things/1", by=owner).headers["ETag"]
    for match, none_match, status in (
        (tag, tag, 412),
        ('"7"', '"7"', 412),
        ("*", tag, 412),
        (tag, '"7"', 200),
    ):
        headers = {"If-Match": match, "If-None-Match": none_match}
        assert books("PATCH", "/things/1", {"price": 8}, by=owner, headers=headers).status_code == status


def test_a_row_without_a_version_is_told_by_all_it_holds(serve: Serve, key: str) -> None:
    served = serve(PlainResource)
    tag = served("POST", "/things", {"id": key, "text": "x"}).headers["ETag"]

    def write(method: str, body: Any) -> int:
        return served(method, f"/things/{key}", body, headers={"If-None-Match": tag}).status_code

    assert write("PATCH", {"text": "y"}) == write("DELETE", None) == 412
    Plain.get(key).update(actions=[Plain.text.set("z")])
    assert write("PATCH", {"text": "y"}) == 200
    assert write("DELETE", None) == 204


@pytest.mark.parametrize("base", [NoteResource, PlainResource])
def test_what_is_written_is_what_was_held_against_the_condition(
    make: Made, key: str, ada: Caller, base: Any
) -> None:
    """Others make it, between the look and the write, what the client does not want it to be."""
    rivals: list[str] = []

    class Rivalled(base):  # type: ignore[misc]
        @before("update")
        def others(self, caller: Caller) -> None:
            if rivals:
                self.store.update({"id": {"S": key}}, {"text": rivals.pop()}, self.admit("update", caller))

    resource = make(Rivalled)
    resource.create({"id": key, "author": "x", "text": "a"}, ada)
    unwanted = resource.update(key, {"text": "unwanted"}, ada)
    tag = resource.conditional.tag("retrieve", unwanted, resource.answers.result("retrieve", unwanted))
    model = Note if base is NoteResource else Plain
    resource.update(key, {"text": "b"}, ada)
    if base is PlainResource:
        rivals.append("unwanted")
        with pytest.raises(PreconditionFailed):
            resource.update(key, {"text": "c"}, ada, Conditions(if_none_match=str(tag)))
        assert model.get(key).text == "unwanted"
        resource.update(key, {"text": "b"}, ada)
    # What others write that does matter to nobody is waited out.
    rivals.append("d")
    resource.update(key, {"text": "c"}, ada, Conditions(if_none_match=str(tag)))
    assert (model.get(key).text, rivals) == ("c", [])


def test_what_is_read_is_what_was_asked_for(books: Served, owner: str) -> None:
    def read(method: str, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return books(method, "/things/1", by=owner, headers=named)

    tag = read("GET").headers["ETag"]
    for method in ("GET", "HEAD"):
        for match in (tag, "*", '"1"', f'"7", {tag}', '"1.00000000"'):
            assert read(method, If_Match=match).status_code == 200
        for match in ('"2"', f"W/{tag}", '"x"'):
            refused = read(method, If_Match=match)
            assert refused.status_code == 412
            # If-Match comes first.
            assert read(method, If_Match=match, If_None_Match=tag).status_code == 412
        assert read(method, If_Match="x").status_code == 400
        assert read(method, If_Match=tag, If_None_Match=tag).status_code == 304
        assert books(method, "/things/2", by=owner, headers={"If-Match": tag}).status_code == 404


def test_a_reading_that_is_no_row_is_held_against_no_match(serve: Serve, key: str) -> None:
    class Other(NoteResource):
        @around("retrieve")
        def told(self, call: Any) -> Any:
            return {**NOTE, "id": call()("id")}

    served = serve(Other)
    tag = served("POST", "/things", {"id": key, "author": "ada"}).headers["ETag"]
    for match in (tag, "*", '"7"'):
        answer = served("GET", f"/things/{key}", headers={"If-Match": match})
        assert (answer.status_code, answer.get_json()) == (200, {**NOTE, "id": key})
        assert "ETag" not in answer.headers
    assert served("GET", f"/things/{key}", headers={"If-Match": "x"}).status_code == 400


class Longer(Serializer):
    """Shows one key more, which a deploy brings."""

    def shelf(self, item: Book) -> str:
        return "A"


@pytest.mark.parametrize(
    "settings",
    [
        {"write_only": ("secret",)},
        {"single_envelope": "book"},
        {"serializer": Longer},
    ],
    ids=["fewer", "envelope", "computed"],
)
def test_after_a_deploy_that_shows_otherwise_nothing_is_known_and_all_can_be_changed(
    serve: Serve, owner: str, settings: dict[str, Any]
) -> None:
    earlier = serve(BookResource)
    tag = earlier("POST", "/things", BOOK, by=owner).headers["ETag"]
    assert (
        serve(BookResource)("GET", "/things/1", by=owner, headers={"If-None-Match": tag}).status_code == 304
    )
    later = serve(type("Later", (BookResource,), {**settings, "noun": "Book"}))
    shown = later("GET", "/things/1", by=owner, headers={"If-None-Match": tag})
    assert shown.status_code == 200
    assert shown.get_json() != earlier("GET", "/things/1", by=owner).get_json()
    for headers in ({"If-Match": tag}, {"If-Match": shown.headers["ETag"].replace('"1.', '"2.')}):
        assert later("PATCH", "/things/1", {"price": 6}, by=owner, headers=headers).status_code == 200
    assert later("PATCH", "/things/1", {"price": 7}, by=owner, headers={"If-Match": tag}).status_code == 412


def test_a_weak_tag_is_of_a_shape_too(serve: Serve, key: str) -> None:
    tag = serve(PlainResource)("POST", "/things", {"id": key, "text": "x"}).headers["ETag"]
    later = serve(type("Later", (PlainResource,), {"write_only": ("size",), "noun": "Plain"}))
    assert later("GET", f"/things/{key}", headers={"If-None-Match": tag}).status_code == 200


def test_the_document_says_which_conditions_there_are(books: Served) -> None:
    row = books.document["paths"]["/things/{key}"]
    for method in ("get", "patch", "put", "delete"):
        names = [one["name"] for one in row[method]["parameters"] if one["in"] == "header"]
        assert names == ["If-Match", "If-None-Match"]
        assert "412" in row[method]["responses"]
