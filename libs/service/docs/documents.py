"""The OpenAPI document of a service as it is served: as JSON and as YAML, with ETags."""

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Any

import yaml
from werkzeug.http import parse_etags

from libs.api import Result, dump_json


class Documents:
    """Answers ``/openapi.json`` and ``/openapi.yaml``.

    :param document: returns the document; asked once, when it is first wanted.
    """

    def __init__(self, document: Callable[[], dict[str, Any]]) -> None:
        self._make = document

    @cached_property
    def _document(self) -> dict[str, Any]:
        return self._make()

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(dump_json(self._document)).hexdigest()[:32]

    @cached_property
    def _yaml(self) -> str:
        return to_yaml(self._document)

    def as_json(self, if_none_match: str | None) -> Result:
        """Answer the document, or 304 to whoever has it."""
        return unless_known(
            if_none_match, self._digest, lambda: self._document, {"Cache-Control": "no-cache"}
        )

    def as_yaml(self, if_none_match: str | None) -> Result:
        """Answer the same document in YAML (RFC 9512), or 304 to whoever has it."""
        digest = f"{self._digest}-yaml"
        return unless_known(if_none_match, digest, lambda: self._yaml, {"Cache-Control": "no-cache"})


def unless_known(
    if_none_match: str | None,
    digest: str,
    body: Callable[[], Any],
    headers: dict[str, str],
    media_type: str | None = None,
) -> Result:
    """Return an answer with an ETag, or a 304 to whoever has it already (RFC 9110 section 13.1.2).

    :param if_none_match: the header as it was sent; one that holds no ETags is nobody's.
    :param digest: of what is answered.
    """
    headers = {**headers, "ETag": f'"{digest}"'}
    if parse_etags(if_none_match).contains_weak(digest):
        return Result(status=304, headers=headers)
    return Result(body(), headers=headers, media_type=media_type)


class _Dumper(yaml.SafeDumper):
    """Writes text so that readers of YAML 1.1 and of 1.2 take it for text, and nothing by reference."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # What PyYAML, which knows 1.1, writes without quotes may be a number to 1.2: 1e3, 0o17.
    style = "|" if "\n" in text else "'" if text[:1] in "0123456789+-." else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(document: dict[str, Any]) -> str:
    """Return JSON-able data as YAML, in the order it has."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
