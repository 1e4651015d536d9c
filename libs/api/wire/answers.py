"""Answers: what an operation may answer by status and media type, checking it, and reading it."""

import logging
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from libs.api.document.references import resolve
from libs.api.schema import Schema
from libs.api.wire.bodies import Received
from libs.api.wire.media_types import check_clear, declared_as, is_json, is_text, media_type_of
from libs.api.wire.parameter import Parameter
from libs.errors import Fault

logger = logging.getLogger(__name__)

_SHARE = re.compile(r"[01](\.[0-9]+)?")
NO_CONTENT = (204, 205, 304)
"""What is answered without a body (RFC 9110 section 15)."""
_ADDED_LATER = {"content-length", "date", "server", "vary", "x-request-id"}
"""Headers that are no part of an answer yet when it is checked."""


@dataclass(frozen=True)
class _Answer:
    """What is declared for a status: by media type its schema in the document, and compiled; and headers."""

    nodes: Mapping[str, Any]
    schemas: Mapping[str, Schema]
    headers: tuple[Parameter, ...]

    def header_faults(self, headers: Iterable[tuple[str, str]]) -> Iterator[Fault]:
        lines: dict[str, list[str]] = {}
        for name, text in headers:
            lines.setdefault(name.lower(), []).append(text)
        for one in self.headers:
            sent = lines.get(one.name.lower())
            if sent is None and one.name.lower() in _ADDED_LATER:
                continue
            # Several lines of a name mean one with commas (RFC 9110 section 5.3), and one is read from bytes.
            line = ",".join(sent or ()).encode(errors="replace").decode("latin-1")
            for fault in one.read({one.name: [line]} if sent else {})[1]:
                yield Fault(f"the header {one.name} {fault.detail}")


class Answers:
    """What an operation may answer.

    A status goes before its range (``2XX``), and that before `default` (OpenAPI 3.1 section 4.8.16).

    :param status: what is answered where a handler says nothing: the first 2xx that is declared; without one,
        the first 3xx.
    """

    def __init__(self, declared: Mapping[str, _Answer]) -> None:
        self._declared = declared
        successes = [one for one in declared if one.upper() == "2XX" or (one.isdigit() and one[0] == "2")]
        redirects = [one for one in declared if one.isdigit() and one[0] == "3"]
        if not successes and not redirects and "default" not in declared:
            raise ValueError(f"it declares no answer of success, only {', '.join(declared) or 'none'}")
        exact = [int(one) for one in successes or redirects if one.isdigit()]
        self.status = exact[0] if exact else 200

    @classmethod
    def from_document(cls, responses: Mapping[Any, Any], document: Mapping[str, Any]) -> "Answers":
        """Read a Responses Object.

        :raises ValueError: if it declares no success, or a schema in it is none.
        """
        declared: dict[str, _Answer] = {}
        for status, node in responses.items():
            if str(status).startswith("x-"):
                continue
            response = resolve(node, document)
            content = response.get("content", {})
            nodes = {name: resolve(one, document).get("schema") for name, one in content.items()}
            try:
                check_clear(nodes)
            except ValueError as error:
                raise ValueError(f"its response {status}: {error}") from None
            schemas = {}
            for name, one in nodes.items():
                try:
                    if one is not None and (is_json(name) or is_text(name) or "*" in name):
                        schemas[name] = Schema(one, document, "answer")
                except ValueError as error:
                    raise ValueError(f"its response {status} as {name}: {error}") from None
            declared[str(status)] = _Answer(nodes, schemas, _headers(str(status), response, document))
        return cls(declared)

    def _for(self, status: int) -> _Answer | None:
        names = (str(status), f"{status // 100}XX", f"{status // 100}xx", "default")
        return next((self._declared[one] for one in names if one in self._declared), None)

    def declares(self, status: int) -> bool:
        """Tell whether a status is declared by itself or by its range, and not as any other."""
        return any(one in self._declared for one in (str(status), f"{status // 100}XX", f"{status // 100}xx"))

    def media_types(self, status: int) -> tuple[str, ...]:
        """Return the media types declared for a status."""
        answer = self._for(status)
        return tuple(answer.nodes) if answer else ()

    def schema(self, status: int, media_type: str) -> Any:
        """Return the schema of an answer as it stands in the document, or None."""
        answer = self._for(status)
        declared = declared_as(media_type, answer.nodes) if answer else None
        return answer.nodes[declared] if answer and declared else None

    def check(
        self,
        status: int,
        content_type: str | None,
        payload: bytes | None,
        headers: Iterable[tuple[str, str]] | None = None,
    ) -> list[Fault]:
        """Return where an answer breaks the contract.

        :param content_type: None if it has none.
        :param payload: None for what is not looked at, such as a stream.
        :param headers: None for what is not looked at.
        """
        answer = self._for(status)
        if answer is None:
            return [Fault(f"the status {status} is not declared")]
        wrong = list(answer.header_faults(headers)) if headers is not None else []
        return wrong + self._body_faults(answer, status, content_type, payload)

    def _body_faults(
        self, answer: _Answer, status: int, content_type: str | None, payload: bytes | None
    ) -> list[Fault]:
        if status in NO_CONTENT or (not answer.nodes and not payload):
            return [Fault(f"the status {status} has no body")] if payload else []
        media_type = media_type_of(content_type or "")[0]
        declared = declared_as(media_type, answer.nodes)
        if declared is None:
            types = " or ".join(answer.nodes) or "nothing"
            return [Fault(f"the status {status} is declared as {types}, not as {media_type or 'nothing'}")]
        if payload is None:
            return []
        try:
            value = _value(media_type, payload)
        except ValueError as error:
            return [Fault(str(error), pointer="")]
        schema = answer.schemas.get(declared)
        return schema.faults(value) if schema and not isinstance(value, bytes) else []

    def read(self, status: int, content_type: str | None, payload: bytes) -> Received:
        """Return an answer that was received: a value for JSON, text for text, else bytes; None for no body.

        :raises ValueError: if it is not what its Content-Type says.
        """
        media_type = media_type_of(content_type or "")[0]
        if not payload and (not media_type or is_json(media_type)):
            return Received(None, None, media_type)
        return Received(_value(media_type, payload), self.schema(status, media_type), media_type)


