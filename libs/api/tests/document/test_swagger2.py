"""Swagger 2.0 made OpenAPI 3.1, part by part."""

# ruff: noqa: E501 - a table of contracts reads better in lines

import pytest

from libs.api.document.servers import base_path

HEAD = "swagger: '2.0'\ninfo: {title: Shop, version: '1'}\n"


@pytest.fixture
def document(read):
    return lambda text: read(HEAD + text).document


def operation(document, parameters, more="", path="/a", top=""):
    text = f"{top}paths:\n  '{path}':\n    post:\n      {more}\n      parameters: [{parameters}]\n      responses: {{200: {{description: ok}}}}\n"
    return document(text)["paths"][path]["post"]


def response(document, text, more="", top=""):
    found = document(f"{top}paths:\n  /a:\n    get:\n      {more}\n      responses: {{200: {text}}}\n")
    return found["paths"]["/a"]["get"]["responses"]["200"]


@pytest.mark.parametrize(
    ("text", "urls", "base"),
    [
        ("", None, ""),
        ("basePath: /\n", None, ""),
        ("basePath: /v1/\n", ["/v1"], "/v1"),
        ("host: a.example:8080\nbasePath: /v1\n", ["//a.example:8080/v1"], "/v1"),
        ("host: a.example\nschemes: [http, wss]\n", ["http://a.example", "wss://a.example"], ""),
        ("host: a.example\nschemes: [https]\nbasePath: /x/v1\n", ["https://a.example/x/v1"], "/x/v1"),
    ],
)
def test_host_schemes_and_base_path_are_servers(text, urls, base, document):
    found = document(text + "paths: {}\n")
    assert ([one["url"] for one in found["servers"]] if "servers" in found else None) == urls
    assert base_path(found) == base


def test_schemes_of_an_operation_are_its_servers(document):
    found = operation(
        document, "", "schemes: [http]", top="host: a.example\nbasePath: /v1\nschemes: [https]\n"
    )
    assert found["servers"] == [{"url": "http://a.example/v1"}]


@pytest.mark.parametrize(
    ("where", "separated", "style"),
    [
        ("query", "", {"style": "form", "explode": False}),
        ("query", "csv", {"style": "form", "explode": False}),
        ("query", "multi", {"style": "form", "explode": True}),
        ("query", "ssv", {"style": "spaceDelimited", "explode": False}),
        ("query", "pipes", {"style": "pipeDelimited", "explode": False}),
        ("query", "tsv", {"style": "form", "explode": False, "x-collection-format": "tsv"}),
        ("header", "", {"style": "simple", "explode": False}),
        ("header", "pipes", {"style": "simple", "explode": False, "x-collection-format": "pipes"}),
        ("path", "csv", {"style": "simple", "explode": False}),
        ("path", "ssv", {"style": "simple", "explode": False, "x-collection-format": "ssv"}),
    ],
)
def test_a_collection_format_is_a_style(where, separated, style, document):
    form = f", collectionFormat: {separated}" if separated else ""
    required = ", required: true" if where == "path" else ""
    text = f"{{name: a, in: {where}, type: array, items: {{type: integer}}, maxItems: 3{form}{required}}}"
    (found,) = operation(document, text, path="/{a}" if where == "path" else "/")["parameters"]
    assert found == {
        "name": "a",
        "in": where,
        "schema": {"type": "array", "items": {"type": "integer"}, "maxItems": 3},
        **style,
        **({"required": True} if required else {}),
    }


def test_a_parameter_keeps_what_is_its_own_and_gives_its_schema_the_rest(document):
    text = "{name: a, in: query, description: d, required: true, allowEmptyValue: true, type: integer, format: int64, default: 5, minimum: 0, exclusiveMinimum: true, x-nullable: true, x-more: 1}"
    assert operation(document, text)["parameters"] == [
        {
            "name": "a",
            "in": "query",
            "description": "d",
            "required": True,
            "allowEmptyValue": True,
            "x-more": 1,
            "schema": {
                "type": ["integer", "null"],
                "format": "int64",
                "default": 5,
                "exclusiveMinimum": 0,
                "x-nullable": True,
            },
        }
    ]


@pytest.mark.parametrize(
    ("top", "more", "media_types"),
    [
        ("", "", ["application/json"]),
        ("consumes: [text/plain]\n", "", ["text/plain"]),
        (
            "consumes: [text/plain]\n",
            "consumes: [application/xml, text/csv]",
            ["application/xml", "text/csv"],
        ),
    ],
)
def test_a_body_parameter_is_a_body_of_each_media_type(top, more, media_types, document):
    text = "{name: b, in: body, required: true, description: d, schema: {type: string, x-nullable: true}}"
    assert operation(document, text, more, top=top)["requestBody"] == {
        "description": "d",
        "required": True,
        "content": {one: {"schema": {"type": ["string", "null"], "x-nullable": True}} for one in media_types},
    }


