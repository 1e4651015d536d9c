"""The words this library reads in a contract beside OpenAPI's own, where each belongs, and removing them."""

from collections.abc import Iterator

from libs.api.document.errors import suggestion
from libs.api.document.grammar import OPENAPI_3, parts
from libs.api.schema import JSON
from libs.errors import pointer

EXTENSIONS = {
    "x-bind-server": "operation",
    "x-no-bind-server": "operation",
    "x-decorate-server": "operation",
    "x-bind-client": "operation",
    "x-decorate-request": "operation",
    "x-resource": "path item",
    "x-parent": "schema",
    "x-persist": "schema",
    "x-nullable": "schema",
    "x-mandatory": "schema",
}
"""Each of our own extensions, and the kind of object it stands in."""


def extension_faults(document: JSON) -> Iterator[tuple[str, str]]:
    """Yield place (a JSON pointer) and fault of each extension that is misspelt, or stands in a wrong place.

    Those of other tools are none of our business, unless they are a near miss of ours.
    """
    for part in parts(document, OPENAPI_3):
        for key in part.node:
            if not key.startswith("x-"):
                continue
            if key not in EXTENSIONS:
                if near := suggestion(key, EXTENSIONS):
                    yield part.pointer + pointer(key), f"{key!r} is nothing this service knows{near}"
            elif EXTENSIONS[key] != part.kind:
                yield (
                    part.pointer + pointer(key),
                    f"{key} does nothing in {_a(part.kind)}; it belongs in {_a(EXTENSIONS[key])}",
                )


def remove_extensions(document: JSON) -> None:
    """Take our own extensions out of a document: they tell of the code, and nothing to a client."""
    for part in list(parts(document, OPENAPI_3)):
        for key in EXTENSIONS.keys() & part.node.keys():
            del part.node[key]


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
