"""A good contract: every operation bound, the document complete."""

import json

import pytest
from openapi_spec_validator import validate

from libs.api import APIS, AnswerCheck, Contract, Contribution, Dependencies, Result, Routes, read_document
from libs.api.binding.answering import answer_of
from libs.api.binding.extensions import extension_faults
from libs.api.document.files import contract_names, contract_path
from libs.api.tests.bound import Items, Shop, nothing
from libs.jwt import Caller

OK = {"200": {"description": "Good."}}
BOUND = "libs.api.tests.bound."
SECURED = {
    "security": [{"bearer": []}],
    "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
}
PUBLIC = {"security": []}


def contract(write, paths, *, contributions=(), dependencies=None, **members):
    document = {"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": paths}
    path = write({**document, **(members or PUBLIC)})
    return Contract.load(path, dependencies or Dependencies([Shop()]), contributions)


def operation(bound="nothing", **members):
    found = {"operationId": "an_id", "x-bind-server": BOUND + bound, "responses": OK, **members}
    return {name: value for name, value in found.items() if value is not ...}


def in_path(name="item_id", **members):
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, **members}


def test_all_operations_of_a_contract_are_bound(library):
    found = {one.operation_id: (one.method, one.path) for one in library.contract.operations}
    assert (
        found.items()
        >= {
            "get_status": ("GET", "/status"),
            "recommend": ("GET", "/recommendations"),
            "set_labels": ("PUT", "/labels"),
            "list_books": ("GET", "/books"),
            "add_book": ("POST", "/books"),
            "get_book": ("GET", "/books/{book_id}"),
            "remove_book": ("DELETE", "/books/{book_id}"),
            "read_book": ("GET", "/books/{book_id}/text"),
        }.items()
    )


def test_what_an_operation_takes_and_answers_is_read(library):
    operations = {one.operation_id: one for one in library.contract.operations}
    assert operations["get_status"].security.tokens == ()
    assert operations["get_book"].security.tokens == (frozenset(),)
    assert operations["add_book"].security.tokens == ({"books:write"},)
    assert (operations["add_book"].answers.status, operations["remove_book"].answers.status) == (201, 204)
    assert operations["add_book"].body.required is True
    assert operations["set_labels"].body.required is False
    assert [one.name for one in operations["remove_book"].parameters] == ["book_id", "If-Match"]


def test_the_served_document_is_complete_and_does_not_tell_where_the_code_is(library):
    document = library.contract.document
    validate(document)
    assert "x-" not in json.dumps(document).replace('"X-', "")
    assert document["components"]["schemas"]["Problem"]["required"][-1] == "request_id"
    get_book = document["paths"]["/books/{book_id}"]["get"]
    assert get_book["parameters"][0]["name"] == "book_id"
    default = get_book["responses"]["default"]["content"]["application/problem+json"]["schema"]
    assert default == {"$ref": "#/components/schemas/Problem"}


def test_only_our_own_extensions_are_left_out_of_the_document(write):
    names = ("x-bind-client", "x-decorate-request", "x-internal")
    schema = {
        "type": "object",
        "x-parent": "a.B",
        "x-persist": "a.C",
        "properties": {"x-parent": {"x-nullable": True}},
    }
    found = contract(
        write,
        {"/x": {"get": operation(**dict.fromkeys(names, "a"), **{"x-decorate-server": BOUND + "shouts"})}},
        security=[],
        components={"schemas": {"S": schema}, "examples": {"E": {"value": {"x-persist": 1}}}},
    ).document
    assert [name for name in found["paths"]["/x"]["get"] if name.startswith("x-")] == ["x-internal"]
    assert found["components"]["schemas"]["S"] == {"type": "object", "properties": {"x-parent": {}}}
    assert found["components"]["examples"]["E"]["value"] == {"x-persist": 1}


OTHERS = (
    *("x-resourceId", "x-source", "x-permissions", "x-required", "x-parameter", "x-payment", "x-client"),
    *("x-resource-type", "x-internal", "x-codeSamples", "x-nullable-reason", "x-stripeResource"),
)


