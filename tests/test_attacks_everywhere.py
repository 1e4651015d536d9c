"""The families of attacks on JWTs (those of jwt_tool), sent to every operation that wants a token; and ten
thousand tokens that are nearly right.

The attacks one by one, against one operation, are in tests/test_token_attacks.py.
"""

import io
import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from libs.jwt import RemoteKeySet, SigningKey
from libs.jwt.tests.conftest import Address
from libs.jwt.tests.test_verifier_garbage import mutated
from libs.service import Service
from libs.service.testing import ISSUES, KEY, running_service
from tests.services import SERVICES, environment_of
from tests.test_token_attacks import claims, hmac_with, segment, signed

STRANGER = SigningKey.generate()
TOKENS = 10_000
SCOPES = ["users:admin", "tasks:admin", "profiles:create", "profiles:delete", "todos:delete-all"]


@pytest.fixture
def address() -> Iterator[Address]:
    """Where the keys are that are trusted."""
    made = Address()
    made.publish(KEY)
    yield made
    made.close()


@pytest.fixture
def spoofed() -> Iterator[Address]:
    """Where an attacker has put keys."""
    made = Address()
    made.publish(STRANGER)
    yield made
    made.close()


def families(audience: str, there: str) -> Iterator[tuple[str, str]]:
    """Yield a name and a token for each family; but for one thing each is good.

    :param audience: the service they are for.
    :param there: the address of an attacker's keys.
    """
    payload = claims(aud=[audience], scope=" ".join(SCOPES))
    head = {"alg": "EdDSA", "kid": KEY.kid, "typ": "at+jwt"}
    good = signed(head, payload)
    yield "a: no algorithm", signed({**head, "alg": "none"}, payload, sign=lambda _: b"")
    other = signed(head, {**payload, "sub": "eve"}).rpartition(".")[0]
    yield "t: other claims under the signature", f"{other}.{good.rpartition('.')[2]}"
    yield "n: null signature", good.rpartition(".")[0] + "."
    yield "b: blank secret", signed({**head, "alg": "HS256"}, payload, sign=hmac_with(b""))
    spoof = {**head, "kid": STRANGER.kid, "jku": there, "x5u": there}
    yield "s: keys of one's own", signed(spoof, payload, sign=STRANGER.private.sign)
    yield "s: under a known name", signed({**spoof, "kid": KEY.kid}, payload, sign=STRANGER.private.sign)
    public = KEY.private.public_key().public_bytes_raw()
    yield "k: the public key as secret", signed({**head, "alg": "HS256"}, payload, sign=hmac_with(public))
    inline = {**head, "kid": STRANGER.kid, "jwk": STRANGER.jwk}
    yield "i: a key brought along", signed(inline, payload, sign=STRANGER.private.sign)
    yield "i: under a known name", signed({**inline, "kid": KEY.kid}, payload, sign=STRANGER.private.sign)


@pytest.mark.parametrize("api", SERVICES)
def test_no_operation_takes_an_attack_and_nothing_is_fetched_for_it(
    api: str, address: Address, spoofed: Address
) -> None:
    with running_service(Service.named(api), environment_of(api)) as running:
        running.keys = RemoteKeySet(address.url)
        client = running.web_app().test_client(use_cookies=False)
        protected = [one for one in running.contract.operations if one.security.known and one.security.tokens]
        assert protected
        attacks = list(families(api, spoofed.url))
        wrong = []
        for operation in protected:
            path = re.sub(r"{\w+}", "x", operation.path)
            ways = [("header", "Authorization", "Bearer {}")]
            if operation.security.cookie:
                ways.append(("cookie", "Cookie", "__Host-access={}"))
            for name, token in attacks:
                for way, header, value in ways:
                    answer = client.open(
                        path, method=operation.method, headers={header: value.format(token)}, json={}
                    )
                    code = (answer.get_json(silent=True) or {}).get("code")
                    if (answer.status_code, code) != (401, "TOKEN_INVALID"):
                        wrong.append(f"{operation.operation_id}, {name} in the {way}: {answer.text[:200]}")
        good = ISSUES.issue("ada", audience=[api], scopes=SCOPES)
        answer = client.get("/auth/version", headers={"Authorization": f"Bearer {good}"})
        assert answer.status_code == 200, "a good token is taken: the attacks prove something"
        assert not wrong, "\n".join(wrong)
    assert spoofed.asked == 0, "nothing is fetched from where a token says"
    assert address.asked >= 1


def test_of_ten_thousand_tokens_that_are_nearly_right_each_is_a_401() -> None:
    draw = random.Random(2)  # noqa: S311 - the same in every run
    with running_service(Service.named("profiles"), environment_of("profiles")) as running:
        app = running.web_app()
        environ = EnvironBuilder("/profiles/me").get_environ()

        def send(token: str) -> tuple[int, dict[str, Any]]:
            sent = {**environ, "wsgi.input": io.BytesIO(), "HTTP_AUTHORIZATION": f"Bearer {token}"}
            chunks, status, _ = run_wsgi_app(app, sent, buffered=True)
            return int(status[:3]), json.loads(b"".join(chunks))

        token = signed(payload=claims(aud=["profiles"]))
        assert send(token)[0] == 404, "it is known, and has no profile"
        found: dict[tuple[int, str], int] = {}
        for number in range(TOKENS):
            made = mutated(token, draw) if number % 4 else _with_other_claims(token, draw)
            if made != token:
                status, problem = send(made)
                found[status, problem["code"]] = found.get((status, problem["code"]), 0) + 1
    assert set(found) <= {(401, "TOKEN_INVALID"), (401, "AUTHORIZATION_HEADER_INVALID")}
    assert sum(found.values()) > TOKENS * 0.99


def _with_other_claims(token: str, draw: random.Random) -> str:
    """Return a token that says something else under the same signature."""
    head, _, signature = token.split(".")
    name = draw.choice(["sub", "scope", "roles", "exp", "iat", "aud", "jti", "iss", "sid", "nbf", "csrf"])
    value = draw.choice(["eve", "admin", ["admin"], 2**40, 0, -1, None, True, {}, [], 1e300, draw.random()])
    changed = claims(aud=["profiles"], **{name: value}) if name != "aud" else claims(aud=["profiles", value])
    return f"{head}.{segment(json.dumps({**changed, 'x': draw.random()}).encode())}.{signature}"
