"""References: to other files, to anywhere in a document, in circles, and to nowhere."""

# ruff: noqa: E501 - a table of contracts reads better in lines

import openapi_spec_validator
import pytest

from libs.api.document.references import reference_faults, resolve

HEAD = "openapi: 3.1.0\ninfo: {title: Shop, version: '1'}\n"
GET = HEAD + "paths:\n  /a:\n    get:\n      responses:\n        200:\n          description: ok\n"
BODY = GET + "          content: {application/json: {schema: {$ref: '%s'}}}\n"


def schema_of(document):
    return document["paths"]["/a"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]


def test_parts_of_other_files_are_brought_in(written):
    from libs.api.document.source import read_source

    path = written({
        "shop.yaml": HEAD + """
paths:
  /books: {$ref: paths/books.yaml}
  /books/{id}:
    $ref: 'paths/book.json#/item'
    summary: One book
components:
  schemas:
    Book: {$ref: 'models/book.yaml'}
""",
        "paths/books.yaml": """
            get:
              operationId: list
              parameters: [{$ref: '../common.yaml#/parameters/limit'}]
              responses:
                200: {$ref: '../common.yaml#/responses/Books'}
            """,
        "paths/book.json": '{"item": {"parameters": [{"name": "id", "in": "path", "required": true, "schema": {}}],'
        '"get": {"responses": {"200": {"description": "ok", "content": {"application/json":'
        '{"schema": {"$ref": "../shop.yaml#/components/schemas/Book"}}}}}}}}',
        "common.yaml": """
            parameters:
              limit: {name: limit, in: query, schema: {$ref: '#/Limit'}}
            Limit: {type: integer}
            responses:
              Books:
                description: ok
                content: {application/json: {schema: {type: array, items: {$ref: models/book.yaml}}}}
            """,
        "models/book.yaml": """
            type: object
            properties:
              author: {$ref: 'author.yaml'}
              next: {$ref: '#'}
              title: {$ref: '../models/book.yaml#/$defs/title'}
            $defs:
              title: {type: string}
            """,
        "models/author.yaml": "properties: {books: {type: array, items: {$ref: book.yaml}}}",
    })  # fmt: skip
    source = read_source(path)
    document = source.document
    openapi_spec_validator.OpenAPIV31SpecValidator(document).validate()
    assert reference_faults(document) == []
    assert sorted(document["components"]["schemas"]) == ["Book", "Limit", "author", "book", "title"]
    assert document["paths"]["/books/{id}"]["summary"] == "One book"
    one = document["paths"]["/books/{id}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert one == {"$ref": "#/components/schemas/Book"}
    book = resolve(one, document)
    assert book["properties"]["next"] == {"$ref": "#/components/schemas/book"}
    assert book["properties"]["author"] == {"$ref": "#/components/schemas/author"}
    assert resolve(document["paths"]["/books"]["get"]["parameters"][0], document)["name"] == "limit"
    assert source.place("/paths/~1books/get/operationId") == "paths/books.yaml:2"
    assert source.place("/components/schemas/author/properties/books") == "models/author.yaml:1"


def test_what_is_referred_to_twice_is_brought_in_once_and_a_taken_name_gets_a_number(read):
    document = read(
        BODY % "more.yaml#/Book"
        + "components: {schemas: {Book: {type: string}, B: {$ref: 'more.yaml#/Book'}}}\n",
        more__yaml="Book: {type: integer}\n",
    ).document
    assert (
        schema_of(document)
        == document["components"]["schemas"]["B"]
        == {"$ref": "#/components/schemas/Book_2"}
    )
    assert document["components"]["schemas"]["Book_2"] == {"type": "integer"}
    assert len(document["components"]["schemas"]) == 3


def test_a_schema_elsewhere_in_the_document_becomes_a_component(read):
    text = BODY % "#/components/schemas/A" + (
        "  /b: {get: {responses: {200: {description: ok, content: {a/b: {schema: {$ref: "
        "'#/paths/~1a/get/responses/200/content/application~1json/schema'}}}}}}}\n"
        "components: {schemas: {A: {type: integer}}}\n"
    )
    document = read(text).document
    there = document["paths"]["/b"]["get"]["responses"]["200"]["content"]["a/b"]["schema"]
    assert there["$ref"].startswith("#/components/schemas/")
    assert resolve(there, document) == {"type": "integer"}


def test_an_anchor_is_a_place(read):
    document = read(
        BODY % "#book" + "components: {schemas: {Book: {$anchor: book, type: integer}}}\n"
    ).document
    assert schema_of(document) == {"$ref": "#/components/schemas/Book"}


def test_names_in_a_reference_may_be_percent_encoded(read):
    document = read(
        BODY % "more%20parts.yaml#/a%20b~1c", **{"more parts__yaml": "a b/c: {type: integer}\n"}
    ).document
    assert resolve(schema_of(document), document) == {"type": "integer"}
    assert resolve({"$ref": "#/a%20b"}, {"a b": 5}) == 5


def test_examples_and_defaults_are_not_looked_into(read):
    text = BODY % "#/components/schemas/A" + (
        "components:\n  schemas:\n    A:\n      default: {$ref: nowhere.yaml}\n      enum: [{$ref: '#/nowhere'}]\n"
        "      x-more: {$ref: nowhere.yaml}\n      properties: {$ref: {type: string}}\n"
    )
    assert read(text).document["components"]["schemas"]["A"]["default"] == {"$ref": "nowhere.yaml"}


def test_the_mapping_of_a_discriminator_is_followed(read):
    text = BODY % "#/components/schemas/A" + (
        "components: {schemas: {A: {allOf: [{$ref: 'cat.yaml'}], discriminator: {propertyName: k, "
        "mapping: {c: cat.yaml, a: A, b: '#/components/schemas/A'}}}}}\n"
    )
    schemas = read(text, cat__yaml="type: object\n").document["components"]["schemas"]
    assert schemas["A"]["discriminator"]["mapping"] == {
        "c": "#/components/schemas/cat",
        "a": "A",
        "b": "#/components/schemas/A",
    }


def test_a_part_of_another_file_is_read_in_the_version_of_the_contract(read):
    text = (
        "swagger: '2.0'\ninfo: {title: S, version: '1'}\npaths: {/a: {$ref: 'a.yaml#/item'}}\n"
        "definitions: {A: {$ref: 'a.yaml#/A b'}}\n"
    )
    more = (
        "item: {get: {parameters: [{$ref: '#/p'}], responses: {200: {$ref: '#/r'}}}}\n"
        "p: {name: p, in: query, type: integer}\nr: {description: ok, schema: {$ref: '#/A b'}}\n"
        "A b: {type: string, x-nullable: true}\n"
    )
    document = read(text, a__yaml=more).document
    openapi_spec_validator.OpenAPIV31SpecValidator(document).validate()
    assert document["components"]["schemas"]["A_b"]["type"] == ["string", "null"]
    assert document["components"]["parameters"]["p"]["schema"] == {"type": "integer"}


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("https://a.example/b.yaml", "is on the network; save it beside the contract and refer to the file"),
        ("//a.example/b.yaml#/A", "is on the network; save it beside the contract and refer to the file"),
        ("file:///etc/passwd", "is on the network; save it beside the contract and refer to the file"),
        ("/etc/passwd", "is not a file by a path relative to this one"),
        ("more.yaml?x", "is not a file by a path relative to this one"),
        ("none.yaml", "leads nowhere: there is no such file"),
        ("more.yaml#/Bok", "leads nowhere: there is no 'Bok' (did you mean 'Book'?)"),
        ("#/pats/x", "leads nowhere: there is no 'pats' (did you mean 'paths'?)"),
        ("#nowhere", "leads nowhere: no schema has the `$anchor` 'nowhere'"),
        ("http://[", "is no address"),
        ("loop.yaml#/A", "leads back to itself"),
        ("#/components/schemas/C", "leads back to itself"),
    ],
)
def test_a_reference_that_cannot_be_followed_is_told(ref, said, faults):
    text = BODY % ref + "components: {schemas: {C: {$ref: '#/components/schemas/C'}}}\n"
    if not ref.endswith("/C"):
        text = BODY % ref
    found = faults(text, more__yaml="Book: {}\n", loop__yaml="A: {$ref: '#/B'}\nB: {$ref: '#/A'}\n")
    assert any(one.endswith(said) for one in found), found


