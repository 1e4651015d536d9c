"""What of a resource is shown and taken, and what it is called."""

from typing import Any

import pytest
from marshmallow import ValidationError
from marshmallow.fields import String
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from libs.errors import InvalidBody
from libs.resource import ParameterNames, Parser, Serializer, parse_value, processor
from libs.resource.tests.conftest import Made, Serve
from libs.resource.tests.library import BOOK, Book, BookResource, NoteResource, PlainResource


class Short(Serializer):
    attributes = ("isbn", "title")

    def label(self, item: Book) -> str:
        """What is on its back."""
        return f"{item.title} ({item.isbn})"


class Priced(Short):
    include = ("price",)


def test_serializers_of_a_resource_and_of_its_actions(serve: Serve, owner: str) -> None:
    class Shown(BookResource):
        serializer = Short
        serializers = {"retrieve": Priced, "list": Priced}

    served = serve(Shown)
    short = {"isbn": "1", "title": "Emma", "label": "Emma (1)"}
    assert served("POST", "/things", BOOK, by=owner).get_json() == short
    assert served("GET", "/things/1", by=owner).get_json() == {**short, "price": 5}
    assert served("GET", "/things", by=owner).get_json()["items"] == [{**short, "price": 5}]
    assert served("GET", "/things/sample", by=owner).get_json()["items"] == [short]
    assert served("PATCH", "/things/1", {"price": 6}, by=owner).get_json() == short
    assert set(served.schema("Book")["properties"]) == set(short)
    listed = served.schema("BookPage")["properties"]["items"]["items"]["$ref"].rpartition("/")[2]
    assert served.schema(listed)["properties"]["label"] == {
        "type": "string",
        "description": "What is on its back.",
    }


class Trimming(Parser):
    exclude = ("lent",)
    envelope = "book"

    @parse_value("title")
    def trimmed(self, value: str) -> str:
        return value.strip()

    def secret(self, values: Any) -> str:
        return f"{len(values.get('title', ''))} characters"

    @processor
    def dear(self, values: dict[str, Any], item: Book | None) -> None:
        if values.get("price") == 13:
            raise ValidationError("An unlucky number.", "price")
        if item is not None:
            values["words"] = {item.title}


def test_a_parser_with_an_envelope(serve: Serve, owner: str) -> None:
    class Parsed(BookResource):
        parser = Trimming

    served = serve(Parsed)
    created = served("POST", "/things", {"book": {**BOOK, "title": " Emma "}}, by=owner)
    assert (created.get_json()["title"], created.get_json()["secret"]) == ("Emma", "4 characters")
    changed = served("PATCH", "/things/1", {"book": {"price": 7}}, by=owner).get_json()
    assert (changed["words"], changed["secret"], changed["price"]) == (["Emma"], "0 characters", 7)
    for body, pointer in (
        (BOOK, "/book"),
        ({"book": BOOK, "more": 1}, "/more"),
        ({"book": {**BOOK, "lent": True}}, "/book/lent"),
        ({"book": {**BOOK, "price": 13}}, "/book/price"),
        ({"book": {**BOOK, "title": ""}}, "/book/title"),
        ({"book": 1}, "/book"),
        ({}, "/book"),
    ):
        refused = served("POST", "/things", body, by=owner)
        assert refused.status_code == 422, body
        assert pointer in [fault["pointer"] for fault in refused.get_json()["errors"]]
    assert "lent" not in served.schema("NewBook")["properties"]["book"]["properties"]


def test_what_a_parser_sets_nobody_has_to_send(serve: Serve, key: str) -> None:
    class Signing(Parser):
        exclude = ("author",)

        def author(self, values: Any) -> str:
            return "the house"

    class Signed(NoteResource):
        parser = Signing

    served = serve(Signed)
    created = served("POST", "/things", {"id": key})
    assert (created.status_code, created.get_json().get("author")) == (201, "the house"), created.data
    assert served("PUT", f"/things/{key}", {"text": "x"}).get_json()["author"] == "the house"
    assert served.schema("NewNote")["required"] == ["id"]


class Guarded(Model):
    fields_rw = {"text": False, "author": (True, False), "size": (False, True)}

    class Meta:
        table_name = "plain"

    id = UnicodeAttribute(hash_key=True)
    author = UnicodeAttribute(null=True)
    text = UnicodeAttribute(null=True)
    size = UnicodeAttribute(null=True)


