"""Sessions: what a log-in begins, refresh tokens go on with, and a log-out ends.

`end_all` is for whatever part of the service makes the sessions of a user invalid: a new password, a disabled
or deleted account, a role that was lost. It sets the account's `sessions_valid_from` to now, by the same
write, and then calls::

    end_all(user_id, "disabled", tokens=True)

One session is kept through a change of the password by the transaction that stores it::

    keep_in(transaction, caller.session, user_id)
    ...
    end_all(user_id, "password", keep=caller.session)
"""

from services.auth.sessions.ending import end, end_all, keep_in

__all__ = ["end", "end_all", "keep_in"]
