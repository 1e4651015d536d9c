"""Who may call: requirements of every kind, and what of a request is looked at for them."""

import json
import secrets

import pytest

from libs.api import Contract, ContractError, Contribution, Dependencies, Result, before_validation
from libs.api.tests.books import ISSUES
from libs.errors import Conflict, NotFound, Unauthorized
from libs.jwt import Caller, acting_as
from libs.jwt.cookies import csrf_claim

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


@pytest.mark.parametrize("other", ["bearer: [admin]", "key: []", "", "cookie: []", "bearer: [], key: []"])
def test_a_token_and_a_key_are_no_alternative_beside_another_one(with_keys, other):
    """Each would open the other: the service looks at the token, and the decorator at the key."""
    for security in (f"[{{{other}}}, {{bearer: [], key: []}}]", f"[{{bearer: [a], key: []}}, {{{other}}}]"):
        with pytest.raises(ContractError, match="make them two operations"):
            with_keys(security)


@pytest.mark.parametrize(
    ("security", "scopes", "told"),
    [
        ("[{bearer: [a]}]", ["b"], 'Bearer error="insufficient_scope", scope="a"'),
        ("[{bearer: [a, x, y]}, {bearer: [b, a]}]", ["a"], 'Bearer error="insufficient_scope", scope="a b"'),
        ("[{bearer: ['q\"']}]", [], 'Bearer error="insufficient_scope"'),
        ("[{bearer: [a]}]", None, "Bearer"),
    ],
)
def test_a_refusal_tells_which_scope_would_do(security, scopes, told, serve):
    served = serve(PATHS.replace("SECURITY", security), who=who)
    answer = served.call("POST", "/who", scopes=scopes)
    assert answer.headers["WWW-Authenticate"] == told


def test_a_bad_token_is_told_by_the_challenge(serve):
    served = serve(PATHS.replace("SECURITY", "[{bearer: [a]}]"), who=who)
    answer = served.call("POST", "/who", headers={"Authorization": "Bearer garbage"})
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


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


CSRF, OTHER_CSRF = secrets.token_urlsafe(32), secrets.token_urlsafe(32)


def cookie_of(token):
    return {"Cookie": f"x=y; __Host-access={token}"}


@pytest.fixture
def by_cookie(serve):
    """Return status and answer, or code, of a call with a token in the cookie; its claim `csrf` is CSRF's."""

    def by_cookie(security, *, csrf=None, claims=None, token=None, authorization=None, scopes=("a",)):
        served = serve(PATHS.replace("SECURITY", security), who=who)
        made = ISSUES.issue("ada", audience=["books"], scopes=scopes, claims=claims)
        headers = cookie_of(made if token is None else token)
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
    for csrf in (None, "x", OTHER_CSRF):
        assert by_cookie(security, csrf=csrf, claims=FOR_COOKIES) == (403, "CSRF_TOKEN_INVALID")
    assert by_cookie(security, csrf=CSRF) == (401, "TOKEN_INVALID"), "it was not made for a cookie"
    assert by_cookie(security, csrf=CSRF, token="garbage") == (401, "TOKEN_INVALID")


@pytest.mark.parametrize("said", [{}, {"cache-control": "no-store"}], ids=["nothing", "something"])
def test_a_problem_that_answers_a_cookie_is_for_its_browser_alone(said, serve):
    def lost(n, body, caller: Caller | None):
        raise NotFound(headers=said)

    def cache_control(query="", **headers):
        answer = served.call("POST", f"/who{query}", headers=headers)
        return answer.status_code, answer.headers.getlist("Cache-Control")

    served = serve(PATHS.replace("SECURITY", "[{}, {bearer: []}, {cookie: []}]"), who=lost)
    mine = {**cookie_of(ISSUES.issue("ada", audience=["books"], claims=FOR_COOKIES)), "X-CSRF-Token": CSRF}
    assert cache_control(**mine) == (404, [*said.values()] or ["private"])
    assert cache_control("?n=x", **mine) == (400, ["private"])
    assert cache_control() == (404, [*said.values()]), "everybody is told the same"


def test_scopes_are_asked_of_a_cookie_too(by_cookie):
    assert by_cookie("[{cookie: [b]}]", csrf=CSRF, claims=FOR_COOKIES) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("security", "needed"),
    [
        ("[{bearer: [a]}, {cookie: []}]", "a"),
        ("[{cookie: []}, {bearer: [a]}]", "a"),
        ("[{bearer: [a]}, {bearer: [b, c]}, {cookie: []}]", "bc"),
        ("[{oauth: [a]}, {cookie: []}]", "a"),
        ("[{bearer: [a]}, {cookie: [b]}, {cookie: []}]", "b"),
    ],
)
def test_a_cookie_without_scopes_beside_a_token_with_some_lets_in_nobody_without_them(
    security, needed, by_cookie, asked
):
    """It says where the token may come, and is no alternative of its own."""
    assert by_cookie(security, csrf=CSRF, claims=FOR_COOKIES, scopes=()) == (403, "FORBIDDEN")
    assert by_cookie(security, csrf=CSRF, claims=FOR_COOKIES, scopes=["x"]) == (403, "FORBIDDEN")
    assert by_cookie(security, csrf=CSRF, claims=FOR_COOKIES, scopes=[*needed]) == (200, "ada")
    assert asked(security, []) == (403, "FORBIDDEN")
    assert asked(security, [*needed]) == (200, "ada")
    assert asked(security) == MISSING


