"""Where a contract's paths begin."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from libs.api.document.grammar import OPENAPI_3, parts
from libs.errors import pointer

_VARIABLE = re.compile(r"\{([^{}]*)\}")


def base_path(document: Mapping[str, Any], *within: Mapping[str, Any]) -> str:
    """Return what stands before each path of a contract in a request's URL: ``/v1``, or an empty text.

    It is the path of the first server's URL, with its variables' defaults put in, since a path is appended
    to the server's URL (OpenAPI 3.1, 4.8.8 Paths Object). The first server is therefore the one that the
    service itself sees: a proxy that takes a prefix off belongs further down the list.

    :param within: the path item, then the operation; the innermost that names servers decides (4.8.9).
    """
    servers = next((node["servers"] for node in (*reversed(within), document) if node.get("servers")), ())
    if not servers:
        return ""
    path = urlsplit(_url(servers[0])).path.rstrip("/")
    return path if path.startswith("/") or not path else f"/{path}"


def _url(server: Mapping[str, Any]) -> str:
    variables = server.get("variables", {})
    return _VARIABLE.sub(lambda found: str(variables[found[1]]["default"]), server["url"])


def server_faults(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what `base_path` could not read: pointers of servers, and what is wrong with them."""
    for part in parts(document, OPENAPI_3):
        if part.kind in ("document", "path item", "operation"):
            for index, server in enumerate(part.node.get("servers", ())):
                where = part.pointer + pointer("servers", index)
                missing = set(_VARIABLE.findall(server["url"])) - server.get("variables", {}).keys()
                for name in sorted(missing):
                    yield where, f"the server's {{{name}}} has no default in variables:"
                try:
                    urlsplit(server["url"] if missing else _url(server))
                except ValueError:
                    yield where, f"{server['url']!r} is no URL"
