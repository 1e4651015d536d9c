"""Sessions as tests look at them: in the table, and by what their tokens are good for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ReadTimeoutError
from flask.testing import FlaskClient
from pynamodb.exceptions import PutError

from services.auth.sessions.models import Revocation, Session

JSON = dict[str, Any]
Bearer = Callable[[JSON], dict[str, str]]
Refresh = Callable[[str], Any]


def session_id(tokens: JSON) -> str:
    return str(tokens["refresh_token"]).partition(".")[0]


def session_of(tokens: JSON) -> Session:
    return Session.get(session_id(tokens), consistent_read=True)


def status(tokens: JSON, client: FlaskClient, bearer_of: Bearer) -> int:
    """Return what a request with the access token is answered."""
    return client.get("/auth/version", headers=bearer_of(tokens)).status_code


def let_rest(tokens: JSON) -> None:
    """Have a session unused for so long that it has no access token."""
    session = session_of(tokens)
    session.update([Session.used_at.set(datetime.now(UTC) - timedelta(minutes=20))])


def revoked(what: str) -> list[str]:
    """Return the rows of the list of revocations that are of this session, or this user."""
    return [row.until_what for row in Revocation.query("revoked") if row.until_what.endswith(what)]


def away(*args: Any, **kwargs: Any) -> None:
    """Stand for a call of DynamoDB that nobody answers."""
    raise PutError("no answer", ReadTimeoutError(endpoint_url="http://dynamodb"))
