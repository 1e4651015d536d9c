"""`x-rate-limit`: what may stand there, for which operations it counts, and what the document tells of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate

from libs.api import Contract, ContractError, Contribution, Dependencies, RateLimit
from libs.api.binding.rate_limits import UNITS, read_rate_limits
from libs.api.tests.binding.spoiled import faults, spoiled
from libs.api.tests.binding.test_contract import OK, PUBLIC, contract, in_path, operation
from libs.api.tests.bound import nothing

MINUTE = RateLimit(100, "minute")
HEADERS = {"RateLimit", "RateLimit-Policy"}
FAULT = (
    "x-rate-limit is no limit: write 100/minute (or another number from 1 to 999999999 by second, minute, "
    "hour or day), a list of such with each unit once, or unlimited"
)


@given(st.dictionaries(st.sampled_from(sorted(UNITS)), st.integers(1, 999_999_999), min_size=1))
def test_what_is_a_limit_is_read_as_what_it_says(limits):
    texts = [f"{number}/{unit}" for unit, number in limits.items()]
    read = read_rate_limits(texts)
    assert [(one.unit, one.requests, one.seconds) for one in read] == [
        (unit, number, UNITS[unit]) for unit, number in limits.items()
    ]
    if len(texts) == 1:
        assert read_rate_limits(texts[0]) == read


@given(st.one_of(st.text(), st.from_regex(r"-?[0-9]{0,3}[ /.]+[a-z]{0,6}s?\n?"), st.lists(st.text())))
def test_any_other_text_is_refused_and_nothing_is_read_into_it(value):
    try:
        read = read_rate_limits(value)
    except ValueError:
        return
    texts = value if isinstance(value, list) else [value]
    assert [f"{one.requests}/{one.unit}" for one in read] == [one for one in texts if one != "unlimited"]


@pytest.mark.parametrize(
    "value",
    [
        *("", "100", "0/minute", "-1/minute", "1.5/minute", "1e3/minute", "01/minute", "1/month"),
        *("1/Minute", "1/minutes", " 1/minute", "1/minute\n", "1 / minute", "１/minute", "1//minute"),
        *("1000000000/day", "none"),
        *(100, 1.5, True, False, None, {}, {"minute": 100}, []),
        *([100], ["unlimited"], ["1/minute", "unlimited"], ["1/minute", "2/minute"], [["1/minute"]], [None]),
    ],
)
def test_what_is_no_limit_is_refused(value):
    with pytest.raises(ValueError, match="x-rate-limit is no limit"):
        read_rate_limits(value)


def limits_of(found):
    return {f"{one.method} {one.path}": one.limits for one in found.operations}


def test_the_nearest_one_counts(write):
    paths = {
        "/own": {
            "x-rate-limit": "3/hour",
            "get": operation(operationId="a", **{"x-rate-limit": ["10/second", "1000/day"]}),
            "post": operation(operationId="b"),
            "put": operation(operationId="c", **{"x-rate-limit": "unlimited"}),
        },
        "/other": {"get": operation(operationId="d")},
        "/free": {"x-rate-limit": "unlimited", "get": operation(operationId="e")},
    }
    found = contract(write, paths, security=[], **{"x-rate-limit": "100/minute"})
    assert limits_of(found) == {
        "GET /own": (RateLimit(10, "second"), RateLimit(1000, "day")),
        "POST /own": (RateLimit(3, "hour"),),
        "PUT /own": (),
        "GET /other": (MINUTE,),
        "GET /free": (),
    }
    assert "x-rate-limit" not in str(found.document)


def test_nothing_is_limited_unless_it_says_so(write):
    assert limits_of(contract(write, {"/x": {"get": operation()}})) == {"GET /x": ()}


def test_beside_a_resource_it_counts_for_all_that_this_brings(write):
    paths = {
        "/items": {"x-resource": "libs.api.tests.bound.Items", "x-rate-limit": "100/minute"},
        "/items/export": {"post": operation()},
    }
    assert limits_of(contract(write, paths)) == {
        "GET /items": (MINUTE,),
        "GET /items/where": (MINUTE,),
        "POST /items/export": (),
    }
    del paths["/items"]["x-rate-limit"]
    top = contract(write, paths, security=[], **{"x-rate-limit": "100/minute"})
    assert set(limits_of(top).values()) == {(MINUTE,)}


def test_what_every_service_serves_is_not_limited_by_the_document(write):
    ping = Contribution({"/ping": {"get": {"operationId": "ping", "responses": OK}}}, {"ping": nothing})
    found = contract(
        write, {"/x": {"get": operation()}}, contributions=[ping], security=[], **{"x-rate-limit": "1/day"}
    )
    assert limits_of(found) == {"GET /ping": (), "GET /x": (RateLimit(1, "day"),)}


def test_swagger_says_it_as_well(write):
    hourly = operation(**{"x-rate-limit": "3/hour"})
    paths = {"/x": {"get": hourly}, "/y": {"get": operation(operationId="y")}}
    document = {"swagger": "2.0", "info": {"title": "Shop", "version": "1"}, "paths": paths}
    path = write({**document, "security": [], "x-rate-limit": "100/minute"})
    found = Contract.load(path, Dependencies())
    assert limits_of(found) == {"GET /x": (RateLimit(3, "hour"),), "GET /y": (MINUTE,)}


def test_the_document_tells_of_it(write):
    shared = {"$ref": "#/components/responses/NotFound"}
    responses = {"200": {"description": "Good.", "headers": {"ETag": {"schema": {"type": "string"}}}}}
    paths = {
        "/x/{item_id}": {
            "get": operation(
                "get_item",
                parameters=[in_path()],
                responses={**responses, "404": shared},
                **{"x-rate-limit": "1/day"},
            ),
            "delete": operation("get_item", parameters=[in_path()], operationId="free"),
        }
    }
    found = contract(write, paths, **PUBLIC).document
    validate(found)
    limited, free = found["paths"]["/x/{item_id}"]["get"], found["paths"]["/x/{item_id}"]["delete"]
    named = limited["responses"]
    assert named["429"] == {"$ref": "#/components/responses/TooManyRequests"}
    assert named["200"]["headers"].keys() == {"ETag", *HEADERS}
    assert named["default"]["headers"].keys() == HEADERS
    assert named["404"] == shared
    told = found["components"]["responses"]["TooManyRequests"]["headers"]
    assert told.keys() == {"Retry-After", *HEADERS}
    assert "429" not in free["responses"]
    assert not any("headers" in one for one in free["responses"].values())


def test_headers_of_the_contracts_own_stay(write):
    own = {"RateLimit": {"description": "Mine.", "schema": {"type": "string"}}}
    responses = {"200": {"description": "Good.", "headers": own}}
    paths = {"/x": {"get": operation(responses=responses, **{"x-rate-limit": "1/day"})}}
    headers = contract(write, paths).document["paths"]["/x"]["get"]["responses"]["200"]["headers"]
    assert headers["RateLimit"]["description"] == "Mine."
    assert headers.keys() == HEADERS


def test_a_limit_that_is_none_is_told_once_and_where_it_stands(write):
    assert faults(write, spoiled("responses:", "x-rate-limit: 100/min\n    responses:")) == [f"5: {FAULT}"]
    assert faults(write, spoiled("  get:", "  x-rate-limit: 0/hour\n  get:")) == [f"2: {FAULT}"]
    resource = "/i:\n  x-resource: $B.Items\n  x-rate-limit: often\n"
    assert faults(write, resource) == [f"3: {FAULT}"]
    top = "security: []\nx-rate-limit: 5\n"
    assert faults(write, resource.replace("often", "5/day"), top=top) == [f"-1: {FAULT}"]


def test_a_limit_in_a_wrong_place_and_a_misspelt_one_are_told(write):
    schema = "components: {schemas: {S: {type: object, x-rate-limit: 1/day}}}\n"
    text = "openapi: 3.1.0\ninfo: {title: A, version: '1'}\nsecurity: []\npaths: {}\n"
    with pytest.raises(ContractError) as caught:
        Contract.load(write(text + schema), Dependencies())
    (told,) = caught.value.faults
    assert told.endswith(
        "x-rate-limit does nothing in a schema; it belongs in an operation or a path item or a document"
    )
    (told,) = faults(write, spoiled("responses:", "x-rate-limits: 1/day\n    responses:"))
    assert "did you mean 'x-rate-limit'?" in told


def test_a_limit_of_code_that_is_none_is_told(write):
    bad = {"operationId": "ping", "responses": OK, "x-rate-limit": "often"}
    ping = Contribution({"/ping": {"get": bad}}, {"ping": nothing})
    with pytest.raises(ContractError, match="GET /ping: x-rate-limit is no limit"):
        contract(write, {}, contributions=[ping])
