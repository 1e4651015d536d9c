"""The words this library reads in a contract beside OpenAPI's own, where each belongs, and removing them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from libs.api.binding.rate_limits import RATE_LIMIT, rate_limit_fault
from libs.api.binding.slow import REPORT_SLOW, slow_fault
from libs.api.document.grammar import OPENAPI_3, parts
from libs.api.idempotency.declaration import IDEMPOTENCY, idempotency_fault
from libs.api.schema import JSON
from libs.errors import pointer

EXTENSIONS: Mapping[str, str | tuple[str, ...]] = {
    "x-bind-server": "operation",
    "x-no-bind-server": "operation",
    "x-decorate-server": "operation",
    "x-bind-client": "operation",
    "x-decorate-request": "operation",
    RATE_LIMIT: ("operation", "path item", "document"),
    REPORT_SLOW: ("operation", "path item"),
    IDEMPOTENCY: ("operation", "path item"),
    "x-resource": "path item",
    "x-parent": "schema",
    "x-persist": "schema",
    "x-nullable": "schema",
    "x-mandatory": "schema",
}
"""Each of our own extensions, and the kind of object it stands in, or the kinds."""
_FAULTS: Mapping[str, Callable[[Any], str | None]] = {
    RATE_LIMIT: rate_limit_fault,
    REPORT_SLOW: slow_fault,
    IDEMPOTENCY: idempotency_fault,
}
"""What tells what is wrong with the value of one, wherever it stands."""


def extension_faults(document: JSON) -> Iterator[tuple[str, str]]:
    """Yield place (a JSON pointer) and fault of each extension that is misspelt, or stands in a wrong place.

    A rate limit that is none is told as well: it may stand where it is of no use to any operation. So is a
    time that is none, and whatever else says nothing.

    Those of other tools are none of our business, unless they are a near miss of ours.
    """
    for part in parts(document, OPENAPI_3):
        for key in part.node:
            if not key.startswith("x-"):
                continue
            if key not in EXTENSIONS:
                if meant := next((one for one in EXTENSIONS if _is_misspelt(key, one)), None):
                    told = f"{key!r} is nothing this service knows (did you mean {meant!r}?)"
                    yield part.pointer + pointer(key), told
                continue
            kinds = EXTENSIONS[key]
            kinds = (kinds,) if isinstance(kinds, str) else kinds
            if part.kind not in kinds:
                belongs = " or ".join(_a(one) for one in kinds)
                yield (
                    part.pointer + pointer(key),
                    f"{key} does nothing in {_a(part.kind)}; it belongs in {belongs}",
                )
            elif key in _FAULTS and (wrong := _FAULTS[key](part.node[key])):
                yield part.pointer + pointer(key), wrong


def remove_extensions(document: JSON) -> None:
    """Take our own extensions out of a document: they tell of the code, and nothing to a client."""
    for part in list(parts(document, OPENAPI_3)):
        for key in EXTENSIONS.keys() & part.node.keys():
            del part.node[key]


def _is_misspelt(word: str, meant: str) -> bool:
    """Tell whether a word is another with one character wrong, left out, too many, or two in turned order.

    What is further off is another tool's: `x-resourceId`, `x-source`, `x-permissions`.
    """
    one, other = word.casefold().replace("_", "-"), meant
    while one[:1] == other[:1] != "":
        one, other = one[1:], other[1:]
    return one[1:] == other[1:] or one[1:] == other or one == other[1:] or one[1::-1] + one[2:] == other


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
