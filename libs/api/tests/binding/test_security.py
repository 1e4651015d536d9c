"""Who may call: requirements of every kind, and what of a request is looked at for them."""

import json

import pytest

from libs.api import before_validation
from libs.api.tests.books import ISSUES
from libs.errors import Unauthorized
from libs.jwt import Caller, acting_as
from libs.jwt.cookies import csrf_claim, new_csrf_value

PATHS = """
paths:
  /who:
    post:
      x-bind-server: here.who
      security: SECURITY
      parameters: [{name: n, in: query, schema: {type: integer}}]
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {'200': {description: '', content: {application/json: {}}}}
components:
  securitySchemes:
    bearer: {type: http, scheme: Bearer}
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: /token, scopes: {a: '', b: ''}}}}
    sso: {type: openIdConnect, openIdConnectUrl: 'https://sso.test'}
    old: {type: apiKey, in: header, name: authorization}
    key: {type: apiKey, in: header, name: X-API-Key}
    cookie: {type: apiKey, in: cookie, name: __Host-access}
    other: {type: apiKey, in: cookie, name: sid}
"""


def who(n, body, caller: Caller | None):
    return caller and caller.subject


@pytest.fixture
def asked(serve):
    """Return status and answer of a call, or the code of the problem; with scopes a token goes with it."""

    def asked(security, scopes=None, **headers):
        served = serve(PATHS.replace("SECURITY", security), who=who)
        answer = served.call("POST", "/who", scopes=scopes, headers=headers)
        return answer.status_code, (answer.json if answer.status_code == 200 else answer.json["code"])

    return asked


MISSING, INVALID = (401, "AUTHORIZATION_HEADER_MISSING"), (401, "AUTHORIZATION_HEADER_INVALID")


@pytest.mark.parametrize("scheme", ["bearer", "oauth", "sso", "old"])
def test_every_scheme_that_is_a_bearer_token_is_verified(scheme, asked):
    security = f"[{{{scheme}: [a]}}]"
    assert asked(security) == MISSING
    assert asked(security, Authorization="Basic YTpi") == INVALID
    assert asked(security, Authorization="Bearer garbage") == (401, "TOKEN_INVALID")
    assert asked(security, ["b"]) == (403, "FORBIDDEN")
    assert asked(security, ["a", "b"]) == (200, "ada")


@pytest.mark.parametrize(
    ("security", "scopes", "found"),
    [
        ("[{bearer: [a]}, {bearer: [b]}]", ["b"], (200, "ada")),
        ("[{bearer: [a]}, {oauth: [b, c]}]", ["b"], (403, "FORBIDDEN")),
        ("[{bearer: [a], oauth: [b]}]", ["a"], (403, "FORBIDDEN")),
        ("[{bearer: [a], oauth: [b]}]", ["a", "b"], (200, "ada")),
        ("[{bearer: [a]}, {bearer: [b]}]", None, MISSING),
        ("[]", ["a"], (200, None)),
        ("[{}, {bearer: []}]", None, (200, None)),
        ("[{}, {bearer: []}]", [], (200, "ada")),
        ("[{}, {bearer: [a]}]", ["a"], (200, "ada")),
        ("[{}, {bearer: [a]}]", ["b"], (200, None)),
    ],
)
def test_one_of_several_requirements_is_enough(security, scopes, found, asked):
    assert asked(security, scopes) == found


def test_the_scopes_of_every_alternative_are_told(serve):
    served = serve(PATHS.replace("SECURITY", "[{bearer: [a, x]}, {bearer: [b]}]"), who=who)
    answer = served.call("POST", "/who", scopes=["a"])
    assert answer.json["detail"] == "The token lacks the scope x, or b."


class Keys:
    """What a decorator asks for."""

    def owner(self, key):
        if key != "secret":
            raise Unauthorized("Send an API key: X-API-Key: …", code="KEY_MISSING")
        return Caller("eve")


@pytest.fixture
def with_keys(serve):
    """Serve the operation with a decorator that looks at a key."""
    decorated = []

    @before_validation
    def looks_at_key(answer, keys: Keys):
        decorated.append(answer)

        def look(request):
            if request.headers.get("Authorization") and "X-API-Key" not in request.headers:
                return answer(request)
            with acting_as(keys.owner(request.headers.get("X-API-Key"))):
                return answer(request)

        return look

    def with_keys(security):
        paths = PATHS.replace("SECURITY", security + "\n      x-decorate-server: here.looks_at_key")
        return serve(paths, Keys(), who=who, looks_at_key=looks_at_key)

    with_keys.decorated = decorated
    return with_keys


def test_a_decorator_looks_at_what_the_service_does_not_before_anything_is_validated(with_keys):
    served = with_keys("[{key: []}]")
    wrong = {"data": "{", "content_type": "application/json"}
    for headers in ({}, {"X-API-Key": "wrong"}):
        answer = served.call("POST", "/who?n=x&m=y", headers=headers, **wrong)
        assert (answer.status_code, answer.json["code"]) == (401, "KEY_MISSING")
    answer = served.call("POST", "/who?n=x", headers={"X-API-Key": "secret"}, **wrong)
    assert (answer.status_code, answer.json["code"]) == (400, "INVALID_PARAMETERS")
    assert served.call("POST", "/who", headers={"X-API-Key": "secret"}).json == "eve"
    assert len(with_keys.decorated) == 1, "it decorates once, and not for each request"
    named = served.document["paths"]["/who"]["post"]["responses"]
    assert "401" in named


