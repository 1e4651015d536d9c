"""What every request meets as soon as its caller is known: limits, and the age of its token."""

from werkzeug import Request

from libs.api import Operation
from libs.jwt import Caller
from libs.service.limits import RateLimits
from libs.service.renewal import Renewal
from libs.service.web import add_headers, client_address, note_actor


class Admission:
    """Lets requests in, and gives their answers the headers that tell of it.

    :param limits: None where nothing is limited.
    """

    def __init__(self, renewal: Renewal, limits: RateLimits | None) -> None:
        self._renewal = renewal
        self._limits = limits

    def __call__(self, operation: Operation, caller: Caller | None, request: Request) -> None:
        """Let a request in.

        :raises TooManyRequests: if its caller has none left.
        """
        if caller is not None and caller.actor is not None:
            note_actor(request, caller.actor)
        add_headers(request, self._renewal.headers(caller))
        if self._limits is not None and operation.limits:
            add_headers(request, self._limits.take(operation, caller, client_address()))
