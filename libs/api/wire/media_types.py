"""Media types: what a Content-Type says, and which of the declared ones it is (RFC 9110 section 8.3.1)."""

from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.http import parse_options_header

JSON_MEDIA_TYPE = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def media_type_of(content_type: str) -> tuple[str, dict[str, str]]:
    """Return the media type of a Content-Type in lower case, and its parameters."""
    media_type, options = parse_options_header(content_type)
    return media_type.strip().lower(), options


def essence(media_type: str) -> str:
    """Return a media type without its parameters, in lower case."""
    return media_type.partition(";")[0].strip().lower()


def check_clear(nodes: Mapping[str, Any]) -> None:
    """Check that no media type has two schemas: parameters (``;version=2``) do not tell them apart.

    :param nodes: the schemas, by media type as it is declared.
    :raises ValueError: if one has.
    """
    known: dict[str, str] = {}
    for name, node in nodes.items():
        first = known.setdefault(essence(name), name)
        if node != nodes[first]:
            raise ValueError(
                f"{first!r} and {name!r} are one media type, for its parameters are not looked at; "
                "it needs one schema: write a oneOf"
            )


def is_json(media_type: str) -> bool:
    """Tell whether what is of this type is JSON: ``application/json``, ``application/merge-patch+json`` …"""
    return essence(media_type) == JSON_MEDIA_TYPE or essence(media_type).endswith("+json")


def is_text(media_type: str) -> bool:
    """Tell whether what is of this type is text."""
    return media_type.lower().startswith("text/")


def declared_as(media_type: str, declared: Iterable[str]) -> str | None:
    """Return which of the declared types and ranges (``text/*``, ``*/*``) a media type is, the nearest."""
    ranges: dict[str, str] = {}
    for one in declared:
        ranges.setdefault(essence(one), one)
    kind = media_type.partition("/")[0]
    return next((ranges[one] for one in (media_type, f"{kind}/*", "*/*") if one in ranges), None)
