"""The known attacks on JWTs, sent over HTTP to a running service: a 401 with a stable code, and no trace.

Each token is right but for one thing, and signed with the trusted key wherever that is possible; so it is
the one thing that it is refused for. libs/jwt/tests has the same rules one by one.
"""

import base64
import hashlib
import hmac
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from werkzeug.serving import make_server

from libs.jwt import SigningKey
from libs.service import Service
from libs.service.testing import ISSUER, KEY, LIFE_SECONDS, environment, running_service

SERVICE = "profiles"
PROTECTED = "/profiles/ada"
STRANGER = SigningKey.generate()
CURVE_STRANGER = SigningKey.generate("ES256")
GONE = ...


def segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def header(**changes: Any) -> dict[str, Any]:
    return _changed({"alg": "EdDSA", "kid": KEY.kid, "typ": "at+jwt"}, changes)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {"iss": ISSUER, "sub": "ada", "aud": [SERVICE], "iat": now, "exp": now + LIFE_SECONDS, "jti": "1"}
    return _changed({**good, "client_id": "c", "scope": ""}, changes)


def _changed(good: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**good, **changes}.items() if value is not GONE}


def signed(head: Any = None, payload: Any = None, sign: Callable[[bytes], bytes] = KEY.private.sign) -> str:
    parts = [head or header(), payload or claims()]
    texts = [part if isinstance(part, str) else json.dumps(part) for part in parts]
    message = ".".join(segment(text.encode()) for text in texts)
    return f"{message}.{segment(sign(message.encode()))}"


def hmac_with(secret: bytes) -> Callable[[bytes], bytes]:
    return lambda message: hmac.new(secret, message, hashlib.sha256).digest()


def doubled(document: dict[str, Any], **last: Any) -> str:
    return json.dumps(document).removesuffix("}") + ", " + json.dumps(last).removeprefix("{")


def raw(document: dict[str, Any], name: str, text: str) -> str:
    return json.dumps({**document, name: "HERE"}).replace('"HERE"', text)


def public(encoding: Encoding, form: PublicFormat) -> bytes:
    return KEY.private.public_key().public_bytes(encoding, form)


def attacks() -> Iterator[tuple[str, str, str]]:
    """Yield the name of an attack, its token, and the code it is refused with."""
    good = signed()
    head, payload, signature = good.split(".")
    for name, token in _of_the_algorithm(head, payload, signature):
        yield f"algorithm: {name}", token, "TOKEN_INVALID"
    for name, token in _of_the_key():
        yield f"key: {name}", token, "TOKEN_INVALID"
    for name, token in _of_the_form(good, head, payload, signature):
        yield f"form: {name}", token, "TOKEN_INVALID"
    for name, token in _of_the_claims():
        yield f"claims: {name}", token, "TOKEN_INVALID"
    flattened = json.dumps({"payload": payload, "protected": head, "signature": signature})
    yield "form: JSON serialization", flattened, "AUTHORIZATION_HEADER_INVALID"
    yield "claims: expired", signed(payload=claims(exp=int(time.time()) - 60)), "TOKEN_EXPIRED"