def test_a_cookie_without_scopes_beside_a_token_without_any_is_for_whoever_has_a_token(by_cookie, asked):
    security = "[{bearer: []}, {cookie: []}]"
    assert by_cookie(security, csrf=CSRF, claims=FOR_COOKIES, scopes=()) == (200, "ada")
    assert asked(security, []) == (200, "ada")
    assert asked(security) == MISSING


def test_a_header_goes_before_the_cookie(by_cookie):
    refused = by_cookie(BOTH, csrf=CSRF, claims=FOR_COOKIES, authorization="Bearer garbage")
    assert refused == (401, "TOKEN_INVALID")
    eve = ISSUES.issue("eve", audience=["books"], scopes=["a"])
    for csrf in (CSRF, None):
        known = by_cookie(BOTH, csrf=csrf, claims=FOR_COOKIES, authorization=f"Bearer {eve}")
        assert known == (200, "eve"), "and who sends it needs no more: no browser does so by itself"


def test_a_token_for_a_cookie_is_good_in_the_header_as_services_pass_it_on(asked):
    token = ISSUES.issue("ada", audience=["books"], scopes=["a"], claims=FOR_COOKIES)
    assert asked(BOTH, Authorization=f"Bearer {token}") == (200, "ada")


@pytest.mark.parametrize(
    "security", ["[{}, {bearer: []}, {cookie: []}]", "[{}, {bearer: [a]}, {cookie: []}]"]
)
def test_where_nobody_has_to_be_known_a_cookie_counts_as_the_header_does(security, by_cookie, asked):
    """A page whose token is over is told so, and is not shown what everybody sees."""
    assert asked(security) == (200, None)
    assert by_cookie(security, csrf=CSRF, token="") == (200, None)
    assert by_cookie(security, csrf=CSRF, claims=FOR_COOKIES) == (200, "ada")
    assert by_cookie(security, csrf=OTHER_CSRF, claims=FOR_COOKIES) == (403, "CSRF_TOKEN_INVALID")
    over = ISSUES.issue("ada", audience=["books"], expires_in=-60, claims=FOR_COOKIES)
    assert by_cookie(security, csrf=CSRF, token=over) == (401, "TOKEN_EXPIRED")
    assert by_cookie(security, csrf=CSRF, token="garbage") == (401, "TOKEN_INVALID")
    unscoped = by_cookie(security, csrf=CSRF, claims=FOR_COOKIES, scopes=())
    assert unscoped == (200, None if "[a]" in security else "ada")


def test_a_shared_cache_keeps_no_answer_to_a_cookie(serve):
    """To one with an Authorization header it does not by itself."""
    answers = iter([None, Result(1, headers={"Cache-Control": "max-age=5"})])
    served = serve(PATHS.replace("SECURITY", BOTH), who=lambda n, body: next(answers, None))
    token = ISSUES.issue("ada", audience=["books"], scopes=["a"], claims=FOR_COOKIES)
    headers = {**cookie_of(token), "X-CSRF-Token": CSRF}
    assert served.call("POST", "/who", headers=headers).headers["Cache-Control"] == "private"
    assert served.call("POST", "/who", headers=headers).headers["Cache-Control"] == "max-age=5"
    assert "Cache-Control" not in served.call("POST", "/who", scopes=["a"]).headers


def test_an_answer_or_a_problem_may_set_several_cookies(serve):
    refused = Conflict()
    refused.cookies = ("a=; Max-Age=0", "b=2")

    def sets(n, body):
        if n == 1:
            raise refused
        return Result(headers={"X-A": "b"}, cookies=["a=1; Path=/", "b=2"])

    served = serve(PATHS.replace("SECURITY", "[]"), who=sets)
    answer = served.call("POST", "/who")
    assert (answer.headers.getlist("Set-Cookie"), answer.headers["X-A"]) == (["a=1; Path=/", "b=2"], "b")
    answer = served.call("POST", "/who?n=1")
    assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (409, ["a=; Max-Age=0", "b=2"])


@pytest.mark.parametrize("name", ["bearer", "cookie"])
def test_a_scheme_of_another_kind_by_a_name_of_ours_would_open_what_every_service_has(name, write):
    own = {"operationId": "own", "responses": {"200": {"description": ""}}, "security": [{name: []}]}
    brought = Contribution({"/own": {"get": own}}, {"own": dict})
    schemes = f"components: {{securitySchemes: {{{name}: {{type: apiKey, in: cookie, name: sid}}}}}}"
    head = "openapi: 3.1.0\ninfo: {title: Shop, version: '1'}\nsecurity: []\npaths: {}\n"
    with pytest.raises(ContractError, match=f"securitySchemes.{name}: .* give yours another one"):
        Contract.load(write(head + schemes), Dependencies(), [brought])


@pytest.mark.parametrize("security", ["[{bearer: [a]}]", "[]"])
def test_where_the_contract_names_no_cookie_it_is_not_looked_at(security, by_cookie):
    expected = MISSING if "bearer" in security else (200, None)
    assert by_cookie(security, csrf=CSRF, claims=FOR_COOKIES) == expected