def test_what_may_be_read_and_written(make: Made) -> None:
    class Guarding(PlainResource):
        model = Guarded
        queryable = ()

    class Opened(Guarding):
        rest_rw = {"text": True, "author": (False, False)}

    class Settled(Guarding):
        rest_rw = {"text": True, "author": True}
        read_only, write_only, required = ("author",), ("size",), ("text",)

    taken = {"id", "size"}
    for kind, shown, new in (
        (Guarding, {"id", "author"}, taken),
        (Opened, {"id", "text"}, {*taken, "text"}),
        (Settled, {"id", "text", "author"}, {*taken, "text"}),
    ):
        schemas = kind.contribution(make(kind), "/guarded").schemas
        assert set(schemas["Guarded"]["properties"]) == shown
        assert set(schemas["NewGuarded"]["properties"]) == new
        assert set(schemas["GuardedChanges"]["properties"]) == new - {"id"}
    assert schemas["NewGuarded"]["required"] == ["id", "text"]
    assert schemas["GuardedReplacement"]["required"] == ["text"]


@pytest.mark.parametrize("name", ["form_rw", "rest_rw"])
def test_what_a_model_says_under_a_former_name_is_not_passed_over(make: Made, name: str) -> None:
    class Guarding(PlainResource):
        model = type("Former", (Guarded,), {name: {"text": False}})

    with pytest.raises(TypeError, match=rf"Guarding\.model: Former\.{name} is called fields_rw here"):
        make(Guarding)


def test_a_declared_field_cannot_leave_a_row_without_what_it_must_have(make: Made, key: str) -> None:
    class Lax(NoteResource):
        fields = {"author": String(allow_none=True)}

    notes = make(Lax)
    notes.create({"id": key, "author": "x"}, None)
    for write in (
        lambda: notes.create({"id": f"{key}2"}, None),
        lambda: notes.create({"id": f"{key}2", "author": None}, None),
        lambda: notes.update(key, {"author": None}, None),
        lambda: notes.replace(key, {"text": "x"}, None),
    ):
        with pytest.raises(InvalidBody) as caught:
            write()
        assert [fault.pointer for fault in caught.value.errors] == ["/author"]


def test_envelopes(serve: Serve, owner: str) -> None:
    class Wrapped(BookResource):
        single_envelope, list_envelope, meta_envelope = "book", "data", None

    served = serve(Wrapped)
    created = served("POST", "/things", BOOK, by=owner)
    assert (list(created.get_json()), created.headers["ETag"][:3]) == (["book"], '"1.')
    book = created.get_json()["book"]
    served("POST", "/things", {**BOOK, "isbn": "2"}, by=owner)
    assert served("GET", "/things/1", by=owner).get_json() == {"book": book}
    listed = served("GET", "/things", by=owner, limit=1)
    assert listed.get_json() == {"data": [book]}
    following = listed.headers["Link"].partition(">")[0].strip("<")
    assert [one["isbn"] for one in served("GET", following, by=owner).get_json()["data"]] == ["2"]
    assert served("GET", "/things/stats", by=owner, fields="price").get_json().keys() == {"stats"}
    assert served("GET", "/things/group/lent", by=owner).get_json().keys() == {"data"}
    changed = served("PATCH", "/things/1", {"price": 1}, by=owner, headers={"If-Match": '"1"'})
    assert changed.get_json()["book"]["price"] == 1


def test_parameter_names(serve: Serve, owner: str) -> None:
    class Renamed(BookResource):
        parameter_names = ParameterNames("q", "order", "n", "at", "p", "size", "total", "why")

    served = serve(Renamed)
    for number in range(3):
        served("POST", "/things", {**BOOK, "isbn": str(number)}, by=owner)
    page = served(
        "GET", "/things", by=owner, q='{"price": 5}', order="-title", n=2, total="exact", why="true"
    )
    assert page.status_code == 200, page.data
    meta = page.get_json()["meta"]
    assert (meta["total"], meta["explain"]["plan"]) == (3, "query")
    link = page.headers["Link"].partition(">")[0].strip("<")
    rest = served("GET", link, by=owner).get_json()
    assert ([one["isbn"] for one in rest["items"]], rest["meta"]["total"]) == (["2"], 3)
    assert len(served("GET", "/things", by=owner, p=2, size=2).get_json()["items"]) == 1
    sized = served("GET", "/things", by=owner, size=1)
    assert (len(sized.get_json()["items"]), "n=1&" in sized.headers["Link"]) == (1, True)
    for query in (
        {"q": "{"}, {"q": '{"x": 1}'}, {"order": "x"}, {"n": 0}, {"at": "x"}, {"p": 9999}, {"size": 0},
        {"total": "x"}, {"why": "x"}, {"where": "{}"}, {"limit": 1},
    ):  # fmt: skip
        refused = served("GET", "/things", by=owner, **query)
        assert refused.status_code == 400, query
        assert {fault["parameter"] for fault in refused.get_json()["errors"]} == set(query)
