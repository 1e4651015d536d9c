"""A contract that cannot be served stops the start, with every fault named, its place, and what to write."""

import sys

import pytest

from libs.api import Contribution, Dependencies
from libs.api.tests.binding.spoiled import BOUND, ONE, SIGNATURE, bound, faults, spoiled
from libs.api.tests.bound import nothing
from libs.jwt import Caller


def test_every_fault_of_an_operation_is_told_at_once(write):
    paths = """
    /x/{id}:
      post:
        x-bind-server: $B.nowhere
        x-decorate-server: $B.nowhere
        security: [{nowhere: []}]
        parameters:
          - {name: p, in: query, schema: {type: integer, default: x}}
          - {name: q, in: query, schema: {type: integer, default: x}}
        requestBody: {content: {}}
        responses: {'404': {description: ''}}
    """
    lines = [one.partition(":")[0] for one in faults(write, paths)]
    assert sorted(lines, key=int) == ["2", "3", "4", "5", "7", "8", "9", "10"]


def test_the_place_of_what_is_at_fault_in_a_decorator_is_that_of_its_module(tmp_path, monkeypatch, write):
    monkeypatch.syspath_prepend(tmp_path)
    modules = {
        "raises_when_imported": (
            "import json\n\njson.loads('hunter')\n",
            ":3: JSONDecodeError: Expecting value",
        ),
        "lacks_a_module": (
            "import nowhere_at_all\n",
            ":1: ModuleNotFoundError: No module named 'nowhere_at_all'",
        ),
        "is_no_python": ("def f(:\n", ":1: invalid syntax"),
    }
    (tmp_path / "is_no_library.so").write_bytes(b"")  # fails before a line of it is run
    (found,) = faults(write, spoiled("$B", "is_no_library"))
    assert found.startswith("4: GET /x: is_no_library cannot be imported: ImportError: ")
    for name, (text, told) in modules.items():
        (tmp_path / f"{name}.py").write_text(text)
        (found,) = faults(write, spoiled("$B", name))
        assert found.startswith(f"4: GET /x: {name} cannot be imported: {tmp_path}/{name}.py{told}")
        sys.modules.pop(name, None)


def test_a_module_that_fails_is_told_where_it_is_named_first(tmp_path, monkeypatch, write):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "fails_once.py").write_text("1 / 0\n")
    several = "".join(ONE.replace("/x", f"/{n}").replace("an_id", f"id_{n}") for n in range(3))
    paths = several.replace("$B", "fails_once") + "/things:\n  x-resource: fails_once.Things\n"
    (found,) = faults(write, paths)
    assert found.startswith("19: /things: x-resource: fails_once cannot be imported: ")
    (found,) = faults(write, several.replace("$B", "fails_once"))
    assert found.startswith("4: GET /0: fails_once cannot be imported: ")


def test_a_schema_nobody_has_is_told_once_where_it_is_referred_to(write):
    paths = """
    /x:
      post:
        operationId: an_id
        x-bind-server: $B.add_item
        requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Itme'}}}}
        responses: {'201': {$ref: '#/components/responses/Conflct'}}
    /items: {x-resource: $B.Items}
    """
    assert faults(write, paths) == [
        "5: $ref '#/components/schemas/Itme' leads nowhere: there is no 'Itme' (did you mean 'Item'?)",
        (
            "6: $ref '#/components/responses/Conflct' leads nowhere: "
            "there is no 'Conflct' (did you mean 'Conflict'?)"
        ),
    ]


def test_an_operation_that_does_not_say_who_may_call_it_is_not_served(write):
    for paths in (ONE, "/x: {x-resource: $B.Items}"):
        found = faults(write, paths, top="")
        assert len(found) == (1 if paths == ONE else 2)
        assert found[0].endswith(
            "GET /x: does not say who may call it: say `security: []` for everybody, or "
            "`security: [{bearer: []}]` for callers with a token, there or at the top of the document"
        )


@pytest.mark.parametrize("security", ["[{}]", "[{oauth: []}]", "[{oauth: []}, {}]", "[{key: []}]"])
def test_security_of_the_document_that_cannot_be_is_a_fault_once_and_never_public(security, write):
    paths = ONE + ONE.replace("/x", "/y").replace("an_id", "another_id")
    (found,) = faults(write, paths, top=f"security: {security}\n")
    assert found.startswith("-1: ")


def test_a_handler_that_needs_what_nobody_provides_is_told_all_of_it(write):
    node = bound("needs_nobody", "    parameters: [{name: item_id, in: query, schema: {type: string}}]")
    (told,) = faults(write, node)
    needs = {"nobody": BOUND + "Nobody", "path": "pathlib.Path"}
    assert told == f"4: GET /x: {BOUND}needs_nobody " + "; ".join(
        f"needs {name!r}, of a type this service does not provide: {kind}" for name, kind in needs.items()
    ) + SIGNATURE + " def needs_nobody(item_id: str | None)"  # fmt: skip


