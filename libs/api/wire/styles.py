"""Styles: how arrays and objects stand in paths, queries, headers and cookies (OpenAPI 3.1 section 4.8.12).

Reading is the inverse of writing. What a style cannot carry so that it could be read again, such as a comma
in an item of a header's list, is refused when it is written.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from libs.api.wire.json_text import dump_json, load_json
from libs.api.wire.scalars import Scalar
from libs.api.wire.shapes import Array, Object, Shape
from libs.api.wire.texts import (
    HEADER,
    PATH,
    Coding,
    Sent,
    Unreadable,
    Unwritable,
)
from libs.errors import Problem

ABSENT = object()
"""What is read where nothing was sent."""


class Style(Protocol):
    """One way to put the value of one parameter, or field, on the wire."""

    @property
    def names(self) -> frozenset[str]:
        """What it is sent under."""

    def takes(self, name: str) -> bool:
        """Tell whether what is sent under another name belongs to it, too."""

    def read(self, sent: Sent) -> Any:
        """Return the value, or `ABSENT`.

        :raises Unreadable: if it has none.
        """

    def write(self, value: Any) -> list[tuple[str, str]]:
        """Return names and encoded texts.

        :raises Unwritable: if it cannot be read again.
        """


class _OneName:
    """What is sent under the parameter's own name, as one text."""

    name: str

    @property
    def names(self) -> frozenset[str]:
        return frozenset({self.name})

    def takes(self, name: str) -> bool:
        return False

    def read(self, sent: Sent) -> Any:
        texts = sent.get(self.name)
        if not texts:
            return ABSENT
        if len(texts) > 1:
            raise Unreadable("was sent more than once")
        return self.value(texts[0])

    def value(self, text: str) -> Any:
        """Return the value of one encoded text."""
        raise NotImplementedError


@dataclass(frozen=True)
class OneText(_OneName):
    """The value is one text: ``a,b``, ``.a.b``, ``;x=a,b``, ``a%20b``.

    :param between: what stands between items.
    :param equals: what stands between a property's name and its value.
    :param split: finds where items end, if that is not `between`.
    :param prefix: what the text begins with.
    :param empty: whether an empty text is an empty list, and not a list of one empty text.
    """

    name: str
    shape: Shape
    coding: Coding
    between: str = ","
    equals: str = ","
    split: re.Pattern[str] | None = None
    prefix: str = ""
    empty: bool = True

    def value(self, text: str) -> Any:
        """Return the value of one encoded text."""
        if not text.startswith(self.prefix):
            raise Unreadable(f"does not begin with {self.prefix}")
        text = text.removeprefix(self.prefix)
        if isinstance(self.shape, Scalar):
            return self.shape.read(self.coding.decode(text))
        if isinstance(self.shape, Array):
            return [self.shape.item.read(one) for one in self._items(text)]
        return self._object(self.shape, text)

    def _items(self, text: str) -> list[str]:
        if not text and self.empty:
            return []
        parts = self.split.split(text) if self.split else text.split(self.between)
        return [self.coding.decode(one) for one in parts]

    def _object(self, shape: Object, text: str) -> dict[str, Any]:
        if not text:
            return {}
        if self.equals == "=":
            cut = [part.partition("=") for part in text.split(self.between)]
            if not all(equals for _, equals, _ in cut):
                raise Unreadable("is not a list of names and values")
            items = [self.coding.decode(one) for name, _, value in cut for one in (name, value)]
        else:
            items = self._items(text)
            if len(items) % 2:
                raise Unreadable("is not a list of names and values")
        return members(shape, zip(items[::2], items[1::2], strict=True))

    def write(self, value: Any) -> list[tuple[str, str]]:
        if isinstance(self.shape, Scalar):
            return [(self.name, self.prefix + self.coding.encode(self.shape.write(value)))]
        if isinstance(self.shape, Array):
            if not isinstance(value, list):
                raise Unwritable("is no list")
            parts = [self._encoded(self.shape.item.write(one)) for one in value]
        else:
            parts = [
                self._encoded(name) + self.equals + self._encoded(text)
                for name, text in member_texts(self.shape, value)
            ]
        text = self.between.join(parts)
        if parts and not text and self.empty:
            raise Unwritable("is a list of one empty text, which looks like an empty list")
        if not parts and not self.empty:
            raise Unwritable("is empty, and has no form there")
        return [(self.name, self.prefix + text)]

    def _encoded(self, text: str) -> str:
        encoded = self.coding.encode(text)
        if (self.split or re.compile(re.escape(self.between))).search(encoded) or (
            self.equals == "=" and "=" in encoded
        ):
            raise Unwritable("holds what stands between the items of a list there")
        return encoded