@pytest.mark.parametrize(
    ("fields", "more", "media_types"),
    [
        ("{name: a, in: formData, type: string}", "", ["application/x-www-form-urlencoded"]),
        ("{name: a, in: formData, type: string}", "consumes: [application/json]", ["application/x-www-form-urlencoded"]),
        ("{name: a, in: formData, type: string}", "consumes: [multipart/form-data]", ["multipart/form-data"]),
        (
            "{name: a, in: formData, type: string}",
            "consumes: [multipart/form-data, application/x-www-form-urlencoded]",
            ["multipart/form-data", "application/x-www-form-urlencoded"],
        ),
        ("{name: a, in: formData, type: file}", "", ["multipart/form-data"]),
        (
            "{name: a, in: formData, type: file}",
            "consumes: [multipart/form-data, application/x-www-form-urlencoded]",
            ["multipart/form-data"],
        ),
    ],
)  # fmt: skip
def test_form_fields_are_a_body(fields, more, media_types, document):
    assert list(operation(document, fields, more)["requestBody"]["content"]) == media_types


def test_the_fields_of_a_form_are_the_properties_of_an_object(document):
    fields = (
        "{name: file, in: formData, type: file, required: true, description: d},"
        "{name: tags, in: formData, type: array, items: {type: string}, collectionFormat: ssv},"
        "{name: q, in: query, type: string}"
    )
    found = operation(document, fields)
    assert [one["name"] for one in found["parameters"]] == ["q"]
    assert found["requestBody"] == {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "d",
                        },
                        "tags": {"type": "array", "items": {"type": "string"}},
                    },
                },
                "encoding": {"tags": {"style": "spaceDelimited", "explode": False}},
            }
        },
    }


def test_shared_parameters_of_all_kinds_are_found(document):
    found = document("""
parameters:
  Q: {name: q, in: query, type: string}
  B: {name: b, in: body, schema: {type: string}}
  F: {name: f, in: formData, type: string}
paths:
  /a:
    parameters: [{$ref: '#/parameters/Q'}, {$ref: '#/parameters/B'}]
    put: {responses: {200: {description: ok}}}
    post:
      parameters: [{name: own, in: body, schema: {type: integer}}]
      responses: {200: {description: ok}}
  /b:
    parameters: [{$ref: '#/parameters/F'}, {name: f2, in: formData, type: string}]
    post:
      parameters: [{name: f2, in: formData, type: integer}]
      responses: {200: {description: ok}}
""")
    a, b = found["paths"]["/a"], found["paths"]["/b"]
    assert a["parameters"] == [{"$ref": "#/components/parameters/Q"}]
    assert list(found["components"]["parameters"]) == ["Q"]
    assert a["put"]["requestBody"]["content"]["application/json"]["schema"] == {"type": "string"}
    assert a["post"]["requestBody"]["content"]["application/json"]["schema"] == {"type": "integer"}
    form = b["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert form["properties"] == {"f": {"type": "string"}, "f2": {"type": "integer"}}
    assert "parameters" not in b


@pytest.mark.parametrize(
    ("text", "more", "top", "content"),
    [
        ("{description: d}", "", "", None),
        ("{description: d, schema: {type: string}}", "", "", {"application/json": {"schema": {"type": "string"}}}),
        ("{description: d, schema: {}}", "", "produces: [text/html]\n", {"text/html": {"schema": {}}}),
        ("{description: d, schema: {}}", "produces: [a/a, b/b]", "produces: [text/html]\n", {"a/a": {"schema": {}}, "b/b": {"schema": {}}}),
        ("{description: d, schema: {type: file}}", "", "", {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}),
        ("{description: d, schema: {type: file}}", "produces: [image/png]", "", {"image/png": {"schema": {"type": "string", "format": "binary"}}}),
        ("{description: d, schema: {}, examples: {application/json: 5}}", "", "", {"application/json": {"schema": {}, "example": 5}}),
        ("{description: d, examples: {text/plain: x}}", "", "", {"text/plain": {"example": "x"}}),
    ],
)  # fmt: skip
def test_a_response_has_a_content_of_each_media_type(text, more, top, content, document):
    assert response(document, text, more, top).get("content") == content


def test_headers_of_a_response_have_a_schema(document):
    found = response(
        document, "{description: d, headers: {X-A: {type: array, items: {type: integer}, description: h}}}"
    )
    assert found["headers"] == {
        "X-A": {"description": "h", "schema": {"type": "array", "items": {"type": "integer"}}}
    }


def test_a_shared_response_is_written_out_where_an_operation_produces_something_else(document):
    found = document("""
responses: {Bad: {description: bad, schema: {type: string}}}
paths:
  /a:
    get: {responses: {400: {$ref: '#/responses/Bad'}}}
    post: {produces: [text/plain], responses: {400: {$ref: '#/responses/Bad'}, 409: {$ref: '#/responses/Conflict'}}}
""")
    item = found["paths"]["/a"]
    assert item["get"]["responses"]["400"] == {"$ref": "#/components/responses/Bad"}
    assert item["post"]["responses"]["400"]["content"] == {"text/plain": {"schema": {"type": "string"}}}
    assert item["post"]["responses"]["409"] == {"$ref": "#/components/responses/Conflict"}


def test_security_definitions_are_schemes(document):
    found = document("""
security: [{a b: []}, {o: [x]}]
securityDefinitions:
  a b: {type: basic, description: d}
  k: {type: apiKey, in: query, name: key}
  o: {type: oauth2, flow: accessCode, authorizationUrl: 'https://a.example', tokenUrl: 'https://t.example', scopes: {x: y}}
  p: {type: oauth2, flow: application, tokenUrl: 'https://t.example'}
paths: {}
""")
    assert found["security"] == [{"a_b": []}, {"o": ["x"]}]
    assert found["components"]["securitySchemes"] == {
        "a_b": {"type": "http", "scheme": "basic", "description": "d"},
        "k": {"type": "apiKey", "in": "query", "name": "key"},
        "o": {
            "type": "oauth2",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": "https://a.example",
                    "tokenUrl": "https://t.example",
                    "scopes": {"x": "y"},
                }
            },
        },
        "p": {
            "type": "oauth2",
            "flows": {"clientCredentials": {"tokenUrl": "https://t.example", "scopes": {}}},
        },
    }


