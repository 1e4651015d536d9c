"""The auth service."""

from dataclasses import dataclass

from libs.jwt import FixedKeySet, SigningKey, TokenIssuer
from libs.service import Secret, Service, Settings, SettingsError, setting
from services.auth.models import Email, User
from services.auth.passwords import Passwords
from services.auth.tasks import create_profile


@dataclass(frozen=True, kw_only=True)
class AuthSettings(Settings):
    """What auth needs to know beside `Settings`."""

    jwt_private_key: Secret = setting()


def signing_key(settings: AuthSettings) -> SigningKey:
    """Return the key tokens are signed with."""
    try:
        return SigningKey.from_pem(settings.jwt_private_key.reveal())
    except ValueError as error:
        raise SettingsError(f"APP_JWT_PRIVATE_KEY: {error}") from None


def provide(settings: AuthSettings) -> list[object]:
    """Make what handlers and tasks ask for."""
    key = signing_key(settings)
    return [key, TokenIssuer(key, settings.jwt_issuer), Passwords()]


service = Service(
    "auth",
    settings=AuthSettings,
    models=[User, Email],
    tasks=[create_profile],
    calls=["profiles"],
    provide=provide,
    keys=lambda settings: FixedKeySet([signing_key(settings).jwk]),
)
