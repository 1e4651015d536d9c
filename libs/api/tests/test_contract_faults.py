"""A contract that cannot be served stops the start, with every fault named."""

from copy import deepcopy

import pytest

from libs.api import Contract, ContractError, Contribution, Dependencies
from libs.api.tests.bound import Shop, nothing
from libs.jwt import Caller

OK = {"200": {"description": "Good."}}
BOUND = "libs.api.tests.bound."
TEXT = {"type": "string"}


def faults(write, paths, *, contributions=(), dependencies=None, **members):
    """Return the faults of a contract, line by line, without the name of its file."""
    document = {"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": paths, **members}
    with pytest.raises(ContractError) as caught:
        Contract.load(write(deepcopy(document)), dependencies or Dependencies([Shop()]), contributions)
    lines = str(caught.value).split("\n")
    assert all(line.startswith("shop.yaml: ") for line in lines)
    return [line.removeprefix("shop.yaml: ") for line in lines]


def operation(bound="nothing", **members):
    found = {"operationId": "an_id", "x-bind-server": BOUND + bound, "responses": OK, **members}
    return {name: value for name, value in found.items() if value is not ...}


def in_path(name="item_id"):
    return {"name": name, "in": "path", "required": True, "schema": TEXT}


def body(schema, media_type="application/json"):
    return {"content": {media_type: {"schema": schema}}}


WRONG = {
    "bound nowhere": (operation(**{"x-bind-server": ...}), "'x-bind-server' is missing"),
    "no such module": (operation(**{"x-bind-server": "libs.nowhere.x"}), "No module named 'libs.nowhere'"),
    "no such function": (operation("none"), "module 'libs.api.tests.bound' has no attribute 'none'"),
    "no module at all": (operation(**{"x-bind-server": "x"}), "Empty module name"),
    "not a name": (operation(**{"x-bind-server": 5}), "'int' object has no attribute 'rpartition'"),
    "no function": (operation("NUMBER"), "'int' object has no attribute '__module__'"),
    "no id": (operation(operationId=...), "'operationId' is missing"),
    "no responses": (operation(responses=...), "'responses' is missing"),
    "no success": (operation(responses={"404": {"description": ""}}), "it declares no 2xx response"),
    "not an operation": (None, "'NoneType' object has no attribute 'get'"),
    "handler takes too little": (
        operation("takes_too_little", parameters=[{"name": "limit", "in": "query", "schema": TEXT}]),
        f"{BOUND}takes_too_little does not take 'limit'",
    ),
    "handler takes no body": (operation(requestBody=body(TEXT)), f"{BOUND}nothing does not take 'body'"),
    "handler lacks the body": (
        operation("add_item"),
        f"{BOUND}add_item needs 'body', of a type this service does not provide",
    ),
    "parameter not in the path": (
        operation("get_item", parameters=[in_path()]),
        "its path parameters are ['item_id'], not those of its path",
    ),
    "cookie": (
        operation(parameters=[{"name": "c", "in": "cookie", "schema": TEXT}]),
        "parameter 'c' is in 'cookie'; path, query and header are served",
    ),
    "parameter without a schema": (
        operation(parameters=[{"name": "c", "in": "query"}]),
        "'schema' is missing",
    ),
    "arguments collide": (
        operation(
            parameters=[
                {"name": n, "in": p, "schema": TEXT} for n, p in [("a_b", "query"), ("A-B", "header")]
            ]
        ),
        "its handler would be given a_b twice",
    ),
    "a parameter called body": (
        operation(
            "add_item", parameters=[{"name": "body", "in": "query", "schema": TEXT}], requestBody=body(TEXT)
        ),
        "its handler would be given body twice",
    ),
    "form body": (
        operation("add_item", requestBody=body(TEXT, "multipart/form-data")),
        "its body is multipart/form-data; application/json is served",
    ),
    "body nowhere": (
        operation("add_item", requestBody=body({"$ref": "#/components/schemas/Nowhere"})),
        "its schema is not valid: Pointer '/components/schemas/Nowhere' does not exist",
    ),
    "parameter nowhere": (
        operation(parameters=[{"$ref": "#/components/parameters/Nowhere"}]),
        "$ref '#/components/parameters/Nowhere' does not lead to a place in this document",
    ),
    "answer nowhere": (
        operation(responses={"200": {"description": "", **body({"$ref": "#/components/schemas/Nowhere"})}}),
        "its schema is not valid: Pointer '/components/schemas/Nowhere' does not exist",
    ),
    "no schema": (
        operation("add_item", requestBody=body({"type": "strng"})),
        "its schema is not valid: the value is",
    ),
}


