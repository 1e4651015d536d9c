"""What clients are made from: published documents, contracts of others, and the words for clients."""

import json
import re

import httpx
import pytest
import yaml

from libs.api import Clients, ContractError, RemoteProblem, client_document
from libs.api.tests.clients.conftest import Script
from libs.errors import ServiceUnavailable
from libs.jwt import Caller, acting_as

DONE = {
    "200": {
        "description": "Done.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
    }
}


def document(operations, **more):
    """Return a contract with these operations, by path, all of them GET."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "security": [{"bearer": []}],
        "paths": {path: {"get": {"responses": DONE, **one}} for path, one in operations.items()},
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Thing": {"type": "object", "properties": {"n": {"type": "integer"}}}},
        },
        **more,
    }


@pytest.fixture
def apis(tmp_path):
    """Write contracts and published documents; return their folder."""
    folder = tmp_path / "apis"
    (folder / "published").mkdir(parents=True)

    def write(contract=None, published=None, api="shop"):
        if contract is not None:
            (folder / f"{api}.yaml").write_text(yaml.safe_dump(contract))
        if published is not None:
            (folder / "published" / f"{api}.json").write_text(json.dumps(published))
        return folder

    return write


def clients_of(folder, script, *names):
    return Clients(
        {name: f"http://{name}.test" for name in names or ("shop",)},
        transports=dict.fromkeys(names or ("shop",), script),
        folder=folder,
    )


def answering(body=None):
    return Script(httpx.Response(200, json=body or {"n": 1}))


def test_a_service_of_ours_is_called_by_its_published_document(apis):
    folder = apis(document({}), document({"/a": {"operationId": "get_a"}}))
    script = answering()
    clients = clients_of(folder, script)
    assert clients.shop.get_a().n == 1
    assert type(clients.shop.get_a()) is clients.shop.Thing
    assert str(script.requests[0].url) == "http://shop.test/a"


def test_a_published_document_needs_no_contract_beside_it(apis):
    assert client_document("shop", apis(None, document({"/a": {"operationId": "get_a"}}))).ours


def test_a_contract_without_a_service_is_called_by_the_contract_and_sees_no_token(apis):
    script = answering()
    clients = clients_of(apis(document({"/a": {"operationId": "get_a"}})), script)
    with acting_as(Caller("ada", token="adas")):
        assert clients.shop.get_a().n == 1
        clients.shop.get_a(auth="theirs")
    assert [one.headers.get("Authorization") for one in script.requests] == [None, "Bearer theirs"]


def test_a_service_that_has_not_published_is_told_how_to(apis):
    folder = apis(document({"/a": {"operationId": "get_a"}}))
    (folder.parent / "services" / "shop").mkdir(parents=True)
    with pytest.raises(ContractError, match=r"^apis/published/shop.json cannot be read: .*`make contracts`"):
        client_document("shop", folder)
    (folder / "published" / "shop.json").write_text("<<<<<<< ours")
    with pytest.raises(ContractError, match=r"^apis/published/shop.json is not JSON; `make contracts`"):
        client_document("shop", folder)


def test_a_service_nobody_knows_is_told_with_a_near_miss(apis):
    folder = apis(document({}), document({}), api="weather")
    for name, told in (("weathr", r" \(did you mean 'weather'\?\)"), ("profiles", "")):
        with pytest.raises(ContractError) as caught:
            client_document(name, folder)
        assert re.fullmatch(
            rf"there is neither apis/{name}\.yaml nor apis/published/{name}\.json{told}", str(caught.value)
        )


@pytest.mark.parametrize("published", [True, False])
def test_x_bind_client_is_what_an_operation_is_called(apis, published):
    contract = document(
        {"/a": {"operationId": "get-a", "x-bind-client": "fetch"}, "/b": {"x-bind-client": "look"}}
    )
    complete = document(
        {"/a": {"operationId": "get-a"}, "/b": {"operationId": "handler_of_b"}, "/c": {"operationId": "c"}}
    )
    clients = clients_of(apis(contract, complete if published else None), script := answering())
    clients.shop.fetch()
    clients.shop.look()
    assert [one.url.path for one in script.requests] == ["/a", "/b"]
    assert not hasattr(clients.shop, "handler_of_b")
    if published:
        clients.shop["c"]()


def test_an_operation_whose_name_is_none_in_python_is_an_item(apis):
    clients = clients_of(
        apis(document({"/a": {"operationId": "get-a"}, "/b": {"operationId": "class"}})), answering()
    )
    assert clients["shop"]["get-a"]().n == 1
    assert clients.shop["class"]().n == 1


def sign(request, send):
    request.headers["X-Signature"] = "signed"
    return send(request)


def count(request, send):
    request.headers["X-Count"] = request.headers.get("X-Signature", "none yet")
    return send(request)


NUMBER = 5
HERE = __name__


@pytest.mark.parametrize("published", [True, False])
def test_x_decorate_request_is_called_around_sending(apis, published):
    named = {"x-decorate-request": [f"{HERE}.sign", f"{HERE}.count"]}
    contract = document({"/a": {"operationId": "get_a", **named}, "/b": {"operationId": "get_b"}})
    complete = document({"/a": {"operationId": "get_a"}, "/b": {"operationId": "get_b"}})
    clients = clients_of(apis(contract, complete if published else None), script := answering())
    clients.shop.get_a()
    clients.shop.get_b()
    assert [one.headers.get("X-Count") for one in script.requests] == ["signed", None]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"x-decorate-request": f"{HERE}.sgn"}, "GET /a: x-decorate-request: there is no 'sgn' in"),
        ({"x-decorate-request": "no.such.module.f"}, "GET /a: x-decorate-request: there is no module no"),
        ({"x-decorate-request": 5}, "GET /a: x-decorate-request: 5 is no name of a function"),
        ({"x-decorate-request": f"{HERE}.NUMBER"}, "NUMBER is a int, no function"),
        ({"x-bind-client": "get a"}, "GET /a: x-bind-client: 'get a' is no name in Python"),
        ({"x-bind-client": ["a"]}, "GET /a: x-bind-client: ['a'] is no name in Python"),
        ({"x-bind-client": "get_b"}, "GET /b: clients call GET /a 'get_b', too"),
        (
            {"x-bind-clint": "fetch"},
            "'x-bind-clint' is nothing this service knows (did you mean 'x-bind-client'?)",
        ),
    ],
)
def test_a_wrong_word_is_told_with_its_line(apis, words, told):
    contract = document({"/a": {"operationId": "get_a", **words}, "/b": {"operationId": "get_b"}})
    with pytest.raises(ContractError) as caught:
        client_document("shop", apis(contract))
    (fault,) = caught.value.faults
    assert told in fault
    assert fault.startswith("shop.yaml:")


def in_place(where, schema, **more):
    return {"name": "x", "in": where, "schema": schema, **more}


WRONG = {"type": "string", "default": 5}
FORM = {"a": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}}
ENCODED = {
    "application/x-www-form-urlencoded": {
        "schema": {"type": "object", "properties": FORM},
        "encoding": {"a": {"style": "pipeDelimited"}},
    }
}
LATER = {"description": "Later.", "headers": {"X-Wait": {"schema": WRONG}}}


@pytest.mark.parametrize("published", [True, False])
def test_an_operation_that_cannot_be_called_says_why_when_it_is_called(apis, published):
    contract = document(
        {
            "/a/{x}": {
                "operationId": "get_a",
                "parameters": [
                    in_place("path", WRONG, required=True),
                    {"$ref": "#/components/parameters/Left"},
                ],
                "requestBody": {"content": ENCODED},
                "responses": {**DONE, "202": LATER},
            },
            "/b": {"operationId": "get_b"},
        }
    )
    contract["components"]["parameters"] = {"Left": in_place("header", WRONG)}
    clients = clients_of(apis(None if published else contract, contract if published else None), answering())
    assert clients.shop.get_b().n == 1
    for call in (clients.shop.get_a, clients.shop["get_a"].answer):
        with pytest.raises(ContractError) as caught:
            call(x="x")
        faults = caught.value.faults
        assert [told.partition(": ")[0] for told in faults] == ["shop.get_a cannot be called"] * 4
        where = r"apis/published/shop\.json#/\S+" if published else r"shop\.yaml:\d+"
        for told, what in zip(
            faults, ("parameter 'x'", "parameter 'x'", "its body as", "its response 202: header"), strict=True
        ):
            assert re.match(rf"shop\.get_a cannot be called: {where}: {what}", told)
    assert not published or [told.split("#")[1].partition(": ")[0] for told in faults] == [
        "/paths/~1a~1{x}/get/parameters/0",
        "/components/parameters/Left",
        "/paths/~1a~1{x}/get/requestBody/content/application~1x-www-form-urlencoded",
        "/paths/~1a~1{x}/get/responses/202",
    ]


def test_what_is_wrong_with_no_single_parameter_is_told_of_the_operation(apis):
    parameters = [in_query("page-size"), in_query("page.size")]
    contract = document({"/a": {"operationId": "get_a", "parameters": parameters}})
    clients = clients_of(apis(None, contract), answering())
    with pytest.raises(ContractError) as caught:
        clients.shop.get_a()
    (fault,) = caught.value.faults
    assert fault.startswith("shop.get_a cannot be called: apis/published/shop.json#/paths/~1a/get: ")
    assert "page_size twice" in fault


def test_the_path_of_a_server_and_the_parameters_of_a_path_belong_to_every_operation(apis):
    contract = document({"/a/{key}": {"operationId": "get_a"}}, servers=[{"url": "https://shop.example/v1"}])
    contract["paths"]["/a/{key}"]["parameters"] = [
        {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}
    ]
    clients = clients_of(apis(contract), script := answering())
    clients.shop.get_a(key="k")
    assert str(script.requests[0].url) == "http://shop.test/v1/a/k"


def in_query(name):
    return {"name": name, "in": "query", "schema": {"type": "string"}}


def test_a_parameter_may_have_any_name(apis):
    names = ["self", "arguments", "auth", "timeout"]
    contract = document({"/a": {"operationId": "get_a", "parameters": [in_query(name) for name in names]}})
    clients = clients_of(apis(contract), script := answering())
    clients.shop.get_a(**{name: name for name in names})
    clients.shop["get_a"].answer(self="self")
    assert dict(script.requests[0].url.params) == {name: name for name in names}
    assert dict(script.requests[1].url.params) == {"self": "self"}


def test_a_url_that_is_too_long_is_a_value_error(apis):
    contract = document({"/a": {"operationId": "get_a", "parameters": [in_query("q")]}})
    clients = clients_of(apis(contract), script := answering())
    with pytest.raises(ValueError, match=r"^shop\.get_a\(\) makes a URL of more than 65536 characters$"):
        clients.shop.get_a(q="x" * 65536)
    assert script.requests == []


@pytest.mark.parametrize("declared", ["302", "3XX"])
def test_a_redirect_is_an_answer_where_it_is_declared_and_never_followed(apis, declared):
    answers = {**DONE, declared: {"description": "Elsewhere."}}
    contract = document(
        {"/a": {"operationId": "get_a", "responses": answers}, "/b": {"operationId": "get_b"}}
    )
    found = httpx.Response(302, headers={"Location": "http://evil.test/"})
    clients = clients_of(apis(contract), script := Script(found))
    told = clients.shop["get_a"].answer()
    assert (told.status, told.value, told.headers["Location"]) == (302, None, "http://evil.test/")
    with pytest.raises(RemoteProblem, match=r"shop\.get_b answered 302"):
        clients.shop.get_b()
    assert len(script.requests) == 2


def test_an_old_contract_can_be_called_too(apis):
    old = {
        "swagger": "2.0",
        "info": {"title": "Old", "version": "1"},
        "host": "live.example",
        "basePath": "/api",
        "paths": {
            "/things": {
                "get": {
                    "operationId": "list",
                    "x-bind-client": "list_things",
                    "parameters": [
                        {
                            "name": "ids",
                            "in": "query",
                            "type": "array",
                            "collectionFormat": "pipes",
                            "items": {"type": "integer"},
                        }
                    ],
                    "responses": {"200": {"description": "ok", "schema": {"$ref": "#/definitions/Thing"}}},
                }
            }
        },
        "definitions": {
            "Thing": {
                "type": "object",
                "x-parent": "no.such.module.Parent",
                "properties": {"n": {"type": "integer"}},
            }
        },
    }
    clients = clients_of(apis(old), script := answering())
    assert clients.shop.list_things(ids=[1, 2]).n == 1
    assert script.requests[0].url.raw_path == b"/api/things?ids=1%7C2"


def test_a_service_that_is_not_called_is_an_attribute_error(apis):
    clients = clients_of(apis(document({"/a": {"operationId": "get_a"}})), answering())
    with pytest.raises(
        AttributeError, match=r"'shp' is not among the services that are called \(did you mean 'shop'\?\)"
    ):
        _ = clients.shp
    with pytest.raises(KeyError, match="shp"):
        clients["shp"]
    assert (clients.names(), clients["shop"] is clients.shop) == (["shop"], True)
    assert "shop" in dir(clients)


def test_a_transport_for_a_service_without_an_address_is_told(apis):
    with pytest.raises(ValueError, match=r"a transport for 'shp', but no address \(did you mean 'shop'\?\)"):
        Clients({"shop": "http://shop.test"}, transports={"shp": answering()}, folder=apis(document({})))


def test_the_state_of_each_circuit_can_be_read(apis):
    folder = apis(document({"/a": {"operationId": "get_a"}}))
    apis(document({"/a": {"operationId": "get_a"}}), api="other")
    clients = Clients(
        {"shop": "http://shop.test", "other": "http://other.test"},
        transports={"shop": Script(httpx.ConnectError("no")), "other": answering()},
        folder=folder,
    )
    for _ in range(8):
        with pytest.raises(ServiceUnavailable):
            clients.shop.get_a()
    clients.other.get_a()
    assert clients.circuits() == {"shop": "open", "other": "closed"}
    clients.close()
