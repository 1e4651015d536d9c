"""Where a page begins, for the client to hand back unread and unchanged."""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from libs.dynamodb.long_text import LongText, Step
from libs.dynamodb.table import Item
from libs.errors import Fault, InvalidParameters

LONGEST_CURSOR = 3000
"""Characters: with the rest of the address it fits into a request line."""


@dataclass(frozen=True)
class Position:
    """A place between two rows of what is read.

    :param segment: which of the reads that it takes the place is in; 0 where it is one.
    :param key: what the row before it is known by: the key attributes of the table and the index, and those
        still to be sorted by; None for the beginning of the segment (its end, to one who reads backwards).
    :param texts: those of them that are long, by the names they are stored under; only where what is read is
        still to be sorted, since DynamoDB goes on from a whole key.
    """

    segment: int
    key: Item | None
    texts: Mapping[str, LongText] = field(default_factory=dict)


class CursorSigner:
    """Make and read cursors.

    A cursor is good for one question only: what it was asked of (resource, caller, scope, filter, order,
    plan) is part of what is signed, so neither another user's cursor nor that of another list is accepted.
    It can be read by whoever has it: it holds the key attributes of a row and those it is sorted by, of long
    texts the beginning.

    :param secret: at least 32 characters, the same for all processes of a service.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def sign(self, question: Sequence[str], position: Position, *, backwards: bool = False) -> str:
        """Return the cursor of the page after `position`, or before it where `backwards`."""
        key = None if position.key is None else {name: _plain(raw) for name, raw in position.key.items()}
        if key is not None:
            key |= {name: _steps(text) for name, text in position.texts.items()}
        return str(self._serializer(question).dumps([position.segment, key, int(backwards)]))

    def read(
        self, question: Sequence[str], cursor: str, *, parameter: str = "cursor"
    ) -> tuple[Position, bool]:
        """Return the position that `cursor` was made of, and whether it is of the page before it.

        :param parameter: what a fault is told about.
        :raises InvalidParameters: if it was not made here, for this question.
        """
        try:
            return _read(self._serializer(question).loads(cursor))
        except (BadData, ValueError):  # half a surrogate pair has no bytes to check
            fault = Fault("is not a cursor of this list", parameter=parameter)
            raise InvalidParameters(errors=[fault]) from None

    def _serializer(self, question: Sequence[str]) -> URLSafeSerializer:
        # Each part by its digest, so that no two questions share a salt.
        parts = (hashlib.sha256(part.encode(errors="surrogatepass")).hexdigest() for part in question)
        salt = f"cursor\x00{'.'.join(parts)}"
        return URLSafeSerializer(self._secret, salt=salt, signer_kwargs={"digest_method": hashlib.sha256})


def _plain(raw: Mapping[str, Any]) -> list[Any]:
    ((kind, value),) = raw.items()
    return [kind, b64encode(value).decode() if kind == "B" else value]


def _steps(text: LongText) -> list[Any]:
    steps = [[one.length, one.digest, one.following, int(one.above)] for one in text.steps]
    return ["text", text.beginning, steps]


def _read(signed: Any) -> tuple[Position, bool]:
    """:raises ValueError: for what was signed by another version of this service."""
    match signed:
        case [int(segment), None | dict() as key, 0 | 1 as backwards] if segment >= 0:
            read = {} if key is None else {name: _value(one) for name, one in key.items()}
            texts = {name: one for name, one in read.items() if isinstance(one, LongText)}
            raws = {name: one for name, one in read.items() if not isinstance(one, LongText)}
            return Position(segment, None if key is None else raws, texts), bool(backwards)
    raise ValueError("not a position")


def _value(plain: Any) -> dict[str, Any] | LongText:
    match plain:
        case ["text", str(beginning), [_, *_] as steps]:
            return LongText(beginning, tuple(_step(one) for one in steps))
        case ["B", str(value)]:
            return {"B": b64decode(value, validate=True)}
        case ["S" | "N" as kind, str(value)]:
            return {kind: value}
        case ["BOOL" | "NULL" as kind, bool(value)]:
            return {kind: value}
    raise ValueError("not an attribute value")


def _step(plain: Any) -> Step:
    match plain:
        case [int(length), str(digest), str(following), 0 | 1 as above] if length >= 0:
            return Step(length, digest, following, bool(above))
    raise ValueError("not a step of a text")
