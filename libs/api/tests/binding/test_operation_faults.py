"""What is wrong with an operation is told with its place, and what to write instead."""

import re

import pytest

from libs.api.tests.binding.spoiled import BOUND, SIGNATURE, bound, faults, spoiled

WRONG = {
    "bound nowhere": (
        spoiled("    x-bind-server: $B.nothing\n", ""),
        (
            "3: GET /x: nothing says which function answers it: write "
            "x-bind-server: services.shop.handlers.an_id"
        ),
    ),
    "neither bound nor named": (
        spoiled("    operationId: an_id\n    x-bind-server: $B.nothing\n", ""),
        (
            "2: GET /x: nothing says which function answers it: write "
            "x-bind-server: services.shop.handlers.<function>"
        ),
    ),
    "no such package": (
        spoiled("$B", "libz.nowhere"),
        "4: GET /x: there is no module libz",
    ),
    "no such module": (
        spoiled("$B", "libs.api.tests.bounds"),
        "4: GET /x: there is no module libs.api.tests.bounds (did you mean 'bound'?)",
    ),
    "no such module beside a function": (
        spoiled("$B.nothing", "$B.jsn.nothing"),
        "4: GET /x: there is no module libs.api.tests.bound.jsn",
    ),
    "no such function": (
        spoiled("$B.nothing", "$B.nothin"),
        "4: GET /x: there is no 'nothin' in libs/api/tests/bound.py (did you mean 'nothing'?)",
    ),
    "no such function, nor one like it": (
        spoiled("$B.nothing", "$B.qqq"),
        "4: GET /x: there is no 'qqq' in libs/api/tests/bound.py",
    ),
    "no module at all": (
        spoiled("$B.nothing", "nothing"),
        "4: GET /x: 'nothing' has no module before it: services.<service>.handlers.nothing",
    ),
    "not a name": (
        spoiled("$B.nothing", "'5'"),
        "4: GET /x: '5' is no name of a function: services.<service>.handlers.<function>",
    ),
    "an id that is no name": (
        spoiled("    operationId: an_id\n    x-bind-server: $B.nothing\n", "    operationId: a..b\n"),
        "3: GET /x: 'a..b' is no name of a function: services.<service>.handlers.<function>",
    ),
    "no function": (
        bound("NUMBER"),
        "4: GET /x: is bound to something of the type int, which is no function" + SIGNATURE + " def an_id()",
    ),
    "async": (
        bound("takes_its_time"),
        f"4: GET /x: {BOUND}takes_its_time is `async def`; functions here are called, not awaited: "
        "write `def`" + SIGNATURE + " def takes_its_time()",
    ),
    "by position": (
        bound("takes_by_position", "    parameters: [{name: item_id, in: query, schema: {type: string}}]"),
        f"4: GET /x: {BOUND}takes_by_position takes 'item_id' by its position alone; "
        "arguments are given by name" + SIGNATURE + " def takes_by_position(item_id: str | None)",
    ),
    "no responses": (
        spoiled("    responses: OK\n", ""),
        "2: GET /x: it declares no responses: write responses: {'200': {description: …}}",
    ),
    "no success": (
        spoiled("OK", "{'404': {description: ''}}"),
        "5: GET /x: it declares no answer of success, only 404",
    ),
    "handler takes too little": (
        bound(
            "takes_too_little",
            "    parameters:\n"
            "      - {name: page-size, in: query, schema: {type: integer, default: 5}}\n"
            "      - {name: X-Tags, in: header, schema: {type: array, items: {type: string}}}",
        ),
        f"4: GET /x: {BOUND}takes_too_little does not take 'page_size'; does not take 'x_tags'"
        + SIGNATURE
        + " def takes_too_little(page_size: int, x_tags: list[str] | None)",
    ),
    "handler takes something else": (
        bound(
            "get_item",
            "    parameters:\n"
            "      - {name: item-id, in: cookie, required: true, schema: {type: string}}\n"
            "      - {name: item, in: query, schema: {}}",
        ),
        f"4: GET /x: {BOUND}get_item does not take 'item'"
        + SIGNATURE
        + " def get_item(item_id: str, item: Any | None)",
    ),
    "handler lacks the body": (
        bound("add_item"),
        f"4: GET /x: {BOUND}add_item needs 'body', which is not given and has no type"
        + SIGNATURE
        + " def add_item()",
    ),
    "handler takes it by another name": (
        bound("get_item", "    parameters: [{name: itemId, in: query, schema: {type: string}}]"),
        f"4: GET /x: {BOUND}get_item does not take 'itemId'; needs 'item_id', which is not given "
        "(did you mean 'itemId'?) and has no type" + SIGNATURE + " def get_item(itemId: str | None)",
    ),
    "handler wants the request": (
        bound("asks_for_the_request"),
        f"4: GET /x: {BOUND}asks_for_the_request needs 'request', and no request is given: declare what it "
        "looks at as parameters and body, or look at it in a decorator marked @before_validation"
        + SIGNATURE
        + " def asks_for_the_request()",
    ),
    "handler wants what nobody sends": (
        bound("wants_data"),
        f"4: GET /x: {BOUND}wants_data needs 'page', which is not given; needs 'body', which is not given"
        + SIGNATURE
        + " def wants_data()",
    ),
    "annotated with a misspelt schema": (
        bound("takes_misspelt"),
        f"4: GET /x: {BOUND}takes_misspelt is annotated with what cannot be found: "
        "profiles has no schema 'NewProfle' (did you mean 'NewProfile'?)"
        + SIGNATURE
        + " def takes_misspelt()",
    ),
    "a method of a class": (
        bound("Shop.sell"),
        f"4: GET /x: {BOUND}Shop is no module, and what is inside of it cannot be named here",
    ),
    "a GET with a body": (
        bound("add_item", "    requestBody: {content: {application/json: {schema: {type: object}}}}"),
        (
            "6: GET /x: a GET has no body (RFC 9110 section 9.3.1): take parameters in the query, "
            "or make it a POST"
        ),
    ),
    "arguments collide": (
        bound(
            "nothing",
            "    parameters:\n"
            "      - {name: a_b, in: query, schema: {type: string}}\n"
            "      - {name: A-B, in: header, schema: {type: string}}",
        ),
        "6: GET /x: its handler would be given a_b twice",
    ),
    "a default of another type": (
        bound(
            "nothing",
            "    parameters:\n"
            "      - {name: a, in: query, schema: {type: string}}\n"
            "      - {name: b, in: query, schema: {type: integer, default: x}}",
        ),
        "8: GET /x: parameter 'b' has a default that its schema refuses",
    ),
    "a decorator nowhere": (
        bound("nothing", "    x-decorate-server: $B.shout"),
        "6: GET /x: there is no 'shout' in libs/api/tests/bound.py (did you mean 'shouts'?)",
    ),
    "a decorator that is none": (
        bound("nothing", "    x-decorate-server: [$B.shouts, $B.NUMBER]"),
        "6: GET /x: is decorated with something of the type int, which is no function",
    ),
    "a decorator that makes no function": (
        bound("nothing", "    x-decorate-server: [$B.decorates_nothing]"),
        "6: GET /x: the decorator decorates_nothing returned NoneType, not a function",
    ),
    "a decorator that needs what nobody provides": (
        bound("nothing", "    x-decorate-server: [$B.asks_nobody]"),
        (
            f"6: GET /x: {BOUND}asks_nobody needs 'nobody', of a type this service does not provide: "
            f"{BOUND}Nobody"
        ),
    ),
    "a decorator that could have looked at a scheme": (
        bound("nothing", "    security: [{key: []}]\n    x-decorate-server: $B.looks_frst"),
        "7: GET /x: there is no 'looks_frst' in libs/api/tests/bound.py (did you mean 'looks_first'?)",
    ),
    "no names of decorators": (
        bound("nothing", "    x-decorate-server: {a: 1}"),
        "6: GET /x: x-decorate-server is neither the name of a decorator nor a list of names",
    ),
    "perhaps served": (
        bound("nothing", "    x-no-bind-server: 'yes'"),
        "6: GET /x: x-no-bind-server is neither true nor false",
    ),
    "misspelt": (
        bound("nothing", "    x-bind-sever: $B.nothing"),
        "6: 'x-bind-sever' is nothing this service knows (did you mean 'x-bind-server'?)",
    ),
    "in a wrong place": (
        bound("nothing", "    x-resource: $B.Items"),
        "6: x-resource does nothing in an operation; it belongs in a path item",
    ),
    "in another wrong place": (
        spoiled("/x:\n", "/x:\n  x-bind-server: $B.nothing\n"),
        "2: x-bind-server does nothing in a path item; it belongs in an operation",
    ),
    "no such scheme": (
        bound("nothing", "    security: [{bearr: []}]"),
        (
            "6: GET /x: asks for the security scheme 'bearr', which is not declared "
            "(did you mean 'bearer'?): "
            "write components: {securitySchemes: {bearr: {type: http, scheme: bearer}}}, or in Swagger 2.0 "
            "securityDefinitions: {bearr: {type: apiKey, in: header, name: Authorization}}"
        ),
    ),
    "a scheme that nobody looks at": (
        bound("nothing", "    security: [{bearer: []}, {key: []}, {basic: []}]"),
        (
            "6: GET /x: asks for 'key', 'basic', and the service looks at `Authorization: Bearer …` alone: "
            "name in "
            "x-decorate-server a decorator marked @before_validation that looks at it, or make it "
            "{type: http, scheme: bearer} and give Service(authenticate=…)"
        ),
    ),
    "a scheme that a decorator looks at too late": (
        bound("nothing", "    security: [{key: []}]\n    x-decorate-server: $B.shouts"),
        (
            "6: GET /x: asks for 'key', and the service looks at `Authorization: Bearer …` alone: "
            "name in "
            "x-decorate-server a decorator marked @before_validation that looks at it, or make it "
            "{type: http, scheme: bearer} and give Service(authenticate=…)"
        ),
    ),
    "an empty requirement": (
        bound("nothing", "    security: [{}]"),
        (
            "6: GET /x: has one empty security requirement: say `security: []` for everybody, or "
            "`security: [{bearer: []}]` for callers with a token, there or at the top of the document"
        ),
    ),
}


@pytest.mark.parametrize(("paths", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_operation_is_told_with_its_place_and_what_to_write(paths, told, write):
    assert faults(write, paths) == [told]


def test_every_fault_of_a_contract_is_told_at_once(write):
    one_after_another = "\n".join(
        paths.strip("\n").replace("/x:", f"/{number}:").replace("an_id", f"id_{number}")
        for number, (paths, _) in enumerate(WRONG.values())
    )
    found = [re.sub(r"^\d+: (GET /\d+: )?", "", one) for one in faults(write, one_after_another)]
    assert len(found) == len(WRONG)
    for number, (_, told) in enumerate(WRONG.values()):
        text = re.sub(r"^\d+: (GET /x: )?", "", told)
        assert text.replace("an_id", f"id_{number}") in found