@pytest.mark.parametrize(
    ("head", "ref", "meant"),
    [
        ("3", "B", "#/components/schemas/B"),
        ("3", "#/definitions/B", "#/components/schemas/B"),
        ("3", "#B", "#/components/schemas/B"),
        ("2", "B", "#/definitions/B"),
        ("2", "#/components/schemas/B", "#/definitions/B"),
    ],
)
def test_a_reference_as_another_version_has_it_is_told_what_was_meant(head, ref, meant, faults):
    schemas = f"{{A: {{$ref: '{ref}'}}, B: {{type: object}}}}"
    if head == "3":
        text = f"openapi: 3.1.0\ninfo: {{title: S, version: '1'}}\npaths: {{}}\ncomponents: {{schemas: {schemas}}}\n"
    else:
        text = f"swagger: '2.0'\ninfo: {{title: S, version: '1'}}\npaths: {{}}\ndefinitions: {schemas}\n"
    (found,) = faults(text)
    assert found.startswith(f"shop.yaml:4: $ref {ref!r} leads nowhere: ")
    assert found.endswith(f" (did you mean {meant!r}?)")


def test_every_reference_that_leads_nowhere_is_told_with_its_line(faults):
    found = faults(BODY % "none.yaml" + "  /b: {$ref: other.yaml}\n  /c:\n    $ref: '#/paths/~1d'\n")
    assert (
        sorted(one.split(" ")[0] for one in found) == ["shop.yaml:10:", "shop.yaml:11:", "shop.yaml:9:"]
        or len(found) == 3
    )


