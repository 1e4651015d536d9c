"""Errors as OAuth clients know them, who do not know problems: RFC 6749 section 5.2."""

from collections.abc import Mapping

from libs.api import Result
from services.auth.sessions.granting import NO_STORE


class OAuthError(Exception):
    """A refusal for an OAuth client.

    :param error: one of the words of RFC 6749, or of RFC 8707 (invalid_target).
    :param description: for the developer of the client; ASCII, without quotes and backslashes.
    """

    def __init__(
        self, error: str, description: str, *, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status
        self.headers = dict(headers or {})

    def answer(self) -> Result:
        """Return the answer of a token endpoint."""
        body = {"error": self.error, "error_description": self.description}
        return Result(body, self.status, headers={**NO_STORE, **self.headers}, media_type="application/json")


def invalid_client() -> OAuthError:
    """Return the refusal of a client that is not known, or not who it says; which of them is not told."""
    challenge = {"WWW-Authenticate": 'Basic realm="oauth", charset="UTF-8"'}
    return OAuthError("invalid_client", "The client is not known by these.", status=401, headers=challenge)