def _headers(status: str, response: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[Parameter, ...]:
    try:
        return tuple(
            Parameter.from_document({**resolve(node, document), "name": name, "in": "header"}, document)
            for name, node in response.get("headers", {}).items()
            if name.lower() != "content-type"  # said by `content` (OpenAPI 3.1 section 4.8.17.1)
        )
    except ValueError as error:
        raise ValueError(f"its response {status}: {str(error).replace('parameter', 'header', 1)}") from None


def _value(media_type: str, payload: bytes) -> Any:
    try:
        if is_json(media_type):
            return orjson.loads(payload)
        return payload.decode() if is_text(media_type) else payload
    except ValueError:
        raise ValueError(f"is not {media_type}") from None


class AnswerCheck:
    """How many answers are checked against the contract, and what becomes of one that breaks it.

    :param share: of the answers that are checked: 0 to 1.
    :param strict: whether a broken answer is an error, and not only logged.
    """

    def __init__(self, share: float, *, strict: bool) -> None:
        self.share = share
        self.strict = strict

    @classmethod
    def from_setting(cls, text: str) -> "AnswerCheck":
        """Return what a setting says: ``always``, ``off``, or the share that is checked, such as ``0.01``.

        With ``always`` a broken answer is an error, for tests and development; with a share it is sent all
        the same, and logged as an error.

        :raises ValueError: if it is none of these.
        """
        if text in ("always", "off"):
            return cls(float(text == "always"), strict=text == "always")
        share = float(text) if _SHARE.fullmatch(text) else 0.0
        if not 0 < share <= 1:
            raise ValueError("must be always, off, or a share between 0 and 1")
        return cls(share, strict=False)

    def check(
        self,
        operation_id: str,
        answers: Answers,
        status: int,
        content_type: str | None,
        payload: bytes | None,
        headers: Iterable[tuple[str, str]] | None = None,
    ) -> None:
        """Check an answer, if it is this one's turn; see `Answers.check`.

        :raises ValueError: if it breaks the contract and the check is strict; without a value of it.
        """
        if self.share < 1 and random.random() >= self.share:  # noqa: S311 - nothing secret
            return
        faults = answers.check(status, content_type, payload, headers)
        if not faults:
            return
        told = "; ".join(f"{fault.pointer or ''} {fault.detail}".strip() for fault in faults)
        if self.strict:
            raise ValueError(f"the answer of {operation_id} breaks its contract: {told}")
        logger.error(
            "an answer breaks its contract",
            extra={"operation": operation_id, "status": status, "faults": told},
        )
