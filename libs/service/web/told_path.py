"""The path of a request as it may be told outside of the house: in a report, in a span."""

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
    return redaction.text(unquote(sent)[:LONGEST_STEP]) if names else named
