"""What is wrong with the form of a contract: every fault at once, with its line, in words."""

# ruff: noqa: E501 - a table of contracts reads better in lines

import pytest

HEADS = {
    "3.1": "openapi: 3.1.0\ninfo: {title: Shop, version: '1'}\n",
    "3.0": "openapi: 3.0.3\ninfo: {title: Shop, version: '1'}\n",
    "2.0": "swagger: '2.0'\ninfo: {title: Shop, version: '1'}\n",
}
GET = "paths:\n  /a:\n    get:\n"
OK = "      responses: {200: {description: ok}}\n"
PARAMETER = GET + OK + "      parameters:\n        - "
SCHEMA_3 = "paths: {}\ncomponents:\n  schemas:\n    A:\n      "
SCHEMA_2 = "paths: {}\ndefinitions:\n    A:\n      "
EVERY = ("2.0", "3.0", "3.1")


@pytest.mark.parametrize(
    ("versions", "text", "said"),
    [
        (("2.0", "3.0", "3.1"), "", "1: 'paths' is missing in the document"),
        (EVERY, "pahts: {}\npaths: {}\n", "3: 'pahts' is not known in the document (did you mean 'paths'?)"),
        (EVERY, "paths: []\n", "3: 'paths' has to be an object (keys and values)"),
        (EVERY, "paths:\n", "3: 'paths' has to be an object (keys and values); nothing stands here"),
        (EVERY, "paths: {a: {}}\n", "3: 'a' is no path; a path begins with '/'"),
        (EVERY, "paths:\n  /a:\n    gett: {}\n", "5: 'gett' is not known in a path item (did you mean 'get'?)"),
        (("2.0", "3.0"), GET + "      summary: x\n", "5: 'responses' is missing in an operation"),
        (EVERY, GET + OK + "      operationid: x\n", "7: 'operationid' is not known in an operation (did you mean 'operationId'?)"),
        (EVERY, GET + OK + "      deprecated: yes\n", "7: 'deprecated' has to be true or false; other words are text in YAML 1.2"),
        (EVERY, GET + OK + "      summary: 5\n", "7: 'summary' has to be text; put it in quotes"),
        (EVERY, GET + "      responses: {200: {}}\n", "6: 'description' is missing in a response"),
        (("2.0", "3.1"), GET + "      responses: {20x: {description: x}}\n", "6: '20x' is no status; a response is for one as 200, for a range as 4XX, or is the default"),
        (("2.0",), PARAMETER + "{name: a, in: qury, type: string}\n", "8: 'in' has to be body, header, formData, query or path (did you mean 'query'?)"),
        (("3.0", "3.1"), PARAMETER + "{name: a, in: qury, schema: {}}\n", "8: 'in' has to be "),
        (("3.0",), PARAMETER + "{name: a, in: query}\n", "8: 'schema' is missing in a parameter"),
        (("2.0",), PARAMETER + "{name: a, in: path, type: string}\n", "8: 'required' is missing: a parameter in the path needs `required: true`"),
        (("3.0", "3.1"), PARAMETER + "{name: a, in: path, schema: {}}\n", "8: 'required' is missing: a parameter in the path needs `required: true`"),
        (("3.0", "3.1"), PARAMETER + "{name: a, in: query, requred: true, schema: {}}\n", "8: 'requred' is not known in a parameter (did you mean 'required'?)"),
        (("2.0",), PARAMETER + "{name: a, in: query, type: string, requred: true}\n", "8: 'requred' is not known in a parameter (did you mean 'required'?)"),
        (("2.0",), PARAMETER + "{name: a, in: body}\n", "8: 'schema' is missing in a body parameter"),
        (("2.0",), PARAMETER + "{name: a, in: query, type: strng}\n", "8: 'type' has to be string, number, boolean, integer or array (did you mean 'string'?)"),
        (("3.0", "3.1"), SCHEMA_3 + "type: strng\n", "7: 'type' has to be array, boolean, integer, "),
        (("3.0", "3.1"), SCHEMA_3 + "requred: [a]\n", "7: 'requred' is not known in a schema (did you mean 'required'?)"),
        (("3.0", "3.1"), SCHEMA_3 + "properties: {a: {required: true}}\n", "7: 'required' has to be a list: the names of the properties that have to be there, in the object which has them"),
        (("3.0", "3.1"), SCHEMA_3 + "minLength: '5'\n", "7: 'minLength' has to be a whole number"),
        (("3.0", "3.1"), SCHEMA_3 + "discriminator: kind\n", "7: 'discriminator' has to be an object (keys and values)"),
        (("3.1",), SCHEMA_3 + "nullable: true\n", "7: 'nullable' is not known in a schema; since OpenAPI 3.1 it is written `type: [string, 'null']`"),
        (("3.1",), SCHEMA_3 + "exclusiveMinimum: true\n", "7: 'exclusiveMinimum' has to be a number"),
        (("2.0",), SCHEMA_2 + "type: strng\n", "6: 'type' has to be array, boolean, integer, null, number, object or string (did you mean 'string'?)"),
        (("3.0", "3.1"), "paths: {}\ncomponents: {schemas: {a b: {}}}\n", "4: 'a b' "),
        (("3.0", "3.1"), "paths: {}\nbasePath: /v1\n", "4: 'basePath' is not known in the document; since OpenAPI 3 it is the path of a URL in servers:"),
        (("3.0", "3.1"), "paths: {}\ncomponents: {securitySchemes: {a: {type: apikey}}}\n", "4: 'type' has to be apiKey, http, "),
        (("2.0",), "paths: {}\nsecurityDefinitions: {a: {type: apikey}}\n", "4: 'type' has to be basic, apiKey or oauth2 (did you mean 'apiKey'?)"),
        (("2.0",), "paths: {}\nsecurityDefinitions: {a: {type: oauth2, flow: implicit, scopes: {}}}\n", "4: 'authorizationUrl' is missing in an oauth2 implicit security"),
        (("3.0",), GET + OK + "      requestBody: {content: {a/b: {example: 1, examples: {}}}}\n", "7: "),
        (("3.1",), GET + "      responses: {200: {description: x, content: {a/b: {schema: {}, examples: []}}}}\n", "6: 'examples' has to be an object (keys and values)"),
        (("3.0", "3.1"), SCHEMA_3 + "properties: {a: {type: string, pattern: '('}}\n", "7: '(' is no regular expression"),
        (("3.1",), SCHEMA_3 + "patternProperties: {'[a-': {}}\n", "7: '[a-' is no regular expression"),
        (("3.0", "3.1"), SCHEMA_3 + "pattern: '\\d+\\Z'\n", "7: '\\\\d+\\\\Z' is no regular expression; instead of \\Z JSON Schema has ^ and $"),
        (("2.0",), SCHEMA_2 + "pattern: '('\n", "6: '(' is no regular expression"),
        (("2.0",), PARAMETER + "{name: a, in: query, type: array, items: {type: string, pattern: '('}}\n", "8: '(' is no regular expression"),
        (EVERY, "paths: {}\nsecurity: [bearer]\n", "4: this has to be an object (keys and values); write `- bearer: []`"),
        (EVERY, GET + OK + "      security: [bearer]\n", "7: this has to be an object (keys and values); write `- bearer: []`"),
        (("2.0",), "paths: {}\nschemes: [https, https]\n", "4: 'schemes' holds the same twice"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line_in_words(versions, text, said, faults):
    for version in versions:
        found = faults(HEADS[version] + text)
        assert any(one.startswith(f"shop.yaml:{said}") for one in found), (version, found)
        assert len(found) == 1, (version, found)


@pytest.mark.parametrize("version", EVERY)
def test_all_faults_are_told_at_once_in_the_order_of_their_lines(version, faults):
    text = HEADS[version] + "paths:\n  a: {}\n  /b:\n    gt: {}\n    get: {sumary: x, responses: {200: {}}}\n"
    found = faults(text)
    assert [one.split(":")[1] for one in found] == ["4", "6", "7", "7"]


@pytest.mark.parametrize("version", EVERY)
def test_extensions_stand_everywhere(version, read):
    schemas = (
        "components: {x-e: 1, schemas: {A: {x-e: 1}}}" if version != "2.0" else "definitions: {A: {x-e: 1}}"
    )
    text = HEADS[version] + (
        "x-e: 1\npaths:\n  x-e: 1\n  /a:\n    x-resource: a.b\n    get:\n      x-bind-server: a.b\n"
        f"      responses: {{x-e: 1, 200: {{x-e: 1, description: ok}}}}\n{schemas}\n"
    )
    assert read(text).document["paths"]["/a"]["get"]["x-bind-server"] == "a.b"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "shop.yaml:1: is no contract: it does not begin with `openapi: 3.1.0`"),
        ("5", "shop.yaml:1: is no contract: it does not begin with `openapi: 3.1.0`"),
        ("[]", "shop.yaml:1: is no contract: it does not begin with `openapi: 3.1.0`"),
        ("info: {}", "shop.yaml:1: is no contract: it does not begin with `openapi: 3.1.0`"),
        ("\n\nswagger: 2.0\n", "shop.yaml:1: 'swagger' has to be text; put it in quotes: swagger: '2.0'"),
        ("a: 1\nopenapi: 3.2.0\n", "shop.yaml:2: openapi '3.2.0' is not read; OpenAPI 3.1, 3.0 and Swagger 2.0 are"),
        ("openapi: 2.0.0\n", "shop.yaml:1: openapi '2.0.0' is not read; OpenAPI 3.1, 3.0 and Swagger 2.0 are"),
        ("swagger: '1.2'\n", "shop.yaml:1: swagger '1.2' is not read; OpenAPI 3.1, 3.0 and Swagger 2.0 are"),
        ("openapi: null\n", "shop.yaml:1: 'openapi' has to be text; put it in quotes: openapi: 'None'"),
    ],
)  # fmt: skip
def test_anything_but_the_three_versions_is_refused(text, said, faults):
    assert faults(text) == [said]


@pytest.mark.parametrize("word", ["x-nullable", "x-mandatory"])
def test_an_extension_of_ours_that_says_neither_true_nor_false_is_a_fault(word, faults):
    found = faults(HEADS["3.1"] + SCHEMA_3 + f"{word}: 1\n")
    assert found == [f"shop.yaml:7: {word} has to be true or false"]