@pytest.mark.parametrize("word", OTHERS)
def test_the_words_of_other_tools_stay_what_they_are(word, write):
    found = contract(write, {"/x": {"get": operation(**{word: "a"})}})
    assert word in found.document["paths"]["/x"]["get"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        *(("x-parant", "x-parent"), ("x-presist", "x-persist"), ("x-resorce", "x-resource")),
        *(("x-Bind_Server", "x-bind-server"), ("x-bind_servr", "x-bind-server")),
        *(("x-nullabel", "x-nullable"), ("x-mandatoryy", "x-mandatory"), ("x-bindclient", "x-bind-client")),
    ],
)
def test_a_word_of_ours_that_is_misspelt_is_told(word, meant):
    ((_, told),) = extension_faults({"components": {"schemas": {"S": {word: 1}}}})
    assert told == f"{word!r} is nothing this service knows (did you mean {meant!r}?)"


def test_a_default_response_of_the_contracts_own_stays(write):
    responses = {**OK, "default": {"description": "Mine."}}
    found = contract(write, {"/x": {"get": operation(responses=responses)}})
    assert found.document["paths"]["/x"]["get"]["responses"]["default"] == {"description": "Mine."}


def test_the_problems_that_follow_by_themselves_are_named_and_described_once(write):
    conflict = {"$ref": "#/components/responses/Conflict"}
    responses = {**OK, "404": {"description": "Mine."}, "409": conflict}
    declared = {**SECURED["components"], "responses": {"Conflict": {"description": "Taken."}}}
    paths = {"/x": {"get": operation(responses=responses)}}
    found = contract(write, paths, security=SECURED["security"], components=declared).document
    validate(found)
    named = found["paths"]["/x"]["get"]["responses"]
    assert list(named) == ["200", "400", "401", "404", "409", "default"]
    assert named["404"] == {"description": "Mine."}
    assert set(found["components"]["responses"]) == {"BadRequest", "Unauthorized", "Conflict"}
    assert found["components"]["responses"]["Conflict"] == {"description": "Taken."}


def test_references_are_followed_everywhere(write):
    components = {
        "parameters": {"Id": in_path()},
        "requestBodies": {
            "Item": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/I"}}}}
        },
        "responses": {
            "Item": {"description": "", "content": {"application/json": {"schema": {"type": "object"}}}}
        },
        "schemas": {"I": {"type": "object"}},
        "pathItems": {
            "Reading": {
                "parameters": [{"$ref": "#/components/parameters/Id"}],
                "get": operation("get_item", operationId="get"),
            }
        },
    }
    post = operation(
        "add_item",
        requestBody={"$ref": "#/components/requestBodies/Item"},
        responses={"200": {"$ref": "#/components/responses/Item"}},
    )
    paths = {"/x": {"post": post}, "/x/{item_id}": {"$ref": "#/components/pathItems/Reading"}}
    made = contract(write, paths, security=[], components=components)
    found = {one.operation_id: one for one in made.operations}
    assert found["an_id"].body.schema("application/json") == {"$ref": "#/components/schemas/I"}
    assert found["an_id"].answers.check(200, "application/json", b"5")
    assert found["get"].call(item_id="a") == {"item_id": "a"}


@pytest.mark.parametrize("security", [[{}, {"bearer": []}], [{"bearer": []}, {}]])
def test_a_token_may_be_optional(security, write):
    paths = {"/x": {"get": operation("may_ask_who_calls", security=security)}}
    dependencies = Dependencies([], {Caller | None: lambda: Caller("ada")})
    (found,) = contract(write, paths, dependencies=dependencies, **SECURED).operations
    assert (found.security.tokens, found.security.anybody, found.call()) == ((frozenset(),), True, "ada")