@pytest.mark.parametrize(
    "security", ["[]", "[{}, {bearer: []}]", "[{bearer: []}, {}]", "[{}, {bearer: [a]}]"]
)
def test_perhaps_nobody_is_known_to_call_an_operation_that_needs_no_token(security, write):
    dependencies = Dependencies([], {Caller: lambda: None, Caller | None: lambda: None})
    node = bound("asks_who_calls", f"    security: {security}")
    (told,) = faults(write, node, dependencies=dependencies)
    assert "needs 'caller', and nobody need be known to call this: take `Caller | None`, or ask" in told


def test_path_parameters_are_those_of_the_path(write):
    paths = """
    /x/{item_id}/{else}:
      parameters:
        - {name: item-id, in: path, required: true, schema: {type: string}}
      get:
        operationId: an_id
        x-bind-server: $B.anything
        responses: OK
    """
    assert faults(write, paths) == [
        (
            "3: GET /x/{item_id}/{else}: the parameter 'item-id' is in no place of its path "
            "(did you mean 'item_id'?)"
        ),
        (
            "4: GET /x/{item_id}/{else}: {item_id} of its path is not declared: write parameters: "
            "[{name: item_id, in: path, required: true, schema: {type: string}}]"
        ),
        (
            "4: GET /x/{item_id}/{else}: {else} of its path is not declared: write parameters: "
            "[{name: else, in: path, required: true, schema: {type: string}}]"
        ),
    ]


@pytest.mark.parametrize("path", ["/x//y", "/x/%ff", "/x/{}", "/x/{a}{b}"])
def test_a_path_that_no_request_can_have_is_told(path, write):
    (found,) = faults(write, spoiled("/x", path))
    assert found.startswith(f"2: GET {path}: has ")


def test_paths_differ_in_more_than_the_names_of_their_placeholders(write):
    parameter = "    parameters: [{name: NAME, in: path, required: true, schema: {type: string}}]\n"
    one = bound("anything", parameter.replace("NAME", "a")).replace("/x", "/x/{a}")
    other = one.replace("an_id", "b").replace("{a}", "{b}").replace("name: a", "name: b")
    assert faults(write, one + other) == ["8: /x/{b}: is the same path as /x/{a}"]


def test_an_operation_id_is_used_once(write):
    paths = ONE + ONE.replace("/x", "/y")
    assert faults(write, paths) == ["9: GET /y: operationId 'an_id' is that of GET /x, too"]


def test_an_id_that_is_made_of_the_functions_name_is_used_once_too(write):
    paths = ONE.replace("    operationId: an_id\n", "") + ONE.replace("/x", "/y").replace("an_id", "nothing")
    (found,) = faults(write, paths)
    assert found.endswith("GET /y: operationId 'nothing' is that of GET /x, too")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("libs.nowhere.Items", "there is no module libs.nowhere"),
        (BOUND + "Itms", "there is no 'Itms' in libs/api/tests/bound.py (did you mean 'Items'?)"),
        (BOUND + "Shop", f"{BOUND}Shop is no resource: make it a subclass of libs.resource.ModelResource"),
        (
            BOUND + "Demanding",
            f"{BOUND}Demanding needs 'nobody', of a type this service does not provide: {BOUND}Nobody",
        ),
    ],
)
def test_a_resource_that_cannot_be_made_is_told(name, told, write):
    assert faults(write, f"/items:\n  x-resource: {name}") == [f"2: /items: x-resource: {told}"]


def test_operations_and_schemas_are_declared_once(write):
    node = {"operationId": "b", "responses": {"200": {"description": ""}}}
    twice = Contribution({"/x": {"get": node, "put": node}}, {"b": nothing}, {"Problem": {}, "New": {}})
    told = faults(write, ONE, contributions=[twice])
    assert "2: /x: get is declared twice" in told
    assert any(one.endswith(": components.schemas.Problem: is declared twice") for one in told)


def test_an_operation_of_the_contract_is_not_answered_by_the_function_of_another(write):
    node = {"operationId": "ping", "responses": {"200": {"description": ""}}}
    ping = Contribution({"/ping": {"get": node}}, {"ping": nothing})
    paths = ONE.replace("an_id", "ping").replace("    x-bind-server: $B.nothing\n", "")
    told = faults(write, paths, contributions=[ping])
    assert (
        "3: GET /x: nothing says which function answers it: write x-bind-server: services.shop.handlers.ping"
        in told
    )
