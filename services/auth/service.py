"""The auth service."""

from datetime import timedelta

from libs.jwt import TokenIssuer
from libs.service import Service
from services.auth.accounts import Email, User, tasks
from services.auth.accounts.deletion import delete_account
from services.auth.accounts.mail_tokens import MailToken
from services.auth.accounts.parts import account_parts
from services.auth.accounts.signing_up import keep_account
from services.auth.clients import OAuthClient
from services.auth.keys import TokenKeys, check_secret
from services.auth.keys.models import Key
from services.auth.oauth.acting import Acting, acting_here
from services.auth.oauth.discovery import Discovery
from services.auth.oauth.models import Code
from services.auth.oauth.userinfo import UserinfoTokens
from services.auth.sessions.models import Revocation, Session
from services.auth.sessions.revocations import RevokedTokens
from services.auth.sessions.sessions import Sessions
from services.auth.settings import AuthSettings


def provide(settings: AuthSettings) -> list[object]:
    """Make what handlers and tasks ask for."""
    keys = TokenKeys.of(settings)
    parts = account_parts(settings)
    sessions = Sessions(
        parts.accounts,
        life=timedelta(days=settings.session_days),
        idle=timedelta(days=settings.session_idle_days),
    )
    revoked = RevokedTokens()
    issuer = TokenIssuer(keys.signer, settings.jwt_issuer)
    acting = Acting(parts.accounts, parts.throttle, per_minute=settings.acting_per_minute)
    return [
        keys,
        issuer,
        acting,
        acting_here(acting, issuer, "auth"),
        revoked,
        sessions,
        Discovery(keys, settings.jwt_issuer),
        UserinfoTokens(keys, settings.jwt_issuer, revoked),
        *parts,
    ]


service = Service(
    "auth",
    settings=AuthSettings,
    models=[User, Email, MailToken, Key, Session, Revocation, OAuthClient, Code],
    tasks=[
        tasks.create_profile,
        tasks.send_verification,
        tasks.send_signed_up_already,
        tasks.send_link_again,
        tasks.send_reset,
        tasks.send_password_changed,
        keep_account,
        delete_account,
    ],
    calls=["profiles", "todos"],
    provide=provide,
    keys=lambda parts: parts.make(TokenKeys),
    revocations=lambda parts: parts.make(RevokedTokens),
    prepare=check_secret,
    takes_actors=False,
)