def test_an_operations_own_parameter_goes_before_that_of_its_path(write):
    shared = [
        {"name": "limit", "in": "query", "schema": {"type": "integer"}},
        {"name": "X-A", "in": "header", "schema": {"type": "string"}},
        in_path(),
    ]
    own = [
        {"name": "limit", "in": "query", "schema": {"type": "boolean"}},
        {"name": "x-a", "in": "header", "schema": {"type": "integer"}},
        {"name": "limit", "in": "cookie", "schema": {"type": "string"}},
    ]
    paths = {"/x/{item_id}": {"parameters": shared, "get": operation("anything", parameters=own[:2])}}
    found = contract(write, paths)
    kinds = {one.name: one.node["type"] for one in found.operations[0].parameters}
    assert kinds == {"limit": "boolean", "x-a": "integer", "item_id": "string"}
    assert len(found.document["paths"]["/x/{item_id}"]["get"]["parameters"]) == 3
    assert "parameters" not in found.document["paths"]["/x/{item_id}"]


@pytest.mark.parametrize(
    ("members", "operation_id"),
    [
        ({}, "an_id"),
        ({"operationId": ...}, "nothing"),
        ({"operationId": BOUND + "nothing", "x-bind-server": ...}, "nothing"),
        ({"operationId": "pets.list"}, "pets.list"),
    ],
)
def test_the_function_is_named_by_x_bind_server_or_by_the_operation_id(members, operation_id, write):
    found = contract(write, {"/x": {"get": operation(**members)}})
    assert found.operations[0].operation_id == operation_id
    assert found.operations[0].call is nothing
    assert found.document["paths"]["/x"]["get"]["operationId"] == operation_id


@pytest.mark.parametrize(
    "members", [{"operationId": ...}, {"operationId": BOUND + "anything", "x-bind-server": ...}]
)
def test_one_function_may_answer_several_operations(members, write):
    one = operation("anything", **members, parameters=[in_path()])
    found = contract(write, {"/x/{item_id}": {"put": one, "patch": one}, "/v2/x/{item_id}/": {"put": one}})
    assert [one.operation_id for one in found.operations] == [
        "anything",
        "anything_patch_x_item_id",
        "anything_put_v2_x_item_id",
    ]


def test_an_operation_may_be_left_to_others(write):
    left = operation(**{"x-bind-server": ..., "x-no-bind-server": True})
    found = contract(write, {"/x": {"get": left, "post": operation(operationId="b")}})
    assert [one.method for one in found.operations] == ["POST"]
    assert found.document["paths"]["/x"]["get"] == {"operationId": "an_id", "responses": OK}


def test_every_method_of_openapi_is_served(write):
    methods = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
    found = contract(write, {"/x": {one: operation(operationId=one) for one in methods}})
    assert [one.method.lower() for one in found.operations] == list(methods)


@pytest.mark.parametrize("responses", ["2XX", "default", "302", "201"])
def test_an_answer_may_be_a_range_the_default_or_elsewhere(responses, write):
    (found,) = contract(write, {"/x": {"get": operation(responses={responses: OK["200"]})}}).operations
    assert found.answers.status == (int(responses) if responses.isdigit() else 200)


def paths_of(found):
    return {one.operation_id: one.path for one in found.operations}


def test_the_path_of_the_first_server_stands_before_those_of_the_contract_and_no_others(write):
    ping = Contribution({"/ping": {"get": {"operationId": "ping", "responses": OK}}}, {"ping": nothing})
    here = operation(operationId="here", servers=[{"url": "/v2"}])
    paths = {"/x": {"get": operation(), "put": here}, "/items": {"x-resource": BOUND + "Items"}}
    servers = [{"url": "https://shop.test/v1"}, {"url": "/v9"}]
    found = contract(write, paths, contributions=[ping], servers=servers, **PUBLIC)
    assert paths_of(found) == {
        "an_id": "/v1/x",
        "here": "/v2/x",
        "ping": "/ping",
        "list_items": "/v1/items",
        "where_they_are": "/v1/items/where",
    }
    assert next(one.call() for one in found.operations if one.path.endswith("where")) == "/v1/items"
    document = found.document
    validate(document)
    assert document["paths"]["/ping"]["servers"] == [{"url": "/"}]
    assert Routes(found.operations).find("/v1/x") is not None


