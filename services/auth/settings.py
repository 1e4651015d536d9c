"""What auth can be told."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from marshmallow.validate import Equal, Length, OneOf, Range

from libs.jwt import SharedSecret
from libs.service import Secret, Settings, setting
from libs.service.settings import http_url, over_tls, readable, redis_address, service_url, strong_secret
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

    jwt_issuer: str = setting(
        validate=service_url,
        deployed=over_tls,
        help="The `iss` of access tokens, the same for all services: the address of auth, as clients "
        "reach it.",
    )
    redis_url: Secret = setting(
        validate=redis_address,
        help="Redis, where tries are counted, also where something else is the broker.",
    )
    key_secret: Secret | None = setting(
        None,
        readable(SharedSecret),
        help="What the keys that tokens are signed with are sealed with, in their table. At least 32 "
        "random bytes: `openssl rand -base64 48`. With another one than before, nothing starts. "
        "Either it or `APP_JWT_SECRET`.",
    )
    key_secret_before: Secret | None = setting(
        None,
        readable(SharedSecret),
        help="The one before, while it is [replaced](tokens.md#keys): it opens, and seals no more. Not "
        "beside `APP_JWT_SECRET`.",
    )
    key_algorithm: str = setting(
        "EdDSA",
        OneOf(["EdDSA", "ES256"]),
        help="What new keys are: `EdDSA` (Ed25519), or `ES256` (P-256) where a client knows no other.",
    )
    key_rotation_days: float = setting(
        30.0,
        Range(0, 3650),
        help="A key that has signed for so long gets a successor, which signs 15 minutes later; `0`: "
        "never. By hand: `python -m services.auth.keys rotate`.",
        unit="days",
    )
    session_days: float = setting(
        30.0,
        Range(0.01, 3650),
        help="A session is over after that time, however much it is used.",
        unit="days",
    )
    session_idle_days: float = setting(
        14.0,
        Range(0.01, 3650),
        help="It is over when its refresh token was not used for that long.",
        unit="days",
    )

    email_verification: str = setting(
        "required",
        OneOf(["required", "optional"]),
        deployed=Equal("required", error="Is for local stacks: it tells anybody who has an account."),
        help="Whether nobody can log in before the link was opened that is mailed at the sign-up. "
        "`optional` lets them in at once, and tells who has an account (409): for local stacks. "
        "Whoever changes it to `required` later shuts out all who have not confirmed their "
        "address, [until they do](accounts.md#signing-up).",
    )
    argon2_memory_kib: int = setting(
        19 * 1024,
        Range(1, 4 * 1024 * 1024),
        help="Memory of one password hash. Less than OWASP ASVS asks for with so many passes (46 MiB "
        "with 1, 19 with 2, 12 with more) stops the start. Hashes of other parameters are made "
        "anew at the next log-in.",
        unit="KiB",
    )
    argon2_passes: int = setting(2, Range(1, 100), help="Passes over that memory.")
    argon2_lanes: int = setting(1, Range(1, 16), help="Threads that make one hash.")
    account_tries: int = setting(
        5,
        Range(1, 100),
        help="Wrong passwords of one account in the first minute; [windows grow](accounts.md#guessing) "
        "to 15 minutes. Mails to one mailbox are five, whatever this is.",
    )
    address_tries: int = setting(
        20,
        Range(1, 100_000),
        advised=Range(max=1000, error="Hardly slows down who guesses passwords."),
        help="The same for one client address (of IPv6, a /64): wrong passwords, and mails, each counted "
        "for itself.",
    )
    sign_up_tries: int = setting(
        20,
        Range(1, 100_000),
        advised=Range(max=1000, error="Lets one address sign up and mail whom it likes."),
        help="The same for sign-ups, and for mailed links that are opened.",
    )
    acceptance_key: Secret | None = setting(
        None,
        strong_secret,
        help="Whoever sends it as `Acceptance-Key` may sign up 1000 times from one address, and has 100 "
        "wrong passwords and mails there: the [acceptance tests](../testaccept/README.md"
        "#where-addresses-are-confirmed) of deploys, of which one run has some 350 sign-ups. At least 32 "
        "random bytes. Nobody may if absent.",
    )
    acting_per_minute: int = setting(
        1200,
        Range(1, 1_000_000),
        help="How many tokens [to act for users](tokens.md#acting-for-users) one client gets in a "
        "minute; then 429.",
        unit="tokens",
    )
    breached_passwords_url: str | None = setting(
        None,
        http_url,
        deployed=over_tls,
        help="A service that knows stolen passwords by ranges of their SHA-1, such as "
        "`https://api.pwnedpasswords.com/range`; new passwords are looked up there, for at most a "
        "second in all. Nobody is asked if absent.",
    )

    public_url: str | None = setting(
        None,
        http_url,
        deployed=over_tls,
        help="Where mailed links lead: this service, as browsers reach it. `APP_JWT_ISSUER` if absent.",
    )
    mail_from: str | None = setting(
        None,
        readable(is_sender),
        help="Who mails are from: `Todos <accounts@example.com>`; needed with `APP_SMTP_URL`, else "
        "`accounts@localhost`.",
    )
    mail_folder: str | None = setting(
        None,
        Length(1),
        deployed=Length(max=0, error="Is for local stacks; give APP_SMTP_URL."),
        help="A folder that mails are written to; the log of the worker shows their links. For local "
        "stacks: give either this or `APP_SMTP_URL`.",
    )
    smtp_url: Secret | None = setting(
        None,
        readable(smtp_address),
        help="The mail server: `smtps://user:password@host:465`, `smtp://user:password@host:587` (with "
        "STARTTLS), or `smtp://host:25?tls=off` inside a network of your own.",
    )
