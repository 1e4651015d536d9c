"""Accounts: who there is, signing up, passwords, and what admins do with them.

Other rooms ask for `Accounts` by type, and for the address of the request by `ClientAddress`::

    def log_in(body: models.auth.Credentials, accounts: Accounts, address: ClientAddress) -> Result:
        user = accounts.check_password(body.email, body.password, address)

`Accounts.get` and `Accounts.find_by_email` find a `User`; its `roles` and `scopes` go into tokens, and
`disabled_at` and `sessions_valid_from` say which sessions are over.
"""

from services.auth.accounts.accounts import Accounts
from services.auth.accounts.models import Email, User, canonical
from services.auth.accounts.passwords import Passwords

__all__ = ["Accounts", "Email", "Passwords", "User", "canonical"]
