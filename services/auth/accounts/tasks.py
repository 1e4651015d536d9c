"""What is done later about accounts: profiles, and mails.

A mailed token is made here, by the worker: what is stored of a task, and what its messages carry, lets
nobody in. So a mail with a link that is sent again, for its answer was lost, is another mail, with another
link; both are good. One without is the same again, and has the same Message-ID (RFC 5322 section 3.6.4).
"""

from libs.api import Clients, RemoteConflict
from libs.jwt import TokenIssuer, backend_token
from libs.tasks import Once, asynctask
from services.auth.accounts.accounts import Accounts
from services.auth.accounts.letters import Letters
from services.auth.accounts.mail_tokens import Purpose, made_for, make

MAIL_ATTEMPTS = 30
"""The last of them five minutes apart: they outlast two hours without a mail server."""


@asynctask(attempts=300)
def create_profile(
    user_id: str, name: str, accounts: Accounts, clients: Clients, issuer: TokenIssuer
) -> None:
    """Create the profile of a new user; 300 tries, in the end five minutes apart, outlast a day's outage."""
    user = accounts.get(user_id)
    if user is None or user.is_being_deleted:
        return
    profile = clients.profiles.NewProfile(profile_id=user_id, name=name)
    with backend_token(issuer, "auth", audience=["profiles"], scopes=["profiles:create"]):
        try:
            clients.profiles.create_profile(body=profile)
        except RemoteConflict as refused:
            # A try before this one got through and its answer was lost.
            if refused.problem.code != "RESOURCE_EXISTS":
                raise


@asynctask(attempts=MAIL_ATTEMPTS)
def send_verification(user_id: str, sign_up: str, accounts: Accounts, letters: Letters) -> None:
    """Mail the link that confirms an address.

    :param sign_up: which password the account had (`made_for`). Whoever signs up anew with an address that
        is not confirmed gives it another password, and must not be let in by the link of who did so before.
    """
    user = accounts.get(user_id)
    if user is not None and not user.is_confirmed and made_for(user) == sign_up:
        letters.verification(user.email, make(user, Purpose.VERIFY))


@asynctask(attempts=MAIL_ATTEMPTS)
def send_signed_up_already(user_id: str, accounts: Accounts, letters: Letters, once: Once) -> None:
    """Tell the owner of an account that somebody has tried to sign up with its address."""
    user = accounts.get(user_id)
    if user is not None:
        letters.signed_up_already(user.email, key=once.key("mail"))


@asynctask(attempts=MAIL_ATTEMPTS)
def send_link_again(email: str, accounts: Accounts, letters: Letters) -> None:
    """Mail the link that confirms an address, if there is such an account and it still has to be."""
    user = accounts.find_by_email(email)
    if user is not None and not user.is_confirmed and not user.is_disabled:
        letters.verification(user.email, make(user, Purpose.VERIFY))


@asynctask(attempts=MAIL_ATTEMPTS)
def send_reset(email: str, accounts: Accounts, letters: Letters) -> None:
    """Mail the link that leads to a new password, if there is such an account."""
    user = accounts.find_by_email(email)
    if user is not None and not user.is_disabled:
        letters.reset(user.email, make(user, Purpose.RESET))


@asynctask(attempts=MAIL_ATTEMPTS)
def send_password_changed(user_id: str, accounts: Accounts, letters: Letters, once: Once) -> None:
    """Tell the owner of an account that its password was changed."""
    user = accounts.get(user_id)
    if user is not None:
        letters.password_changed(user.email, key=once.key("mail"))
