"""How many sessions a user may have: a log-in ends the oldest."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from services.auth.sessions import ending
from services.auth.sessions.models import Session
from services.auth.tests.sessions.looking import (
    JSON,
    Bearer,
    Refresh,
    away,
    session_of,
    status,
)


def test_a_log_in_too_many_ends_the_oldest_session(
    begin: Callable[[], JSON], refresh: Refresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "MOST_SESSIONS", 3)
    everywhere = [begin() for _ in range(5)]
    assert [session_of(one).ended_why for one in everywhere] == ["many", "many", None, None, None]
    assert refresh(everywhere[2]["refresh_token"]).status_code == 200


def test_a_log_in_needs_no_old_session_ended(
    begin: Callable[[], JSON], client: FlaskClient, bearer_of: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Session.by_user, "query", away)
        tokens = begin()
    assert status(tokens, client, bearer_of) == 200


def test_a_log_in_reads_so_many_sessions_and_no_more(
    begin: Callable[[], JSON], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "MOST_LOOKED_AT", 3)
    monkeypatch.setattr(ending, "MOST_SESSIONS", 2)
    read, query = list[str](), Session.by_user.query

    def counted(*args: Any, **kwargs: Any) -> Any:
        rows = list(query(*args, **kwargs))
        read.extend(row.id for row in rows)
        return iter(rows)

    everywhere = [begin() for _ in range(4)]
    monkeypatch.setattr(Session.by_user, "query", counted)
    everywhere.append(begin())
    assert len(read) == 3
    assert [session_of(one).ended_why for one in everywhere] == ["many"] * 3 + [None] * 2
