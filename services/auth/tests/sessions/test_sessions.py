"""Logging out, and the list of one's sessions."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.jwt import Caller, RevocationList
from libs.service import Running
from services.auth.sessions.models import Revocation, Session
from services.auth.sessions.revocations import RevokedTokens, revoke

JSON = dict[str, Any]
Bearer = Callable[[JSON], dict[str, str]]


def session_id(tokens: JSON) -> str:
    return str(tokens["refresh_token"]).partition(".")[0]


def is_good(tokens: JSON, client: FlaskClient, bearer_of: Bearer) -> bool:
    answer = client.get("/auth/version", headers=bearer_of(tokens))
    if answer.status_code == 401:
        assert answer.get_json()["code"] == "TOKEN_REVOKED"
    return bool(answer.status_code == 200)


def can_refresh(tokens: JSON, refresh: Callable[[str], Any]) -> bool:
    return bool(refresh(tokens["refresh_token"]).status_code == 200)


@pytest.mark.parametrize("by", ["access token", "refresh token", "both"])
def test_a_log_out_ends_the_session_and_its_tokens_and_no_other(
    begin: Callable[[], JSON],
    client: FlaskClient,
    bearer_of: Bearer,
    refresh: Callable[[str], Any],
    by: str,
) -> None:
    tokens, other = begin(), begin()
    headers = bearer_of(tokens) if by != "refresh token" else {}
    body = {"refresh_token": tokens["refresh_token"]} if by != "access token" else None
    answer = client.post("/auth/logout", headers=headers, json=body)
    assert (answer.status_code, answer.data) == (204, b"")
    assert not is_good(tokens, client, bearer_of)
    assert not can_refresh(tokens, refresh)
    assert is_good(other, client, bearer_of)
    assert can_refresh(other, refresh)


def test_who_says_neither_cannot_log_out(client: FlaskClient) -> None:
    answer = client.post("/auth/logout")
    assert (answer.status_code, answer.get_json()["code"]) == (401, "AUTHENTICATION_REQUIRED")


def test_logging_out_twice_is_no_error_and_neither_is_a_token_of_nothing(
    tokens: JSON, client: FlaskClient
) -> None:
    for token in (tokens["refresh_token"], tokens["refresh_token"], "01J.x", ""):
        assert client.post("/auth/logout", json={"refresh_token": token}).status_code == 204


def test_a_token_that_was_exchanged_logs_out_as_well(
    tokens: JSON, client: FlaskClient, refresh: Callable[[str], Any]
) -> None:
    head = refresh(tokens["refresh_token"]).get_json()
    assert client.post("/auth/logout", json={"refresh_token": tokens["refresh_token"]}).status_code == 204
    assert not can_refresh(head, refresh)


def test_nobody_logs_out_by_the_id_of_a_session(
    tokens: JSON, client: FlaskClient, refresh: Callable[[str], Any]
) -> None:
    made_up = f"{session_id(tokens)}.{'A' * 43}"
    assert client.post("/auth/logout", json={"refresh_token": made_up}).status_code == 204
    assert can_refresh(tokens, refresh)


def test_ones_sessions_are_listed_the_latest_first(
    log_in: Callable[..., Any], client: FlaskClient, email: str, bearer_of: Bearer
) -> None:
    phone = client.post(
        "/auth/login",
        json={"email": email, "password": "correct horse battery"},
        headers={"User-Agent": "Phone " + "x" * 300},
    ).get_json()
    laptop = log_in(email).get_json()
    items = client.get("/auth/sessions", headers=bearer_of(phone)).get_json()["items"]
    assert [one["session_id"] for one in items] == [session_id(laptop), session_id(phone)]
    assert [one["current"] for one in items] == [False, True]
    assert items[1]["device"] == ("Phone " + "x" * 300)[:200]
    assert items[1]["address"] == "127.0.0.1"
    shown = str(items)
    assert laptop["refresh_token"].partition(".")[2] not in shown
    assert "hash" not in shown


def test_a_session_is_ended_by_its_owner_and_by_nobody_else(
    begin: Callable[[], JSON],
    client: FlaskClient,
    sign_up: Callable[..., Any],
    log_in: Callable[..., Any],
    bearer_of: Bearer,
    refresh: Callable[[str], Any],
) -> None:
    tokens, other = begin(), begin()
    sign_up(f"other-{session_id(tokens)}@example.com")
    stranger = log_in(f"other-{session_id(tokens)}@example.com").get_json()
    path = f"/auth/sessions/{session_id(tokens)}"
    assert client.delete(path).status_code == 401
    assert client.delete(path, headers=bearer_of(stranger)).status_code == 404
    assert can_refresh(tokens, refresh)
    assert client.delete(path, headers=bearer_of(other)).status_code == 204
    assert client.delete(path, headers=bearer_of(other)).status_code == 404
    assert not is_good(tokens, client, bearer_of)
    listed = client.get("/auth/sessions", headers=bearer_of(other)).get_json()["items"]
    assert [one["session_id"] for one in listed] == [session_id(other)]


def test_all_sessions_are_ended_at_once(
    begin: Callable[[], JSON], client: FlaskClient, bearer_of: Bearer, refresh: Callable[[str], Any]
) -> None:
    everywhere = [begin() for _ in range(3)]
    assert client.delete("/auth/sessions", headers=bearer_of(everywhere[0])).status_code == 204
    for tokens in everywhere:
        assert not is_good(tokens, client, bearer_of)
        assert not can_refresh(tokens, refresh)
    assert is_good(begin(), client, bearer_of), "the next log-in is as good as ever"


def test_a_session_that_the_index_does_not_show_yet_is_ended_as_well(
    begin: Callable[[], JSON],
    client: FlaskClient,
    bearer_of: Bearer,
    refresh: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tokens = begin()
    with monkeypatch.context() as patch:
        patch.setattr(Session.by_user, "query", lambda *args, **kwargs: iter(()))
        assert client.delete("/auth/sessions", headers=bearer_of(tokens)).status_code == 204
    assert not can_refresh(tokens, refresh)


def test_a_session_whose_tokens_are_over_adds_nothing_to_the_list(tokens: JSON, client: FlaskClient) -> None:
    session = Session.get(session_id(tokens))
    session.update([Session.used_at.set(session.used_at.replace(year=2020))])
    assert client.post("/auth/logout", json={"refresh_token": tokens["refresh_token"]}).status_code == 204
    assert session.id not in client.get("/.well-known/revoked.json").get_json()["sid"]


def test_the_list_of_what_is_over_is_public_and_small(client: FlaskClient) -> None:
    for kind in ("sid", "sub", "jti"):
        revoke(kind, f"some {kind}")  # type: ignore[arg-type]
    answer = client.get("/.well-known/revoked.json")
    assert answer.headers["Cache-Control"] == "public, max-age=5"
    known = RevocationList.from_json(answer.get_json())
    for claim in ("sid", "sub", "jti"):
        claims = {"sid": "x", "sub": "x", "jti": "x", claim: f"some {claim}"}
        assert known.revoked(Caller(claims["sub"], claims=claims))
    assert not known.revoked(Caller("x", claims={"sid": "x", "jti": "x"}))


def test_what_may_be_forgotten_is_not_read_again(client: FlaskClient) -> None:
    revoke("jti", "long over")
    (row,) = [one for one in Revocation.query("revoked") if one.until_what.endswith("long over")]
    row.delete()
    Revocation("revoked", "01700000000 jti long over", expires_at=row.expires_at).save()
    assert "long over" not in client.get("/.well-known/revoked.json").get_json()["jti"]


def test_the_list_is_read_every_two_seconds_and_stays_good_while_it_cannot_be(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pynamodb.exceptions import QueryError

    now, reads, query = [0.0], [0], Revocation.query
    revoked = RevokedTokens(clock=lambda: now[0])

    def counted(*args: Any, **kwargs: Any) -> Any:
        reads[0] += 1
        return query(*args, **kwargs)

    monkeypatch.setattr(Revocation, "query", counted)
    caller = Caller("ada", claims={"jti": "stolen"})
    assert not revoked.revoked(caller)
    revoke("jti", "stolen")
    now[0] = 1.9
    assert not revoked.revoked(caller)
    assert reads == [1]
    now[0] = 2.0
    assert revoked.revoked(caller)
    assert reads == [2]

    def away(*args: Any, **kwargs: Any) -> Any:
        raise QueryError("hunter2")

    monkeypatch.setattr(Revocation, "query", away)
    now[0] = 100.0
    assert revoked.revoked(caller)
    with pytest.raises(QueryError):
        RevokedTokens().revoked(caller)


def test_a_new_password_ends_all_other_sessions_and_their_tokens(
    begin: Callable[[], JSON],
    client: FlaskClient,
    bearer_of: Bearer,
    refresh: Callable[[str], Any],
) -> None:
    own, other = begin(), begin()
    body = {"current_password": "correct horse battery", "new_password": "staple correct horse"}
    assert client.post("/auth/password", json=body, headers=bearer_of(own)).status_code == 204
    assert not is_good(other, client, bearer_of)
    assert not can_refresh(other, refresh)
    assert is_good(own, client, bearer_of)
    assert can_refresh(own, refresh)
