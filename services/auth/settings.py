"""What auth can be told."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from marshmallow.validate import Length, OneOf, Range

from libs.jwt import SharedSecret
from libs.service import Secret, Settings, setting
from libs.service.settings import HTTP_URL, readable, redis_address, service_url
from services.auth.mail import is_sender, smtp_address


@dataclass(frozen=True, kw_only=True)
class AuthSettings(Settings):
    """What auth needs to know beside `Settings`."""

    one_of: ClassVar[Collection[tuple[str, ...]]] = (
        *Settings.one_of,
        ("key_secret", "jwt_secret"),
        ("mail_folder", "smtp_url"),
    )
    together: ClassVar[Collection[tuple[str, ...]]] = (*Settings.together, ("smtp_url", "mail_from"))

    jwt_issuer: str = setting(validate=service_url)
    # Where tries are counted, also where something else is the broker.
    redis_url: Secret = setting(validate=redis_address)
    key_secret: Secret | None = setting(None, readable(SharedSecret))
    key_secret_before: Secret | None = setting(None, readable(SharedSecret))
    key_algorithm: str = setting("EdDSA", OneOf(["EdDSA", "ES256"]))
    key_rotation_days: float = setting(30.0, Range(0, 3650))
    session_days: float = setting(30.0, Range(0.01, 3650))
    session_idle_days: float = setting(14.0, Range(0.01, 3650))

    email_verification: str = setting("required", OneOf(["required", "optional"]))
    argon2_memory_kib: int = setting(19 * 1024, Range(1, 4 * 1024 * 1024))
    argon2_passes: int = setting(2, Range(1, 100))
    argon2_lanes: int = setting(1, Range(1, 16))
    account_tries: int = setting(5, Range(1, 100))
    address_tries: int = setting(20, Range(1, 100_000))
    acting_per_minute: int = setting(1200, Range(1, 1_000_000))
    breached_passwords_url: str | None = setting(None, HTTP_URL)

    public_url: str | None = setting(None, HTTP_URL)
    mail_from: str | None = setting(None, readable(is_sender))
    mail_folder: str | None = setting(None, Length(1))
    smtp_url: Secret | None = setting(None, readable(smtp_address))
