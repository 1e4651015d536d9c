"""A contract that has been read: OpenAPI 3.1, and where each part was written."""

import time

import pytest

from libs.api.document.errors import ContractError
from libs.api.document.files import MAX_BYTES
from libs.api.document.source import read_document, read_source
from libs.errors import pointer, steps_of

SHOP = """
    openapi: 3.1.0
    info: {title: Shop, version: '1'}
    paths:
      /books/{id}:
        get:
          parameters:
            - name: id
              in: path
              required: true
              schema: {type: string}
          responses:
            200:
              description: ok
    components:
      schemas:
        Book:
          type: object
          properties:
            title: {type: string}
            pages:
              type: integer
"""


@pytest.mark.parametrize(
    ("way", "line"),
    [
        ((), 1),
        (("info",), 2),
        (("info", "title"), 2),
        (("paths", "/books/{id}"), 4),
        (("paths", "/books/{id}", "get", "parameters", 0), 7),
        (("paths", "/books/{id}", "get", "parameters", 0, "schema", "type"), 10),
        (("paths", "/books/{id}", "get", "responses", "200", "description"), 13),
        (("paths", "/books/{id}", "get", "responses", "404", "content"), 11),
        (("paths", "/books/{id}", "get", "parameters", 7), 6),
        (("components", "schemas", "Book", "properties", "pages", "type"), 21),
        (("components", "schemas", "Problem", "type"), 15),
        (("nowhere",), 1),
    ],
)
def test_a_pointer_has_its_line_or_that_of_the_nearest_part_around_it(way, line, read):
    source = read(SHOP)
    assert source.place(pointer(*way)) == f"shop.yaml:{line}"


def test_places_stay_when_the_document_is_changed(read):
    source = read(SHOP)
    source.document["paths"]["/new"] = source.document["paths"].pop("/books/{id}")
    assert source.place("/paths/~1books~1{id}/get") == "shop.yaml:5"
    assert source.place("/paths/~1new/get") == "shop.yaml:3"


def test_json_has_places_too(written):
    path = written(
        {"shop.json": '{"openapi": "3.1.0",\n "info": {"title": "S",\n "version": "1"},\n "paths": {}}'}
    )
    assert read_source(path).place("/info/version") == "shop.json:3"


def test_a_pointer_is_steps_with_two_characters_escaped():
    assert pointer("a/b", 0, "c~d", "~1") == "/a~1b/0/c~0d/~01"
    assert steps_of("/a~1b/0/c~0d/~01") == ["a/b", "0", "c~d", "~1"]
    assert steps_of(pointer()) == []
    with pytest.raises(ValueError, match="begin with"):
        steps_of("a")


def test_no_part_is_in_two_places(read):
    document = read("""
        openapi: 3.1.0
        info: {title: Shop, version: '1'}
        paths:
          /a: {get: &get {responses: {200: &ok {description: ok}}}}
          /b: {get: *get, post: {responses: {200: *ok}}}
    """).document
    document["paths"]["/a"]["get"]["responses"]["200"]["description"] = "changed"
    assert document["paths"]["/b"]["get"]["responses"]["200"]["description"] == "ok"


def test_what_cannot_be_read_is_told(tmp_path):
    with pytest.raises(ContractError, match=r"none.yaml: cannot be read: No such file or directory"):
        read_document(tmp_path / "none.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(ContractError, match="cannot be read"):
        read_document(tmp_path / "folder.yaml")


def test_a_file_is_text_in_utf_8(written):
    path = written({"shop.yaml": b"openapi: 3.1.0\ninfo: \xff\n"})
    with pytest.raises(ContractError, match=r"^shop.yaml:2: is not text in UTF-8$"):
        read_document(path)
    path = written(
        {"shop.yaml": "\ufeffopenapi: 3.1.0\ninfo: {title: é, version: '1'}\npaths: {}\n".encode()}
    )
    assert read_document(path)["info"]["title"] == "é"


def test_a_file_has_a_largest_size(written):
    path = written({"shop.yaml": b"#" * (MAX_BYTES + 1)})
    with pytest.raises(ContractError, match=r"^shop.yaml:1: is larger than 10,485,760 bytes$"):
        read_document(path)


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_a_large_contract_is_read_in_seconds(suffix, tmp_path):
    import json

    schemas = {
        f"S{n}": {
            "type": "object",
            "properties": {f"p{i}": {"type": "string", "maxLength": i} for i in range(20)},
        }
        for n in range(1500)
    }
    document = {"openapi": "3.0.3", "info": {"title": "L", "version": "1"}, "paths": {}}
    path = tmp_path / f"large.{suffix}"
    path.write_text(json.dumps({**document, "components": {"schemas": schemas}}, indent=1))
    assert path.stat().st_size > 2_000_000
    start = time.process_time()
    assert len(read_document(path)["components"]["schemas"]) == 1500
    assert time.process_time() - start < 20
