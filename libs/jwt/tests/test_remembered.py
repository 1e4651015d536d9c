"""What a verifier remembers of a token, and what it does not go by."""

import time
from datetime import datetime
from unittest.mock import Mock

import jwt
import pytest

from libs.errors import Unauthorized
from libs.jwt import FixedKeySet, SigningKey, TokenIssuer, TokenVerifier
from libs.jwt.tests.forging import AUDIENCE, ISSUER, KEY, claims, header, signed
from libs.jwt.verifier import LEEWAY_SECONDS


@pytest.fixture
def checked(monkeypatch):
    """The tokens whose signatures are really checked."""
    real, found = jwt.decode, []
    monkeypatch.setattr(
        jwt, "decode", lambda token, *args, **kwargs: (found.append(token), real(token, *args, **kwargs))[1]
    )
    return found


def make(keys=None, **options):
    return TokenVerifier(keys or FixedKeySet([KEY.jwk]), issuer=ISSUER, audience=AUDIENCE, **options)


def test_a_token_is_checked_once(checked):
    verifier, token = make(), signed(header(), claims())
    assert [verifier.verify(token).subject for _ in range(5)] == ["ada"] * 5
    assert checked == [token]


def test_a_refusal_is_not_remembered(checked):
    verifier, token = make(), signed(header(), claims(aud="other"))
    for _ in range(2):
        with pytest.raises(Unauthorized):
            verifier.verify(token)
    assert checked == [token, token]


def test_a_remembered_token_expires_all_the_same(checked, monkeypatch):
    verifier, token = make(), signed(header(), claims())
    verifier.verify(token)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 601)
    # Within the leeway it is checked anew each time.
    assert [verifier.verify(token).subject for _ in range(2)] == ["ada"] * 2
    assert len(checked) == 3


def test_a_remembered_token_is_refused_once_it_has_expired(monkeypatch):
    verifier, now = make(), int(time.time())
    token = signed(header(), claims(iat=now, exp=now + 600))
    assert verifier.verify(token).subject == "ada"
    later = now + 601 + LEEWAY_SECONDS
    monkeypatch.setattr(time, "time", lambda: later)
    monkeypatch.setattr("jwt.api_jwt.datetime", Mock(now=lambda tz: datetime.fromtimestamp(later, tz)))
    with pytest.raises(Unauthorized) as caught:
        verifier.verify(token)
    assert caught.value.code == "TOKEN_EXPIRED"


class Keys:
    def __init__(self, *keys):
        self.keys = FixedKeySet([key.jwk for key in keys])

    def find(self, kid):
        return self.keys.find(kid)


def test_a_remembered_token_is_over_with_its_key():
    keys = Keys(KEY)
    verifier, token = make(keys), signed(header(), claims())
    verifier.verify(token)
    other = SigningKey.generate()
    for published in (other.jwk, {**other.jwk, "kid": KEY.kid}):
        keys.keys = FixedKeySet([published])
        with pytest.raises(Unauthorized):
            verifier.verify(token)


def test_only_so_many_are_remembered_the_latest(checked):
    verifier, issuer = make(kept=10), TokenIssuer(KEY, ISSUER)
    tokens = [issuer.issue("ada", audience=[AUDIENCE]) for _ in range(15)]
    for token in [*tokens, *tokens[-10:]]:
        verifier.verify(token)
    assert len(checked) == 15
    verifier.verify(tokens[0])
    assert len(checked) == 16


def test_nothing_is_remembered_where_that_is_asked_for(checked):
    verifier, token = make(kept=0), signed(header(), claims())
    for _ in range(3):
        verifier.verify(token)
    assert len(checked) == 3
