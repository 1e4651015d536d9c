"""Media types: what a Content-Type says, and which of the declared ones it is (RFC 9110 section 8.3.1)."""

from collections.abc import Iterable

from werkzeug.http import parse_options_header

JSON_MEDIA_TYPE = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def media_type_of(content_type: str) -> tuple[str, dict[str, str]]:
    """Return the media type of a Content-Type in lower case, and its parameters."""
    media_type, options = parse_options_header(content_type)
    return media_type.strip().lower(), options


def is_json(media_type: str) -> bool:
    """Tell whether what is of this type is JSON: ``application/json``, ``application/merge-patch+json`` …"""
    essence = media_type.partition(";")[0].strip().lower()
    return essence == JSON_MEDIA_TYPE or essence.endswith("+json")


def is_text(media_type: str) -> bool:
    """Tell whether what is of this type is text."""
    return media_type.lower().startswith("text/")


def declared_as(media_type: str, declared: Iterable[str]) -> str | None:
    """Return which of the declared types and ranges (``text/*``, ``*/*``) a media type is, the nearest."""
    ranges = {one.partition(";")[0].strip().lower(): one for one in declared}
    kind = media_type.partition("/")[0]
    return next((ranges[one] for one in (media_type, f"{kind}/*", "*/*") if one in ranges), None)
