"""Tokens that are over before they expire."""

import json

import pytest

from libs.errors import Unauthorized
from libs.jwt import FixedKeySet, RemoteRevocations, RevocationList, TokenIssuer, TokenVerifier
from libs.jwt.tests.conftest import renewal_done
from libs.jwt.tests.forging import AUDIENCE, ISSUER, KEY

ISSUES = TokenIssuer(KEY, ISSUER)


def verifier(revocations):
    return TokenVerifier(FixedKeySet([KEY.jwk]), issuer=ISSUER, audience=AUDIENCE, revocations=revocations)


def outcome(by, token):
    try:
        return by.verify(token).subject
    except Unauthorized as problem:
        return problem.code


def test_a_session_an_account_and_a_token_can_be_over():
    tokens = [ISSUES.issue("ada", audience=[AUDIENCE], session=name) for name in ("one", "two")]
    tokens += [ISSUES.issue("bob", audience=[AUDIENCE]) for _ in range(2)]
    alone = verifier(RevocationList())
    jti = alone.verify(tokens[2]).token_id
    assert [outcome(alone, one) for one in tokens] == ["ada", "ada", "bob", "bob"]
    over = "TOKEN_REVOKED"
    for named, told in [
        (RevocationList(sessions=frozenset(["one"])), [over, "ada", "bob", "bob"]),
        (RevocationList(subjects=frozenset(["ada"])), [over, over, "bob", "bob"]),
        (RevocationList(tokens=frozenset([jti])), ["ada", "ada", over, "bob"]),
    ]:
        assert [outcome(verifier(named), one) for one in tokens] == told


def test_a_list_survives_its_trip():
    made = RevocationList(frozenset("ab"), frozenset("c"), frozenset())
    assert RevocationList.from_json(json.loads(json.dumps(made.to_json()))) == made


@pytest.fixture
def remote(address, clock):
    def publish(**named):
        address.body = json.dumps({"sid": [], "sub": [], "jti": [], **named})

    made = RemoteRevocations(address.url, clock=clock, max_age=10, cooldown=5)
    publish()
    yield made, publish
    renewal_done()
    made._fetched._http.close()


def test_a_token_that_is_remembered_dies_with_its_session_within_the_age_of_the_list(remote, address, clock):
    revocations, publish = remote
    by, token = verifier(revocations), ISSUES.issue("ada", audience=[AUDIENCE], session="s1")
    assert outcome(by, token) == "ada"
    publish(sid=["s1"])
    clock.advance(10)
    assert outcome(by, token) == "ada"
    clock.advance(0.1)
    outcome(by, token)
    renewal_done()
    assert outcome(by, token) == "TOKEN_REVOKED"
    assert address.asked == 2


def test_after_a_pause_nobody_goes_by_the_old_list(remote, address, clock):
    revocations, publish = remote
    by, token = verifier(revocations), ISSUES.issue("ada", audience=[AUDIENCE])
    assert outcome(by, token) == "ada"
    publish(sub=["ada"])
    clock.advance(21)
    assert outcome(by, token) == "TOKEN_REVOKED"
    assert address.asked == 2


def test_what_was_known_counts_while_the_address_is_down(remote, address, clock):
    revocations, publish = remote
    by, token = verifier(revocations), ISSUES.issue("ada", audience=[AUDIENCE])
    other = ISSUES.issue("bob", audience=[AUDIENCE])
    publish(sub=["ada"])
    assert outcome(by, token) == "TOKEN_REVOKED"
    address.close()
    for _ in range(3):
        clock.advance(100)
        assert (outcome(by, token), outcome(by, other)) == ("TOKEN_REVOKED", "bob")
        renewal_done()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"sid": []}',
        '{"sid": "s1", "sub": [], "jti": []}',
        '{"sid": [5], "sub": [], "jti": []}',
        "[" * 9999,
    ],
    ids=["empty", "list", "object", "part", "text", "number", "deep"],
)
def test_an_answer_that_is_no_list_changes_nothing(body, remote, address, clock):
    revocations, publish = remote
    by, token = verifier(revocations), ISSUES.issue("ada", audience=[AUDIENCE])
    publish(sub=["ada"])
    assert outcome(by, token) == "TOKEN_REVOKED"
    address.body = body
    clock.advance(11)
    outcome(by, token)
    renewal_done()
    assert address.asked == 2
    assert outcome(by, token) == "TOKEN_REVOKED"


def test_an_endless_answer_is_not_read_to_its_end(remote, address, clock, monkeypatch):
    revocations, _ = remote
    monkeypatch.setattr("libs.jwt.fetched.MAX_BYTES", 1000)
    by, token = verifier(revocations), ISSUES.issue("ada", audience=[AUDIENCE])
    address.body = json.dumps({"sid": ["x" * 1000], "sub": ["ada"], "jti": []})
    assert outcome(by, token) == "ada"
    assert address.asked == 1