def test_names_that_openapi_3_does_not_take_are_renamed_with_all_that_refers_to_them(document):
    found = document("""
paths: {}
definitions:
  Page_Book: {type: integer}
  Page«Book»: {type: string}
  Page Book: {properties: {a: {$ref: '#/definitions/Page«Book»'}, b: {$ref: '#/definitions/Page_Book'}}}
  User: {$ref: '#/definitions/Page Book/properties/a'}
""")
    schemas = found["components"]["schemas"]
    assert list(schemas) == ["Page_Book", "Page_Book_2", "Page_Book_3", "User"]
    assert schemas["Page_Book_2"] == {"type": "string"}
    assert schemas["Page_Book_3"]["properties"]["a"] == {"$ref": "#/components/schemas/Page_Book_2"}
    assert schemas["Page_Book_3"]["properties"]["b"] == {"$ref": "#/components/schemas/Page_Book"}
    assert schemas["User"] == {"$ref": "#/components/schemas/Page_Book_3/properties/a"}


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("{type: string, format: datetime}", {"type": "string", "format": "date-time"}),
        ("{type: string, format: iso-date}", {"type": "string", "format": "date"}),
        ("{type: string, format: date-time}", {"type": "string", "format": "date-time"}),
        ("{type: datetime}", {"type": "string", "format": "date-time"}),
        ("{type: date}", {"type": "string", "format": "date"}),
        ("{type: int32}", {"type": "integer", "format": "int32"}),
        ("{type: double}", {"type": "number", "format": "double"}),
        ("{type: string, x-nullable: true}", {"type": ["string", "null"], "x-nullable": True}),
        ("{type: string, enum: [a], x-nullable: true}", {"type": ["string", "null"], "enum": ["a", None], "x-nullable": True}),
        ("{$ref: '#/definitions/A', x-nullable: true}", {"anyOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}], "x-nullable": True}),
    ],
)  # fmt: skip
def test_pymacarons_own_words_mean_what_they_meant(words, meant, document):
    found = document(f"paths: {{}}\ndefinitions: {{A: {{type: object, properties: {{p: {words}}}}}}}\n")
    assert found["components"]["schemas"]["A"]["properties"]["p"] == meant


def test_x_mandatory_makes_a_property_required(document):
    found = document(
        "paths: {}\ndefinitions: {A: {type: object, required: [b], properties: {a: {type: string, x-mandatory: true},"
        " b: {type: string, x-mandatory: true}, c: {type: string, x-mandatory: false}}}}\n"
    )
    assert found["components"]["schemas"]["A"]["required"] == ["b", "a"]


def test_a_discriminator_is_an_object(document):
    found = document(
        "paths: {}\ndefinitions: {A: {discriminator: k, required: [k], properties: {k: {type: string}}}}\n"
    )
    assert found["components"]["schemas"]["A"]["discriminator"] == {"propertyName": "k"}


def test_places_survive(read):
    source = read(
        HEAD
        + """
paths:
  /a:
    post:
      parameters:
        - name: file
          in: formData
          type: file
      responses:
        200:
          description: ok
          schema:
            type: string
definitions:
  A b:
    type: object
"""
    )
    for way, line in {
        "/paths/~1a/post/responses/200": 12,
        "/paths/~1a/post/responses/200/content/application~1json/schema/type": 15,
        "/paths/~1a/post/requestBody/content/multipart~1form-data/schema/properties/file": 8,
        "/components/schemas/A_b/type": 18,
        "/components/schemas/A_b": 17,
    }.items():
        assert source.place(way) == f"shop.yaml:{line}", way
