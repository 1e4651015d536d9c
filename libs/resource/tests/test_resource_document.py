"""The OpenAPI document of a resource: valid, complete, and true."""

from collections import Counter
from typing import Any

import pytest
from marshmallow.fields import Integer, String
from marshmallow.validate import Length, OneOf, Range
from openapi_spec_validator import OpenAPIV31SpecValidator

from libs.resource import HasScopes, Parser, Serializer, Totals, around, describe
from libs.resource.tests.conftest import Serve, Served
from libs.resource.tests.library import Book, BookResource, NoteResource, StockResource


class Wrapping(Parser):
    envelope = "book"


class Labelled(Serializer):
    def label(self, item: Book) -> str | None:
        """What is on its back."""
        return item.title


class Full(BookResource):
    """Everything that can be switched on."""

    permissions = (HasScopes("books:write", actions=("create",)),)
    public = ("list",)
    parser = Wrapping
    serializer = Labelled
    serializers = dict.fromkeys(("list", "retrieve", "sample"), Labelled)
    parsers = {"update": Parser}
    single_envelope, list_envelope = "book", "data"
    totals = Totals(counts=("lent",), sums=("price",))
    require_if_match = True
    tag = "shelf"
    required = ("price",)
    write_only = ("secret",)
    default_sort = "-added_at"
    fields = {
        **BookResource.fields,
        "price": Integer(
            strict=True, validate=Range(1, 9), metadata={"examples": [5], "description": "Euro."}
        ),
        "secret": String(validate=[Length(max=8), OneOf(["a", "b"])]),
    }

    @describe(summary="Look one up", deprecated=True)
    def retrieve(self, key: Any, caller: Any) -> Any:
        return super().retrieve(key, caller)


@pytest.fixture
def full(serve: Serve) -> Served:
    return serve(Full, notes=NoteResource, stock=StockResource)


def operations(served: Served) -> dict[str, Any]:
    return {
        node["operationId"]: node
        for item in served.document["paths"].values()
        for method, node in item.items()
        if method != "parameters"
    }


@pytest.mark.parametrize("kind", [BookResource, Full, NoteResource, StockResource])
def test_it_is_valid_as_it_is_served(serve: Serve, kind: Any) -> None:
    OpenAPIV31SpecValidator(serve(kind)("GET", "/openapi.json").get_json()).validate()


def test_it_is_valid_with_several_resources_and_everything_on(full: Served) -> None:
    OpenAPIV31SpecValidator(full.document).validate()
    ids = [node["operationId"] for item in full.document["paths"].values() for node in item.values()]
    assert [one for one, times in Counter(ids).items() if times > 1] == []
    assert {"list_books", "create_book", "get_book", "update_book", "replace_book", "delete_book"} <= set(ids)
    assert {"group_books", "measure_books", "sample_books", "list_notes", "list_stocks"} <= set(ids)


def test_every_reference_leads_somewhere_and_every_schema_is_used(full: Served) -> None:
    text = str(full.document)
    for name in full.document["components"]["schemas"]:
        if name.startswith(("Book", "NewBook", "Note", "NewNote", "Stock", "NewStock")):
            assert f"'#/components/schemas/{name}'" in text, name


def test_who_may_do_what(full: Served) -> None:
    found = operations(full)
    assert found["list_books"]["security"] == [{}, {"bearer": []}, {"cookie": []}]
    assert "security" not in found["get_book"]
    assert full.document["security"] == [{"bearer": []}]


def test_operations_are_grouped(full: Served) -> None:
    found = operations(full)
    assert {tuple(one["tags"]) for name, one in found.items() if "book" in name} == {("shelf",)}
    assert found["list_notes"]["tags"] == ["Note"]


def test_what_is_told_of_fields(full: Served) -> None:
    new = full.schema("NewBook")["properties"]["book"]
    assert (full.schema("NewBook")["required"], new["required"]) == (["book"], ["isbn", "price", "title"])
    assert new["properties"]["title"]["examples"] == ["Emma"]
    assert (new["properties"]["title"]["minLength"], new["properties"]["title"]["maxLength"]) == (1, 50)
    price = new["properties"]["price"]
    assert (price["minimum"], price["maximum"], price["description"]) == (1, 9, "Euro.")
    assert new["properties"]["secret"]["enum"] == ["a", "b"]
    assert {"owner", "version", "added_at"}.isdisjoint(new["properties"])
    changes = full.schema("BookChanges")
    assert "isbn" not in changes["properties"]
    assert (changes["minProperties"], changes.get("required")) == (1, None)
    shown = full.schema("Book")
    assert set(shown["required"]) == set(shown["properties"])
    assert "secret" not in shown["properties"]
    assert shown["properties"]["label"]["type"] == ["string", "null"]
    assert full.schema("BookEnvelope")["required"] == ["book"]
    for name in ("Book", "BookChanges", "NewBook"):
        assert full.schema(name)["additionalProperties"] is False


