"""``python -m services.auth.admin grant|revoke EMAIL ROLE``: give an account a role, or take it away.

For the first admin (`grant EMAIL admin`), whom no other can appoint; for others there is
PUT /auth/users/{user_id}/roles. Whoever has signed up with an address may have no mailbox there: it has to be
verified, or else `--unverified` to say that it need not be.
"""

import argparse
import os
import sys
from datetime import UTC, datetime

from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action

from libs.dynamodb import is_condition_failure
from libs.service import SettingsError
from services.auth.accounts import Accounts, User
from services.auth.accounts.roles import NAME, ROLE_SCOPES
from services.auth.audit import OPERATOR, audit
from services.auth.command import operators_tables, run
from services.auth.sessions import end_all


def main(arguments: list[str]) -> str | None:
    """Change the roles of an account; return what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m services.auth.admin", description=__doc__)
    parser.add_argument("what", choices=["grant", "revoke"])
    parser.add_argument("email")
    parser.add_argument("role", help=f"such as {', '.join(ROLE_SCOPES)}")
    parser.add_argument("--unverified", action="store_true", help="though nobody has confirmed the address")
    given = parser.parse_args(arguments)
    if not NAME.fullmatch(given.role):
        return f"not a role: {NAME.pattern}"
    try:
        with operators_tables(os.environ):
            return _change(given.what, given.email, given.role, unverified=given.unverified)
    except SettingsError as error:
        return str(error)


def _change(what: str, email: str, role: str, *, unverified: bool) -> str | None:
    user = Accounts.find_by_email(email)
    if user is None:
        return "There is no account with this e-mail."
    if what == "grant" and not (user.is_confirmed or unverified):
        return "Nobody has confirmed this e-mail yet. If you know whose the account is: --unverified."
    actions: list[Action] = [User.roles.add({role})]
    if what == "revoke":
        actions = [User.roles.delete({role}), User.sessions_valid_from.set(datetime.now(UTC))]
    try:
        user.update(actions, condition=User.id.exists())
    except UpdateError as error:
        if is_condition_failure(error):
            return "The account has just been deleted."
        raise
    event = "role granted" if what == "grant" else "role revoked"
    audit(event, user=user.id, by=OPERATOR, role=role)
    if what == "revoke":
        end_all(user.id, "roles", tokens=True)
    print(f"{user.id}: {' '.join(sorted(user.roles or ())) or 'no roles'}")
    return None


if __name__ == "__main__":
    sys.exit(run(main))