SWAGGER = """
swagger: '2.0'
info: {title: Pets, version: '1'}
host: pets.test
basePath: /api
schemes: [https]
consumes: [application/json]
produces: [application/json]
security: [{key: []}]
securityDefinitions:
  key: {type: apiKey, in: header, name: Authorization}
paths:
  /pets/{pet_id}:
    parameters:
      - {name: pet_id, in: path, required: true, type: integer}
    put:
      operationId: libs.api.tests.bound.anything
      parameters:
        - {name: pet, in: body, required: true, schema: {$ref: '#/definitions/Pet'}}
        - {name: Authorization, in: header, type: string}
      responses:
        '200': {description: Kept., schema: {$ref: '#/definitions/Pet'}}
definitions:
  Pet: {type: object, properties: {name: {type: string}}}
"""


def test_a_contract_as_pymacaron_had_it_is_served(write):
    found = contract_of(write, SWAGGER)
    (put,) = found.operations
    assert (put.operation_id, put.path) == ("anything", "/api/pets/{pet_id}")
    assert (put.security.tokens, [one.argument for one in put.parameters]) == ((frozenset(),), ["pet_id"])
    assert put.body.schema("application/json") == {"$ref": "#/components/schemas/Pet"}
    validate(found.document)


def contract_of(write, text):
    return Contract.load(write(text), Dependencies())


def test_a_contribution_may_have_several_path_parameters(write):
    get = {"operationId": "pair", "responses": OK, "parameters": [in_path("a"), in_path("b")]}
    pair = Contribution({"/x/{a}/{b}": {"get": get}}, {"pair": lambda a, b: (a, b)})
    (found,) = contract(write, {}, contributions=[pair]).operations
    assert found.call(a="1", b="2") == ("1", "2")


def test_a_contribution_may_ask_for_a_token_where_the_contract_declares_none(write):
    get = {"operationId": "who", "responses": OK, "security": [{"bearer": []}]}
    who = Contribution({"/who": {"get": get}}, {"who": nothing})
    found = contract(write, {}, contributions=[who])
    assert found.operations[0].security.tokens == (frozenset(),)
    assert found.document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_a_resource_brings_its_operations_with_its_needs_filled(write):
    found = contract(write, {"/items": {"x-resource": BOUND + "Items"}})
    assert [one.operation_id for one in found.operations] == ["list_items", "where_they_are"]
    assert "x-resource" not in str(found.document)
    assert "Item" in found.document["components"]["schemas"]


def test_what_code_contributes_may_answer_other_statuses_than_it_declares(write):
    paths = {"/items": {"x-resource": BOUND + "Items"}, "/x": {"get": operation()}}
    found = {one.operation_id: one for one in contract(write, paths).operations}
    strict = AnswerCheck.from_setting("always")
    assert answer_of(found["list_items"], Result({"a": 1}, status=203), strict).json == {"a": 1}
    with pytest.raises(ValueError, match="status 200 is declared as nothing"):
        answer_of(found["list_items"], Result({"a": 1}), strict)
    with pytest.raises(ValueError, match="status 203 is not declared"):
        answer_of(found["an_id"], Result({"a": 1}, status=203), strict)


def test_contributions_are_served_beside_the_file(write):
    ping = Contribution({"/ping": {"get": {"operationId": "ping", "responses": OK}}}, {"ping": nothing})
    items = Items(Shop()).contribution("/x")
    found = contract(write, {"/x": {"post": operation()}}, contributions=[ping, items])
    assert {one.operation_id for one in found.operations} == {"ping", "list_items", "where_they_are", "an_id"}
    assert set(found.document["paths"]["/x"]) == {"get", "post"}


@pytest.mark.parametrize(
    "path", [contract_path(name, APIS) for name in contract_names(APIS)], ids=lambda path: path.name
)
def test_the_contracts_of_this_repository_can_be_read(path):
    assert read_document(path)["paths"]
