"""A good contract: every operation bound, the document complete."""

from copy import deepcopy

import pytest
from openapi_spec_validator import validate

from libs.api import APIS, Contract, Contribution, Dependencies, read_document
from libs.api.tests.bound import Items, Shop, nothing
from libs.jwt import Caller

OK = {"200": {"description": "Good."}}
BOUND = "libs.api.tests.bound."
SECURED = {
    "security": [{"bearer": []}],
    "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
}


def contract(write, paths, *, contributions=(), **members):
    document = {"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": paths, **members}
    return Contract.load(write(deepcopy(document)), Dependencies([Shop()]), contributions)


def operation(**members):
    return {"operationId": "nothing", "x-bind-server": BOUND + "nothing", "responses": OK, **members}


def test_all_operations_of_a_contract_are_bound(library):
    found = {one.operation_id: (one.method, one.path) for one in library.contract.operations}
    assert found == {
        "get_status": ("GET", "/status"),
        "recommend": ("GET", "/recommendations"),
        "set_labels": ("PUT", "/labels"),
        "list_books": ("GET", "/books"),
        "add_book": ("POST", "/books"),
        "get_book": ("GET", "/books/{book_id}"),
        "remove_book": ("DELETE", "/books/{book_id}"),
        "read_book": ("GET", "/books/{book_id}/text"),
    }


def test_what_an_operation_takes_and_answers_is_read(library):
    operations = {one.operation_id: one for one in library.contract.operations}
    assert operations["get_status"].scopes is None
    assert operations["get_book"].scopes == frozenset()
    assert operations["add_book"].scopes == {"books:write"}
    assert (operations["add_book"].status, operations["remove_book"].status) == (201, 204)
    assert (operations["add_book"].body.required, operations["add_book"].body.model) == (True, "NewBook")
    assert operations["set_labels"].body.required is False
    assert [one.name for one in operations["remove_book"].parameters] == ["book_id", "If-Match"]
    assert list(operations["get_book"].answers) == [200]
    assert operations["read_book"].answers == {}


def test_the_served_document_is_complete_and_does_not_tell_where_the_code_is(library):
    document = library.contract.document
    validate(document)
    assert "x-bind-server" not in str(document)
    assert document["components"]["schemas"]["Problem"]["required"][-1] == "request_id"
    get_book = document["paths"]["/books/{book_id}"]["get"]
    assert get_book["parameters"][0]["name"] == "book_id"
    default = get_book["responses"]["default"]["content"]["application/problem+json"]["schema"]
    assert default == {"$ref": "#/components/schemas/Problem"}


def test_a_default_response_of_the_contracts_own_stays(write):
    responses = {**OK, "default": {"description": "Mine."}}
    found = contract(write, {"/x": {"get": operation(responses=responses)}})
    assert found.document["paths"]["/x"]["get"]["responses"]["default"] == {"description": "Mine."}


def test_the_problems_that_follow_by_themselves_are_named_and_described_once(write):
    conflict = {"$ref": "#/components/responses/Conflict"}
    responses = {**OK, "404": {"description": "Mine."}, "409": conflict}
    found = contract(write, {"/x": {"get": operation(responses=responses)}}, **SECURED).document
    validate(found)
    named = found["paths"]["/x"]["get"]["responses"]
    assert list(named) == ["200", "400", "401", "404", "409", "default"]
    assert named["404"] == {"description": "Mine."}
    assert set(found["components"]["responses"]) == {"BadRequest", "Unauthorized", "Conflict"}


def test_references_are_followed_everywhere(write):
    components = {
        "parameters": {
            "Id": {"name": "item_id", "in": "path", "required": True, "schema": {"type": "string"}}
        },
        "requestBodies": {
            "Item": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/I"}}}}
        },
        "responses": {
            "Item": {"description": "", "content": {"application/json": {"schema": {"type": "object"}}}}
        },
        "schemas": {"I": {"type": "object"}},
    }
    post = operation(
        requestBody={"$ref": "#/components/requestBodies/Item"},
        responses={"200": {"$ref": "#/components/responses/Item"}},
        **{"x-bind-server": BOUND + "add_item"},
    )
    get = operation(operationId="get", **{"x-bind-server": BOUND + "get_item"})
    item = {"parameters": [{"$ref": "#/components/parameters/Id"}], "get": get}
    found = {one.operation_id: one for one in contract(
        write, {"/x": {"post": post}, "/x/{item_id}": item}, components=components
    ).operations}  # fmt: skip
    assert found["nothing"].body.model == "I"
    assert found["nothing"].answers[200].faults(5)
    assert found["get"].call(item_id="a") == {"item_id": "a"}


def test_a_contract_without_security_is_public_and_an_empty_list_makes_an_operation_public(write):
    everything, bearer = {"/x": {"get": operation()}}, [{"bearer": ["a", "b"]}]
    assert contract(write, everything).operations[0].scopes is None
    assert contract(write, everything, security=bearer).operations[0].scopes == {"a", "b"}
    public = {"/x": {"get": operation(security=[])}}
    assert contract(write, public, security=bearer).operations[0].scopes is None


@pytest.mark.parametrize("security", [[{}, {"bearer": []}], [{"bearer": []}, {}]])
def test_a_token_may_be_optional(security, write):
    who = {**operation(security=security), "x-bind-server": BOUND + "may_ask_who_calls"}
    path = write({"openapi": "3.1.0", "info": {}, "paths": {"/x": {"get": who}}})
    ada = Caller("ada")
    (found,) = Contract.load(path, Dependencies([], {Caller | None: lambda: ada})).operations
    assert (found.scopes, found.token_optional, found.call()) == (frozenset(), True, "ada")


def test_a_contribution_may_have_several_path_parameters(write):
    names = ["a", "b"]
    parameters = [{"name": n, "in": "path", "required": True, "schema": {"type": "string"}} for n in names]
    get = {"operationId": "pair", "responses": OK, "parameters": parameters}
    pair = Contribution({"/x/{a}/{b}": {"get": get}}, {"pair": lambda a, b: (a, b)})
    (found,) = contract(write, {}, contributions=[pair]).operations
    assert found.call(a="1", b="2") == ("1", "2")


def test_a_resource_brings_its_operations_with_its_needs_filled(write):
    found = contract(write, {"/items": {"x-resource": BOUND + "Items"}})
    assert [one.operation_id for one in found.operations] == ["list_items"]
    assert "x-resource" not in str(found.document)
    assert "Item" in found.document["components"]["schemas"]


def test_contributions_are_served_beside_the_file(write):
    ping = Contribution({"/ping": {"get": {"operationId": "ping", "responses": OK}}}, {"ping": nothing})
    items = Items(Shop()).contribution("/x")
    found = contract(write, {"/x": {"post": operation()}}, contributions=[ping, items])
    assert {one.operation_id for one in found.operations} == {"ping", "list_items", "nothing"}
    assert set(found.document["paths"]["/x"]) == {"get", "post"}


@pytest.mark.parametrize("path", sorted(APIS.glob("*.yaml")), ids=lambda path: path.name)
def test_the_contracts_of_this_repository_can_be_read(path):
    assert read_document(path)["paths"]
