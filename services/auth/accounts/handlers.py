"""The operations of apis/auth.yaml that are about one's own account."""

from libs.api import Result, models
from libs.dynamodb import Database
from libs.errors import Unauthorized
from libs.jwt import Caller
from libs.service import ClientAddress
from services.auth.accounts.accounts import Accounts
from services.auth.accounts.gate import Gate
from services.auth.accounts.models import canonical
from services.auth.accounts.new_password import NewPassword
from services.auth.accounts.passwords import Passwords
from services.auth.accounts.policy import PasswordPolicy
from services.auth.accounts.signing_up import SigningUp, confirm
from services.auth.accounts.tasks import send_link_again, send_reset


def sign_up(
    body: models.auth.SignUp,
    accounts: Accounts,
    signing_up: SigningUp,
    database: Database,
    passwords: Passwords,
    policy: PasswordPolicy,
    gate: Gate,
    address: ClientAddress,
) -> Result:
    """Create an account; where addresses have to be confirmed, tell nobody whether there was one.

    :raises InvalidBody: PASSWORD_REFUSED.
    :raises Conflict: EMAIL_TAKEN; only where addresses need not be confirmed.
    """
    gate.sign_up(address)
    name = body.name or body.email.partition("@")[0]
    policy.check(body.password, pointer="/password", about=[body.email, name])
    gate.mail_of_sign_up(body.email)
    hashed = passwords.hash(body.password)
    if accounts.verified_only:
        signing_up.secretly(database, body.email, hashed, name)
        return Result(models.auth.SignUpPending(email=canonical(body.email)), status=202)
    user = signing_up.openly(database, body.email, hashed, name)
    return Result(models.auth.Account(user_id=user.id, email=user.email), status=201)


def verify_email(
    body: models.auth.MailedToken, database: Database, gate: Gate, address: ClientAddress
) -> None:
    """Confirm an address by what was mailed to it.

    :raises InvalidBody: LINK_INVALID.
    """
    gate.link(address)
    confirm(database, body.token)


def send_verification_again(body: models.auth.Mailbox, gate: Gate, address: ClientAddress) -> Result:
    """Mail the link once more, if there is something to confirm; tell nobody."""
    gate.mail(body.email, address)
    send_link_again(email=canonical(body.email))
    return Result(status=202)


def change_password(
    body: models.auth.PasswordChange,
    caller: Caller,
    new_password: NewPassword,
    database: Database,
    address: ClientAddress,
) -> None:
    """Change one's own password, and end one's other sessions.

    :raises Problem: as `NewPassword.change`.
    """
    new_password.change(
        database,
        caller.subject,
        body.current_password,
        body.new_password,
        address=address,
        session=caller.session,
    )


def forgot_password(body: models.auth.Mailbox, gate: Gate, address: ClientAddress) -> Result:
    """Mail a link to choose a new password, if there is such an account; tell nobody."""
    gate.mail(body.email, address)
    send_reset(email=canonical(body.email))
    return Result(status=202)


def reset_password(
    body: models.auth.PasswordReset,
    new_password: NewPassword,
    database: Database,
    gate: Gate,
    address: ClientAddress,
) -> None:
    """Choose a new password by what was mailed, and end all sessions.

    :raises InvalidBody: LINK_INVALID, PASSWORD_REFUSED.
    """
    gate.link(address)
    new_password.reset(database, body.token, body.password, address=address)


def get_me(caller: Caller, accounts: Accounts) -> models.auth.Me:
    """Return one's own account.

    :raises Unauthorized: if there is none any more, or the caller is no user.
    """
    user = accounts.get(caller.subject)
    if user is None:
        raise Unauthorized("There is no such account.")
    return models.auth.Me(
        user_id=user.id,
        email=user.email,
        email_verified=user.is_confirmed,
        roles=sorted(user.roles or ()),
        created_at=user.created_at,
    )
