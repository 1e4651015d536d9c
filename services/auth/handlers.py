"""The operations of apis/auth.yaml."""

from contextlib import suppress
from typing import Any

from pynamodb.exceptions import DoesNotExist

from libs.api import Result, models
from libs.dynamodb import Database
from libs.errors import Conflict, Unauthorized
from libs.jwt import SigningKey, TokenIssuer
from services.auth.models import Email, User, canonical
from services.auth.passwords import Passwords
from services.auth.tasks import create_profile

TOKEN_SECONDS = 900
AUDIENCE = ("auth", "profiles", "todos")


def sign_up(body: models.auth.SignUp, database: Database, passwords: Passwords) -> models.auth.Account:
    """Create an account, and see to its profile.

    :raises Conflict: EMAIL_TAKEN.
    """
    email = canonical(body.email)
    user = User(email=email, password_hash=passwords.hash(body.password))
    taken = Conflict("There is an account with this e-mail.", code="EMAIL_TAKEN")
    with database.transaction() as transaction:
        transaction.create(Email(email, user_id=user.id), conflict=taken)
        transaction.create(user)
        create_profile(user_id=user.id, name=body.name or body.email.partition("@")[0])
    return models.auth.Account(user_id=user.id, email=email)


def log_in(body: models.auth.Credentials, passwords: Passwords, issuer: TokenIssuer) -> Result:
    """Exchange e-mail and password for an access token.

    :raises Unauthorized: INVALID_CREDENTIALS; the same, and as slow, for an unknown e-mail.
    """
    user = _find(body.email)
    if not passwords.verify(body.password, user.password_hash if user else None) or user is None:
        raise Unauthorized("E-mail or password are wrong.", code="INVALID_CREDENTIALS")
    token = issuer.issue(user.id, audience=AUDIENCE, expires_in=TOKEN_SECONDS)
    answer = models.auth.Token(
        access_token=token, token_type="Bearer", expires_in=TOKEN_SECONDS, user_id=user.id
    )
    return Result(answer, headers={"Cache-Control": "no-store"})


def _find(email: str) -> User | None:
    # Two reads in any case: how long it takes must not tell who has an account.
    user_id = "nobody"
    with suppress(DoesNotExist):
        user_id = Email.get(canonical(email), consistent_read=True).user_id
    try:
        return User.get(user_id, consistent_read=True)
    except DoesNotExist:
        return None


def get_keys(key: SigningKey) -> dict[str, Any]:
    """Return the public keys (RFC 7517 section 5)."""
    return {"keys": [key.jwk]}
