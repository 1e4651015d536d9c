"""The operation that publishes the keys."""

from libs.api import Result
from services.auth.keys.token_keys import TokenKeys

MAX_AGE_SECONDS = 300


def get_keys(keys: TokenKeys) -> Result:
    """Return the public keys (RFC 7517 section 5)."""
    return Result({"keys": keys.jwks()}, headers={"Cache-Control": f"public, max-age={MAX_AGE_SECONDS}"})