def test_parameters_say_what_they_take(full: Served) -> None:
    found = operations(full)
    listed = {one["name"]: one for one in found["list_books"]["parameters"]}
    assert listed.keys() == {
        "where", "sort_by", "limit", "cursor", "page", "page_size", "count", "explain",
    }  # fmt: skip
    assert (listed["limit"]["schema"]["maximum"], listed["limit"]["schema"]["minimum"]) == (50, 1)
    group = {one["name"]: one for one in found["group_books"]["parameters"]}
    assert group["field"]["schema"]["enum"] == ["lent", "tags", "price"]
    stats = {one["name"]: one for one in found["measure_books"]["parameters"]}
    assert stats["fields"]["schema"]["items"]["enum"] == ["price", "added_at"]
    for name in ("update_book", "replace_book", "delete_book"):
        assert "If-Match" in {one["name"] for one in found[name]["parameters"]}
    assert "sort_by" not in {one["name"] for one in found["list_stocks"]["parameters"]}
    assert "where" not in {one["name"] for one in found["list_stocks"]["parameters"]}


def test_answers_say_what_they_are(full: Served) -> None:
    found = operations(full)
    assert set(found["create_book"]["responses"]["201"]["headers"]) == {"Location", "ETag"}
    assert set(found["list_books"]["responses"]["200"]["headers"]) >= {"Link"}
    assert "304" in found["get_book"]["responses"]
    assert (found["get_book"]["summary"], found["get_book"]["deprecated"]) == ("Look one up", True)
    for name, node in found.items():
        if "book" in name:
            assert "default" in node["responses"], name


def test_examples_are_examples(full: Served) -> None:
    for name, node in operations(full).items():
        if "book" in name and node["responses"].get("200"):
            for one in node.get("parameters", []):
                if "example" in one and one["name"] == "where":
                    answer = full("GET", "/things", where=one["example"])
                    assert answer.status_code == 200, (name, answer.data)
                if "example" in one and one["name"] == "sort_by" and name == "list_books":
                    assert full("GET", "/things", sort_by=one["example"]).status_code == 200


def test_every_operation_answers_as_it_says(serve: Serve, owner: str) -> None:
    """`validate_answers` is on: an answer that breaks the document is a 500."""

    class Open(Full):
        permissions = ()

    served = serve(Open)
    body = {"book": {"isbn": "1", "title": "Emma", "price": 5, "size": {"a": [1, None]}}}
    assert served("POST", "/things", body, by=owner).status_code == 201
    requests: list[tuple[str, str, Any, dict[str, str]]] = [
        ("GET", "/things", None, {}),
        ("GET", "/things?count=exact&explain=true&sort_by=title", None, {}),
        ("GET", "/things/1", None, {}),
        ("GET", "/things/group/price?explain=true", None, {}),
        ("GET", "/things/stats?fields=price,added_at&explain=true", None, {}),
        ("GET", "/things/sample?explain=true", None, {}),
        ("PATCH", "/things/1", {"price": 6}, {"If-Match": "*"}),
        ("PUT", "/things/1", {"book": {"title": "x", "price": 7}}, {"If-Match": "*"}),
        ("DELETE", "/things/1", None, {"If-Match": "*"}),
        ("GET", "/things", None, {}),
        ("GET", "/things/stats?fields=price,added_at", None, {}),
    ]
    for method, path, sent, headers in requests:
        answer = served(method, path, sent, by=owner, headers=headers)
        assert answer.status_code in (200, 204), (method, path, answer.data)


def test_headers_are_promised_where_the_answer_is_sure_to_be_ours(serve: Serve) -> None:
    class Own(NoteResource):
        @around("create")
        def told(self, call: Any) -> Any:
            return call()

        def retrieve(self, key: Any, caller: Any) -> Any:
            return {}

    found = operations(serve(Own))
    promised = {
        (name, header): node["required"]
        for name, status in (("create_note", "201"), ("get_note", "200"), ("update_note", "200"))
        for header, node in found[name]["responses"][status]["headers"].items()
    }
    assert promised == {
        ("create_note", "Location"): False,
        ("create_note", "ETag"): False,
        ("get_note", "ETag"): False,
        ("update_note", "ETag"): True,
    }