def test_faults_of_another_file_name_it(faults):
    found = faults(
        BODY % "more.yaml#/A" + "  /b: {$ref: 'bad.yaml'}\n",
        more__yaml="A:\n  type: strng\n",
        bad__yaml="a: [\n",
    )
    assert any(one.startswith("bad.yaml:") for one in found)
    found = faults(BODY % "more.yaml#/A", more__yaml="A:\n  type: strng\n")
    assert found[0].startswith("more.yaml:2: 'type' has to be ")


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "paths: {/a: {$ref: '#/paths/~1a'}}\n",
        HEAD + "paths: {/a: {$ref: '#/paths/~1b'}, /b: {$ref: '#/paths/~1a'}}\n",
        HEAD + "paths: {/a: {post: {responses: {200: {description: x}}, callbacks: {c: {'{$url}': {$ref: '#/paths/~1a'}}}}}}\n",
    ],
)  # fmt: skip
def test_path_items_in_a_circle_are_refused(text, faults):
    assert any("leads back to itself" in one for one in faults(text))


def test_path_items_that_clash_are_refused(faults):
    old = HEAD.replace("3.1.0", "3.0.3")
    found = faults(
        old + "paths: {/a: {$ref: more.yaml, get: {responses: {200: {description: x}}}}}\n",
        more__yaml="get: {responses: {200: {description: y}}}\n",
    )
    assert found == ["shop.yaml:3: $ref 'more.yaml' brings get, which stands here as well"]


def test_problems_may_be_added_later_and_are_told_where_they_are_not(read):
    source = read(GET + "        409: {$ref: '#/components/responses/Conflct'}\n")
    ((where, text),) = reference_faults(source.document)
    assert source.place(where) == "shop.yaml:9"
    assert "leads nowhere" in text
    source.document["components"] = {"responses": {"Conflict": {"description": "x"}}}
    assert "(did you mean 'Conflict'?)" in reference_faults(source.document)[0][1]


@pytest.mark.parametrize("ref", [5, None, [], {}])
def test_a_reference_that_is_no_text_is_a_fault(ref, faults):
    import json

    assert faults(GET + f"        400: {{$ref: {json.dumps(ref)}}}\n")


def test_a_document_is_followed_step_by_step():
    document = {"a": [{"$ref": "#/b~1c"}], "b/c": 5}
    assert resolve({"$ref": "#/a/0"}, document) == 5
    for wrong in ("#/a/1", "#/a/x", "#/b", "x.yaml", 5):
        with pytest.raises(ValueError, match="lead"):
            resolve({"$ref": wrong}, document)


def test_what_stands_beside_a_reference_to_a_path_item_keeps_its_place(read):
    text = "openapi: 3.1.0\ninfo: {title: Shop, version: '1'}\npaths:\n  /a:\n    $ref: a.yaml\n    summary: Mine\n"
    source = read(text, a__yaml="summary: Yours\ndescription: Yours\n")
    assert source.document["paths"]["/a"] == {"summary": "Mine", "description": "Yours"}
    assert source.place("/paths/~1a/summary") == "shop.yaml:6"
    assert source.place("/paths/~1a/description") == "a.yaml:2"
