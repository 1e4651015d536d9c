"""The path of a request as it may be told: outside of the house, in a report or a span, and in the log."""

import re
from urllib.parse import unquote

from libs.errors.looks import HIDDEN
from libs.errors.redaction import Redaction
from libs.service.web.exchange import Exchange

LONGEST_STEP = 100
"""Characters."""
_PARAMETER = re.compile(r"\{([^{}]+)\}")


def told_path(exchange: Exchange, redaction: Redaction) -> str | None:
    """Return the path, without what in it may be a secret or personal; None where it is any text at all."""
    if exchange.route is None:
        return None
    asked, route = exchange.path.split("/"), exchange.route.split("/")
    if len(asked) != len(route):
        return None
    return "/".join(_step(one, named, redaction) for one, named in zip(asked, route, strict=True))


def _step(sent: str, named: str, redaction: Redaction) -> str:
    names = _PARAMETER.findall(named)
    if any(map(redaction.hides, names)):
        return HIDDEN
    # Cut last, for half of an address looks like none; and far behind that before, for to look costs time.
    return redaction.text(unquote(sent)[: 10 * LONGEST_STEP])[:LONGEST_STEP] if names else named


class LoggedPaths:
    """Paths as the log tells them: as they were sent, but for steps that are named after what is hidden.

    What a route hides is looked up once: this is on the way of every request.
    """

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._hidden: dict[str, frozenset[int]] = {}

    def of(self, exchange: Exchange) -> str:
        """Return the path of a request; that of one without a route is as it was sent."""
        route = exchange.route
        if route is None:
            return exchange.path
        hidden = self._hidden.get(route)
        if hidden is None:
            hidden = self._hidden[route] = self._hidden_in(route)
        if not hidden:
            return exchange.path
        return "/".join(HIDDEN if at in hidden else one for at, one in enumerate(exchange.path.split("/")))

    def _hidden_in(self, route: str) -> frozenset[int]:
        steps = enumerate(route.split("/"))
        return frozenset(at for at, one in steps if any(map(self._redaction.hides, _PARAMETER.findall(one))))
