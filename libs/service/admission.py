"""What every request meets as soon as its caller is known: limits, and the age of its token."""

from werkzeug import Request

from libs.api import Operation
from libs.jwt import Caller
from libs.service.limits import RateLimits
from libs.service.renewal import Renewal
from libs.service.web import client_address, exchange_of


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
        exchange = exchange_of(request)
        exchange.caller = caller
        exchange.add_headers(self._renewal.headers(caller))
        if self._limits is not None and operation.limits:
            exchange.add_headers(self._limits.take(operation, caller, client_address()))