@pytest.mark.parametrize(("node", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_operation_is_told_with_its_place(node, told, write):
    (found,) = faults(write, {"/x": {"get": node}})
    assert found.startswith(f"GET /x: {told}")


@pytest.mark.parametrize(
    "security",
    [
        None,
        {},
        [{}],
        [{"oauth": []}],
        [{}, {}],
        [{"bearer": []}, {}, {}],
        [{"oauth": []}, {}],
        [{"bearer": []}] * 2,
        [{"bearer": [], "key": []}],
    ],
)
def test_security_that_is_not_one_bearer_requirement_is_a_fault_and_never_public(security, write):
    told = "GET /x: its security is not one `bearer` requirement"
    assert faults(write, {"/x": {"get": operation(security=security)}}) == [told]
    assert faults(write, {"/x": {"get": operation()}}, security=security) == [told]


def test_a_token_that_may_be_missing_cannot_have_to_hold_scopes(write):
    (told,) = faults(write, {"/x": {"get": operation(security=[{}, {"bearer": ["a"]}])}})
    assert told == "GET /x: its token is optional and has to hold scopes; check those in the handler"


def test_a_handler_that_needs_what_nobody_provides_is_told_all_of_it(write):
    node = operation("needs_nobody", parameters=[in_path()])
    (told,) = faults(write, {"/x/{item_id}": {"get": node}})
    assert told == f"GET /x/{{item_id}}: {BOUND}needs_nobody " + "; ".join(
        f"needs {name!r}, of a type this service does not provide" for name in ("nobody", "path")
    )


def test_perhaps_nobody_is_known_to_call_an_operation_that_needs_no_token(write):
    bearer = {"bearer": []}
    dependencies = Dependencies([], {Caller: lambda: None, Caller | None: lambda: None})
    for security in ([], [{}, bearer], [bearer, {}]):
        node = operation("asks_who_calls", security=security)
        (told,) = faults(write, {"/x": {"get": node}}, dependencies=dependencies)
        assert (
            told == f"GET /x: {BOUND}asks_who_calls needs 'caller', of a type this service does not provide"
        )


@pytest.mark.parametrize("path", ["/x", "/x/{other}", "/x/{item_id}/{other}"])
def test_path_parameters_must_be_those_of_the_path(path, write):
    (found,) = faults(write, {path: {"parameters": [in_path()], "get": operation("get_item")}})
    assert found == f"GET {path}: its path parameters are ['item_id'], not those of its path"


@pytest.mark.parametrize("path", ["/x/", "x", "/x//y", "/{item_id}.txt"])
def test_a_path_that_no_request_can_have_is_told(path, write):
    told = faults(write, {path: {"get": operation()}})
    assert told[0].startswith(f"{path}: ")


def test_paths_differ_in_more_than_the_names_of_their_placeholders(write):
    one = operation("get_item", parameters=[in_path()])
    paths = {"/x/{item_id}": {"get": one}, "/x/{key}": {"delete": operation()}, "/x/y": {"get": operation()}}
    assert "/x/{key}: is the same path as /x/{item_id}" in faults(write, paths)


def test_an_operation_id_is_used_once(write):
    assert faults(write, {"/x": {"get": operation()}, "/y": {"post": operation()}}) == [
        "POST /y: operationId 'an_id' is used twice"
    ]


def test_what_is_not_served_is_told(write):
    told = faults(write, {"/x": {"get": operation(), "head": operation(operationId="b"), "servers": []}})
    assert sorted(told) == ["/x: 'head' is not served", "/x: 'servers' is not served"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("libs.nowhere.Items", "No module named 'libs.nowhere'"),
        (BOUND + "Nothing", "module 'libs.api.tests.bound' has no attribute 'Nothing'"),
        (BOUND + "Shop", "'Shop' object has no attribute 'contribution'"),
        (BOUND + "Demanding", f"{BOUND}Demanding needs 'nobody', of a type this service does not provide"),
    ],
)
def test_a_resource_that_cannot_be_made_is_told(name, told, write):
    assert faults(write, {"/items": {"x-resource": name}}) == [f"/items: x-resource: {told}"]


def test_operations_and_schemas_are_declared_once(write):
    node = {"operationId": "b", "responses": OK}
    twice = Contribution({"/x": {"get": node, "put": node}}, {"b": nothing}, {"Problem": {}, "New": {}})
    told = faults(write, {"/x": {"get": operation()}}, contributions=[twice])
    assert "/x: get is declared twice" in told
    assert "components.schemas.Problem: is declared twice" in told


@pytest.mark.parametrize("paths", [None, [], "x", 5, {"/x": None}, {"/x": []}])
def test_paths_that_are_none_are_told(paths, write):
    assert faults(write, paths) == ["paths: must say, for each path, what its methods do"]


def test_every_fault_of_a_contract_is_told_at_once(write):
    paths = {f"/{number}": {"get": node} for number, (node, _) in enumerate(WRONG.values())}
    paths["/r"] = {"x-resource": "libs.nowhere.Items"}
    told = faults(write, paths)
    assert len(told) == len(WRONG) + 1
    for number, (_, expected) in enumerate(WRONG.values()):
        assert any(line.startswith(f"GET /{number}: {expected}") for line in told)
