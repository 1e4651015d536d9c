"""Tokens that are over before they expire."""

import json
import time
from concurrent.futures import ThreadPoolExecutor, wait

import httpx
import pytest

from libs.errors import ServiceUnavailable, Unauthorized
from libs.jwt import Caller, FixedKeySet, RemoteRevocations, RevocationList, TokenIssuer, TokenVerifier
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
        (RevocationList(subjects={"ada": time.time()}), [over, over, "bob", "bob"]),
        (RevocationList(tokens=frozenset([jti])), ["ada", "ada", over, "bob"]),
    ]:
        assert [outcome(verifier(named), one) for one in tokens] == told


@pytest.mark.parametrize(
    ("issued", "is_over"), [(99, True), (100, True), (100.5, True), (101, False), (None, True), ("101", True)]
)
def test_an_account_that_is_let_in_again_has_good_tokens_from_then_on(issued, is_over):
    known = RevocationList(subjects={"ada": 100.5})
    assert known.revoked(Caller("ada", claims={"iat": issued})) == is_over
    assert not known.revoked(Caller("bob", claims={"iat": issued}))
    assert known.revoked(Caller("ada")), "who knows when it was made?"


def test_a_list_survives_its_trip():
    made = RevocationList(frozenset("ab"), {"c": 1763757600, "d": 1763757600.5}, frozenset())
    assert made.to_json() == {"sid": ["a", "b"], "sub": {"c": 1763757600, "d": 1763757600.5}, "jti": []}
    assert RevocationList.from_json(json.loads(json.dumps(made.to_json()))) == made


@pytest.fixture
def remote(address, clock):
    def publish(**named):
        address.body = json.dumps({"sid": [], "sub": {}, "jti": [], **named})

    made = RemoteRevocations(address.url, clock=clock, timeout=60)
    publish()
    yield made, publish
    renewal_done()
    made.close()


def test_one_request_in_ten_seconds_finds_a_session_over(remote, address, clock):
    revocations, publish = remote
    by, token = verifier(revocations), ISSUES.issue("ada", audience=[AUDIENCE], session="s1")
    assert outcome(by, token) == "ada"
    publish(sid=["s1"])
    clock.advance(9.9)
    assert outcome(by, token) == "ada", "nobody waits for the renewal"
    renewal_done()
    assert outcome(by, token) == "TOKEN_REVOKED"
    assert address.asked == 2


@pytest.mark.parametrize("seconds", [10, 19.9, 3600])
def test_nobody_goes_by_a_list_of_ten_seconds(seconds, remote, address, clock):
    revocations, publish = remote
    by, token = verifier(revocations), ISSUES.issue("ada", audience=[AUDIENCE], session="s1")
    assert outcome(by, token) == "ada"
    publish(sid=["s1"])
    clock.advance(seconds)
    assert outcome(by, token) == "TOKEN_REVOKED"
    assert address.asked == 2


def test_after_a_pause_all_wait_for_the_list_that_one_fetches(remote, address, clock, held):
    revocations, publish = remote
    by, token = verifier(revocations), ISSUES.issue("ada", audience=[AUDIENCE], session="s1")
    assert outcome(by, token) == "ada"
    publish(sid=["s1"])
    clock.advance(35)
    with ThreadPoolExecutor(8) as pool, held() as arrived:
        first = pool.submit(outcome, by, token)
        assert arrived.wait(20)
        others = [pool.submit(outcome, by, token) for _ in range(7)]
        assert not wait([first, *others], timeout=0.1).done
    assert {one.result() for one in [first, *others]} == {"TOKEN_REVOKED"}
    assert address.asked == 2


def test_a_steady_service_has_a_list_of_five_seconds_and_never_waits(remote, address, clock):
    revocations, _ = remote
    by, token = verifier(revocations), ISSUES.issue("ada", audience=[AUDIENCE])
    for second in range(60):
        assert outcome(by, token) == "ada"
        renewal_done()
        assert address.asked == 1 + second // 5
        clock.advance(1)


def test_what_was_known_counts_while_the_address_is_down(remote, address, clock):
    revocations, publish = remote
    by, token = verifier(revocations), ISSUES.issue("ada", audience=[AUDIENCE])
    other = ISSUES.issue("bob", audience=[AUDIENCE])
    publish(sub={"ada": time.time()})
    assert outcome(by, token) == "TOKEN_REVOKED"
    address.close()
    for _ in range(3):
        clock.advance(100)
        assert (outcome(by, token), outcome(by, other)) == ("TOKEN_REVOKED", "bob")
        renewal_done()
    revocations.ready()


def test_before_the_list_was_ever_read_nobody_is_let_in(remote, address, clock):
    revocations, _ = remote
    by, token = verifier(revocations), ISSUES.issue("ada", audience=[AUDIENCE])
    address.status = 404
    for ask in (lambda: by.verify(token), revocations.ready):
        with pytest.raises(ServiceUnavailable) as caught:
            ask()
        assert caught.value.code == "REVOCATIONS_UNKNOWN"
    address.status = 200
    clock.advance(10)
    assert outcome(by, token) == "ada"
    revocations.ready()


def test_who_begins_can_read_a_list_far_longer_than_there_is_one():
    names = [f"{n:032}" for n in range(300_000)]
    body = json.dumps({"sid": names, "sub": {}, "jti": []}).encode()
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=body))
    revocations = RemoteRevocations("http://auth.test/", transport=transport, timeout=60)
    revocations.ready()
    assert revocations.revoked(Caller("ada", claims={"sid": names[-1]}))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        '{"sid": []}',
        '{"sid": "s1", "sub": {}, "jti": []}',
        '{"sid": [], "sub": {}, "jti": "s1"}',
        '{"sid": [5], "sub": {}, "jti": []}',
        '{"sid": [], "sub": ["ada"], "jti": []}',
        '{"sid": [], "sub": {"ada": "5"}, "jti": []}',
        '{"sid": [], "sub": {"ada": true}, "jti": []}',
        '{"sid": [], "sub": {"ada": NaN}, "jti": []}',
        '{"sid": [], "sub": {"ada": 1%s}, "jti": []}' % ("0" * 400),
        "[" * 9999,
    ],
    ids=[
        *("empty", "list", "object", "part", "text", "text at the end", "number", "no moments"),
        *("text moment", "true moment", "no number", "never", "deep"),
    ],
)
def test_an_answer_that_is_no_list_changes_nothing(body, remote, address, clock):
    revocations, publish = remote
    by, token = verifier(revocations), ISSUES.issue("ada", audience=[AUDIENCE])
    publish(sub={"ada": time.time()})
    assert outcome(by, token) == "TOKEN_REVOKED"
    address.body = body
    clock.advance(11)
    assert outcome(by, token) == "TOKEN_REVOKED"
    assert address.asked == 2
    assert outcome(by, token) == "TOKEN_REVOKED"