def test_a_token_or_a_key(with_keys):
    served = with_keys("[{bearer: [a]}, {key: []}]")
    assert served.call("POST", "/who", scopes=["a"]).json == "ada"
    assert served.call("POST", "/who", headers={"X-API-Key": "secret"}).json == "eve"
    basic = {"X-API-Key": "secret", "Authorization": "Basic YTpi"}
    assert served.call("POST", "/who", headers=basic).json == "eve"
    assert served.call("POST", "/who").status_code == 401
    assert served.call("POST", "/who", headers={"Authorization": "Bearer garbage"}).status_code == 401


def test_a_token_and_a_key(with_keys):
    served = with_keys("[{bearer: [a], key: []}]")
    key = {"X-API-Key": "secret"}
    assert served.call("POST", "/who", headers=key).json["code"] == "AUTHORIZATION_HEADER_MISSING"
    assert served.call("POST", "/who", headers=key, scopes=["b"]).status_code == 403
    assert served.call("POST", "/who", headers=key, scopes=["a"]).json == "eve"


def test_decorators_go_around_the_handler_in_their_order_and_are_given_what_the_contract_gives_it(serve):
    said = []

    def saying(name):
        def decorator(handler):
            def decorated(**arguments):
                said.append((name, sorted(arguments)))
                return handler(**arguments)

            return decorated

        return decorator

    paths = PATHS.replace("SECURITY", "[]\n      x-decorate-server: [here.first, here.second]")
    served = serve(paths, who=who, first=saying("first"), second=saying("second"))
    assert served.call("POST", "/who?n=x").status_code == 400
    assert said == [], "these two wait for validation"
    assert served.call("POST", "/who?n=1", json={}).status_code == 200
    assert said == [("first", ["body", "n"]), ("second", ["body", "n"])]


def test_a_plain_decorator_before_validation_may_take_whatever_there_is(serve):
    """One that was written for handlers, such as PyMacaron's requires_auth, needs the mark alone."""

    @before_validation
    def refuses(handler):
        def refused(*args, **kwargs):
            raise Unauthorized(code="NOBODY")

        return refused

    paths = PATHS.replace("SECURITY", "[]\n      x-decorate-server: here.refuses")
    served = serve(paths, who=who, refuses=refuses)
    answer = served.call("POST", "/who?n=x", data="{", content_type="application/json")
    assert json.loads(answer.data)["code"] == "NOBODY"


CSRF = new_csrf_value()


@pytest.fixture
def by_cookie(serve):
    """Return status and answer, or code, of a call with a token in the cookie; its claim `csrf` is CSRF's."""

    def by_cookie(security, *, csrf=None, claims=None, token=None, authorization=None):
        served = serve(PATHS.replace("SECURITY", security), who=who)
        made = ISSUES.issue("ada", audience=["books"], scopes=["a"], claims=claims)
        headers = {"Cookie": f"x=y; __Host-access={token or made}"}
        headers |= {"X-CSRF-Token": csrf} if csrf else {}
        headers |= {"Authorization": authorization} if authorization else {}
        answer = served.call("POST", "/who", headers=headers)
        return answer.status_code, (answer.json if answer.status_code == 200 else answer.json["code"])

    return by_cookie


FOR_COOKIES = {"csrf": csrf_claim(CSRF)}
BOTH = "[{bearer: [a]}, {cookie: [a]}]"


@pytest.mark.parametrize("security", [BOTH, "[{cookie: []}]", "[{}, {cookie: []}]"])
def test_a_token_in_the_cookie_is_good_with_what_only_our_page_can_send(security, by_cookie):
    assert by_cookie(security, csrf=CSRF, claims=FOR_COOKIES) == (200, "ada")
    for csrf in (None, "x", new_csrf_value()):
        assert by_cookie(security, csrf=csrf, claims=FOR_COOKIES) == (403, "CSRF_TOKEN_INVALID")
    assert by_cookie(security, csrf=CSRF) == (401, "TOKEN_INVALID"), "it was not made for a cookie"
    assert by_cookie(security, csrf=CSRF, token="garbage") == (401, "TOKEN_INVALID")


def test_scopes_are_asked_of_a_cookie_too(by_cookie):
    assert by_cookie("[{cookie: [b]}]", csrf=CSRF, claims=FOR_COOKIES) == (403, "FORBIDDEN")


def test_a_header_goes_before_the_cookie(by_cookie):
    refused = by_cookie(BOTH, csrf=CSRF, claims=FOR_COOKIES, authorization="Bearer garbage")
    assert refused == (401, "TOKEN_INVALID")


@pytest.mark.parametrize("security", ["[{bearer: [a]}]", "[]"])
def test_where_the_contract_names_no_cookie_it_is_not_looked_at(security, by_cookie):
    expected = MISSING if "bearer" in security else (200, None)
    assert by_cookie(security, csrf=CSRF, claims=FOR_COOKIES) == expected
