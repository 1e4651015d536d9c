"""Acceptance tests of a deploy: hundreds of sign-ups from one address, which a key lets through.

Without it a limit that they keep to would let everybody sign up hundreds of times. The key is good for that
and nothing else: whoever has it is asked for a password, a mailed link and a token like everybody.
"""

import hmac

from flask import has_request_context, request

from libs.service import Secret

HEADER = "Acceptance-Key"


class AcceptanceTests:
    """Tells requests of acceptance tests from others.

    :param key: what they send; None where there are none.
    """

    def __init__(self, key: Secret | None) -> None:
        self._key = None if key is None else key.reveal().encode()

    def are_asking(self) -> bool:
        """Return whether the present request has the key."""
        if self._key is None or not has_request_context():
            return False
        return hmac.compare_digest(request.headers.get(HEADER, "").encode(), self._key)
