"""Sessions: what a log-in begins, refresh tokens go on with, and a log-out ends.

`end_all` is for whatever part of the service makes the sessions of a user invalid: a new password, a disabled
or deleted account. It sets the account's `sessions_valid_from` to now, by the same write, and then calls::

    end_all(user_id, "password", keep=caller.session)
"""

from services.auth.sessions.ending import end, end_all

__all__ = ["end", "end_all"]
