"""Putting the parts of this room together."""

from pathlib import Path
from typing import NamedTuple

from libs.service import SettingsError
from services.auth.acceptance import AcceptanceTests
from services.auth.accounts.accounts import Accounts
from services.auth.accounts.breaches import Breaches
from services.auth.accounts.deletion import DeletionWaits
from services.auth.accounts.gate import Gate
from services.auth.accounts.letters import Letters
from services.auth.accounts.models import User
from services.auth.accounts.new_password import NewPassword
from services.auth.accounts.passwords import Passwords
from services.auth.accounts.policy import PasswordPolicy
from services.auth.accounts.signing_up import SigningUp, is_to_be_kept, keep_account
from services.auth.mail import FolderSender, Mailer, Sender, SmtpSender, smtp_address
from services.auth.settings import AuthSettings
from services.auth.throttle import Limits, Throttle


class AccountParts(NamedTuple):
    """What handlers and tasks may ask for."""

    accounts: Accounts
    deletion_waits: DeletionWaits
    gate: Gate
    letters: Letters
    new_password: NewPassword
    passwords: Passwords
    policy: PasswordPolicy
    signing_up: SigningUp
    throttle: Throttle


def account_parts(settings: AuthSettings) -> AccountParts:
    """Make the parts.

    :raises SettingsError: for parameters of argon2id that are too weak.
    """
    try:
        passwords = Passwords(
            memory_kib=settings.argon2_memory_kib,
            passes=settings.argon2_passes,
            lanes=settings.argon2_lanes,
        )
    except ValueError as error:
        raise SettingsError(f"APP_ARGON2_MEMORY_KIB: {error}.") from None
    throttle = Throttle(
        settings.redis_url.reveal(),
        key_prefix=f"{settings.table_prefix}auth:tries",
        tests=AcceptanceTests(settings.acceptance_key).are_asking,
    )
    limits = Limits(
        account=settings.account_tries, address=settings.address_tries, sign_ups=settings.sign_up_tries
    )
    breaches = Breaches(settings.breached_passwords_url) if settings.breached_passwords_url else None
    verified_only = settings.email_verification == "required"
    accounts = Accounts(passwords, throttle, limits, verified_only=verified_only, used=_keep)
    policy = PasswordPolicy(breaches)
    return AccountParts(
        accounts=accounts,
        deletion_waits=DeletionWaits(),
        gate=Gate(throttle, limits),
        letters=Letters(
            Mailer(_sender(settings), settings.mail_from or "accounts@localhost"),
            settings.public_url or settings.jwt_issuer,
            verified_only=verified_only,
        ),
        new_password=NewPassword(accounts, passwords, policy),
        passwords=passwords,
        policy=policy,
        signing_up=SigningUp(accounts),
        throttle=throttle,
    )


def _keep(user: User) -> None:
    if is_to_be_kept(user):
        keep_account(user_id=user.id)


def _sender(settings: AuthSettings) -> Sender:
    if settings.mail_folder is not None:
        return FolderSender(Path(settings.mail_folder))
    assert settings.smtp_url is not None  # noqa: S101 - one of the two is given
    return SmtpSender(smtp_address(settings.smtp_url.reveal()))