@dataclass(frozen=True)
class ManyTexts:
    """Each item and each property is sent by itself: ``a=1&a=2``, ``r=1&g=2``."""

    name: str
    shape: Array | Object
    coding: Coding

    @property
    def names(self) -> frozenset[str]:
        if isinstance(self.shape, Array):
            return frozenset({self.name})
        return frozenset(self.shape.properties)

    def takes(self, name: str) -> bool:
        return isinstance(self.shape, Object) and self.shape.open

    def read(self, sent: Sent) -> Any:
        if isinstance(self.shape, Array):
            texts = sent.get(self.name)
            return [self.shape.item.read(self.coding.decode(one)) for one in texts] if texts else ABSENT
        names = sent if self.shape.open else self.shape.properties
        found = [(name, sent[name]) for name in names if name in sent]
        pairs = ((name, self.coding.decode(one)) for name, texts in found for one in texts)
        return members(self.shape, pairs) if found else ABSENT

    def write(self, value: Any) -> list[tuple[str, str]]:
        if isinstance(self.shape, Array):
            if not isinstance(value, list):
                raise Unwritable("is no list")
            return [(self.name, self.coding.encode(self.shape.item.write(one))) for one in value]
        return [(name, self.coding.encode(text)) for name, text in member_texts(self.shape, value)]


@dataclass(frozen=True)
class Content(_OneName):
    """The value is one JSON text (``content: application/json``)."""

    name: str
    coding: Coding

    def value(self, text: str) -> Any:
        """Return the value of one encoded text."""
        try:
            return load_json(self.coding.decode(text).encode())
        except Problem:
            raise Unreadable("is not JSON") from None

    def write(self, value: Any) -> list[tuple[str, str]]:
        text = dump_json(value).decode()
        # A header is ASCII for most; JSON can say everything in it.
        ascii_text = "".join(one if one < "\x7f" else _escaped(one) for one in text)
        return [(self.name, self.coding.encode(ascii_text if self.coding is HEADER else text))]


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))


def members(shape: Object, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the object of decoded names and texts; items of an array have its name each.

    :raises Unreadable: if a name of something else is there twice.
    """
    found: dict[str, Any] = {}
    for name, text in pairs:
        member = shape.property(name)
        if isinstance(member, Array):
            found.setdefault(name, []).append(member.item.read(text))
        elif name in found:
            raise Unreadable("holds a name more than once")
        else:
            found[name] = member.read(text)
    return found


def member_texts(shape: Object, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of an object, as `members` reads them.

    :raises Unwritable: if it is none, or something in it has no text.
    """
    if not isinstance(value, dict):
        raise Unwritable("is no object")
    for name, one in value.items():
        member = shape.property(name)
        if isinstance(member, Array) and isinstance(one, list):
            yield from ((name, member.item.write(item)) for item in one)
        elif isinstance(member, Array):
            raise Unwritable("is no list")
        elif one is not None:
            yield name, member.write(one)


@dataclass(frozen=True)
class Matrix(_OneName):
    """``;color=a,b``, ``;color=a;color=b``, ``;r=1;g=2`` in a segment of a path (RFC 6570 section 3.2.7)."""

    name: str
    shape: Shape
    explode: bool

    def value(self, text: str) -> Any:
        """Return the value of one encoded text."""
        if not text.startswith(";"):
            raise Unreadable("does not begin with ;")
        pairs = [one.partition("=") for one in text[1:].split(";")]
        texts: dict[str, list[str]] = {}
        for name, _, one in pairs:
            texts.setdefault(PATH.decode(name), []).append(one)
        value = self._inner.read(texts)
        known = self._inner.names
        if value is ABSENT or any(name not in known and not self._inner.takes(name) for name in texts):
            raise Unreadable(f"is not ;{self.name}=… or what its schema names")
        return value

    @property
    def _inner(self) -> Style:
        if self.explode and not isinstance(self.shape, Scalar):
            return ManyTexts(self.name, self.shape, PATH)
        return OneText(self.name, self.shape, PATH, empty=False)

    def write(self, value: Any) -> list[tuple[str, str]]:
        pairs = self._inner.write(value)
        if not pairs:
            raise Unwritable("is empty, and has no form there")
        joined = (PATH.encode(name) + ("=" + text if text else "") for name, text in pairs)
        return [(self.name, "".join(f";{one}" for one in joined))]