def _of_the_algorithm(head: str, payload: str, signature: str) -> Iterator[tuple[str, str]]:
    for spelling in ("none", "None", "NONE", "nOnE", "none ", "", None, GONE):
        unsigned = segment(json.dumps(header(alg=spelling)).encode())
        yield f"{spelling!r} without signature", f"{unsigned}.{payload}."
        yield f"{spelling!r} with signature", signed(header(alg=spelling))
    pem, raw_key = Encoding.PEM, Encoding.Raw
    secrets = {
        "pem": public(pem, PublicFormat.SubjectPublicKeyInfo),
        "pem without its end of line": public(pem, PublicFormat.SubjectPublicKeyInfo).strip(),
        "der": public(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "raw": public(raw_key, PublicFormat.Raw),
        "x": KEY.jwk["x"].encode(),
        "jwk": json.dumps(KEY.jwk).encode(),
        "empty": b"",
        "kid": KEY.kid.encode(),
    }
    for name, secret in secrets.items():
        yield f"HS256, the public key as secret: {name}", signed(header(alg="HS256"), sign=hmac_with(secret))
    for other in ("RS256", "PS256", "ES256", "ES384", "ES256K", "HS384", "Ed25519", "eddsa", "EdDSA "):
        yield f"{other} of an EdDSA key", signed(header(alg=other))
    curve = {"kid": KEY.kid, "typ": "at+jwt"}
    yield "ES256 by a stranger", jwt.encode(claims(), CURVE_STRANGER.private, "ES256", headers=curve)
    yield "empty signature", f"{head}.{payload}."
    yield "no signature", f"{head}.{payload}"
    yield "signature of zeros", f"{head}.{payload}.{segment(bytes(64))}"
    yield "another token's signature", f"{head}.{segment(json.dumps(claims(sub='eve')).encode())}.{signature}"


def _of_the_key() -> Iterator[tuple[str, str]]:
    stranger = STRANGER.private.sign
    yield "of a stranger", signed(sign=stranger)
    for kid in (
        *("../../../../dev/null", "/dev/null", "..\\..\\x", "file:///etc/passwd", "http://127.0.0.1:1/"),
        *(
            "' UNION SELECT 'x' --",
            "a' OR '1'='1",
            "$(id)",
            "`id`",
            "| id",
            "{{7*7}}",
            "\x00",
            KEY.kid + "\x00",
        ),
        *("", None, 0, [KEY.kid], {"$ne": ""}, GONE, KEY.kid.lower(), KEY.kid + " "),
    ):
        yield f"kid {kid!r}", signed(header(kid=kid), sign=stranger)
        yield f"kid {kid!r} and our signature", signed(header(kid=kid))
    there = "http://127.0.0.1:1/keys.json"
    own = {"jwk": STRANGER.jwk, "jku": there, "x5u": there, "x5c": ["MIIB"]}
    for name, value in own.items():
        yield f"brought in {name}", signed(header(kid=STRANGER.kid, **{name: value}), sign=stranger)
        yield f"brought in {name} under our kid", signed(header(**{name: value}), sign=stranger)
        yield f"{name} beside our own signature", signed(header(**{name: value}))


def _of_the_form(good: str, head: str, payload: str, signature: str) -> Iterator[tuple[str, str]]:
    for name, value in {"crit": ["exp"], "b64": False, "zip": "DEF", "enc": "A128GCM", "cty": "JWT"}.items():
        yield name, signed(header(**{name: value}))
    yield "crit unknown", signed(header(crit=["x"], x=1))
    yield "nested", signed(payload=json.dumps(good))
    yield "nested with cty", signed(header(cty="JWT"), json.dumps(good))
    yield "header twice, alg", signed(doubled(header(), alg="none"))
    yield "header twice, same", signed(doubled(header(), alg="EdDSA"))
    yield "claim twice", signed(payload=doubled(claims(), sub="eve"))
    yield "claim twice, exp", signed(payload=doubled(claims(), exp=2**40))
    yield "padded", f"{head}=.{payload}.{signature}"
    yield "padded signature", f"{good}=="
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(signature[-1])
    yield "malleable last character", good[:-1] + alphabet[last // 16 * 16 + (last + 1) % 16]
    yield "standard base64", f"{head}.{payload}.{signature[:-2]}+/"
    yield "four parts", f"{good}.{signature}"
    yield "five parts", f"{good}.{signature}.{signature}"
    yield "one part", head
    yield "long", signed(payload=claims(sub="a" * 6000))
    yield "deep", signed(payload='{"a":' * 900 + "1" + "}" * 900)
    yield "no object", signed(payload="[]")
    yield "byte order mark", signed(payload="\ufeff" + json.dumps(claims()))


def _of_the_claims() -> Iterator[tuple[str, str]]:
    for kind in ("JWT", "at+JWT", "application/at+jwt", "id+jwt", "rt+jwt", "logout+jwt", "", None, GONE):
        yield f"typ {kind!r}", signed(header(typ=kind))
    for name in ("iss", "sub", "aud", "exp", "iat", "jti"):
        yield f"no {name}", signed(payload=claims(**{name: GONE}))
        for value in (None, [], {}, True):
            yield f"{name} {value}", signed(payload=claims(**{name: value}))
    now = int(time.time())
    for name, changes in {
        "not yet": {"nbf": now + LIFE_SECONDS - 60},
        "issued in the future": {"iat": now + LIFE_SECONDS - 60, "exp": now + LIFE_SECONDS},
        "an expiry in text": {"exp": str(now + LIFE_SECONDS)},
        "a life of a year": {"exp": now + 365 * 24 * 3600},
        "another issuer": {"iss": "https://elsewhere.example"},
        "an issuer that begins as ours": {"iss": ISSUER + ".evil.example"},
        "issuers": {"iss": [ISSUER]},
        "another service's": {"aud": ["todos"]},
        "a prefix of the service": {"aud": SERVICE[:-1]},
        "nobody": {"sub": ""},
        "a number": {"sub": 5},
        "scopes in a list": {"scope": ["profiles:create"]},
        "roles in a text": {"roles": "admin"},
        "a session that is no text": {"sid": 1},
    }.items():
        yield name, signed(payload=claims(**changes))
    for text in ("1" + "0" * 400, "1e400", "9" * 30, "NaN", "Infinity", "-Infinity", "1e308"):
        yield f"exp {text[:10]}", signed(payload=raw(claims(), "exp", text))
        yield f"iat {text[:10]}", signed(payload=raw(claims(), "iat", text))


ATTACKS = list(attacks())


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_service(Service.named(SERVICE), environment(SERVICE)) as running:
        server = make_server("127.0.0.1", 0, running.web_app(), threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=20) as made:
        yield made


def send(client: httpx.Client, token: str) -> httpx.Response:
    return client.get(PROTECTED, headers=[(b"Authorization", b"Bearer " + token.encode())])


def test_the_token_the_attacks_are_made_from_is_good(client: httpx.Client) -> None:
    assert send(client, signed()).status_code == 404, "known, and without a profile"


def test_each_attack_has_a_name_of_its_own() -> None:
    assert len({name for name, _, _ in ATTACKS}) == len(ATTACKS) > 150


def test_every_attack_is_a_401_with_its_code_and_leaves_no_trace(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        wrong = []
        for name, token, code in ATTACKS:
            answer = send(client, token)
            told = (answer.status_code, answer.json()["code"], answer.headers["WWW-Authenticate"].split()[0])
            if told != (401, code, "Bearer"):
                wrong.append((name, told))
            if any(len(part) > 8 and part in answer.text for part in token.split(".")):
                wrong.append((name, "is in the answer"))
    assert wrong == []
    ours = [
        json.dumps({**vars(one), "message": one.getMessage()}, default=repr)
        for one in caplog.records
        if not one.name.startswith(("httpx", "httpcore"))
    ]
    assert ours, "there are log lines to look through"
    traces = [
        (name, text)
        for name, token, _ in ATTACKS
        for part in token.split(".")
        if len(part) > 20
        for text in ours
        if part in text
    ]
    assert traces == []
