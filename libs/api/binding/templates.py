"""Templates of paths: ``/todos/{todo_id}``, and which paths of requests they mean."""

import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


class Partial(NamedTuple):
    """A segment with placeholders in it: ``{name}.json``.

    :ivar pattern: matches the segment as it is sent; a group for each placeholder.
    :ivar written: how many characters stand there beside the placeholders.
    """

    pattern: re.Pattern[str]
    written: int


Segment = str | None | Partial
"""A segment of a template: a decoded text, None for a placeholder, or something in between."""


@dataclass(frozen=True)
class Template:
    """A path of a contract, cut into its segments.

    :ivar placeholders: their names, in order.
    """

    segments: tuple[Segment, ...]
    placeholders: tuple[str, ...]

    @classmethod
    def parse(cls, path: str) -> "Template":
        """Read a path of a contract. What stands there percent-encoded is text, never a placeholder.

        A slash at its end belongs to it: ``/todos/`` is another path than ``/todos``.

        :raises ValueError: if no request can have such a path, or it cannot be told which texts its
            placeholders stand for.
        """
        if not path.startswith("/"):
            raise ValueError("does not begin with a /")
        parts = path[1:].split("/") if path != "/" else []
        segments = tuple(_segment(part, last=number == len(parts)) for number, part in enumerate(parts, 1))
        names = _PLACEHOLDER.findall(path)
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"has the placeholder {{{name}}} twice")
        return cls(segments, tuple(names))

    @property
    def shape(self) -> tuple[str | re.Pattern[str] | None, ...]:
        """What is equal for two templates that mean the same paths."""
        return tuple(one.pattern if isinstance(one, Partial) else one for one in self.segments)

    @property
    def rank(self) -> list[tuple[int, int]]:
        """The order in which templates are asked: written out first, segment by segment."""
        return [
            (1, -one.written) if isinstance(one, Partial) else (2 if one is None else 0, 0)
            for one in self.segments
        ]

    def match(self, sent: tuple[str, ...], decoded: tuple[str, ...]) -> dict[str, str] | None:
        """Return the texts that stand for the placeholders, as they were sent; None for another path.

        :param sent: the segments of a request's path, percent-encoded.
        :param decoded: the same segments, decoded.
        """
        texts: list[str] = []
        for segment, as_sent, text in zip(self.segments, sent, decoded, strict=True):
            if segment is None and as_sent:
                texts.append(as_sent)
            elif isinstance(segment, Partial) and (found := segment.pattern.fullmatch(as_sent)):
                texts.extend(found.groups())
            elif segment != text:
                return None
        return dict(zip(self.placeholders, texts, strict=True))


def _segment(part: str, *, last: bool) -> Segment:
    if not part and last:
        return ""
    if part in ("", ".", ".."):
        raise ValueError(f"has the segment {part!r}, which no request's path can have")
    written = _PLACEHOLDER.split(part)[::2]
    if any("{" in one or "}" in one for one in written):
        raise ValueError(f"has braces in {part!r} that are no {{placeholder}}")
    texts = [_decoded(one) for one in written]
    if len(texts) == 1:
        return texts[0]
    if texts == ["", ""]:
        return None
    if "" in texts[1:-1]:
        raise ValueError(f"has placeholders in {part!r} with nothing between them")
    # A placeholder ends where what follows it is first found; atomic, since going back could take for ever.
    first, *between, end = map(_as_sent, texts)
    middle = "".join(f"(?>(.+?){one})" for one in between)
    return Partial(re.compile(f"{first}{middle}(.+){end}"), sum(map(len, texts)))


def _decoded(text: str) -> str:
    try:
        decoded = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise ValueError(f"has {text!r}, which is not UTF-8 in percent-encoding") from None
    if re.search("%(?![0-9A-Fa-f]{2})", text) or "\0" in decoded:
        raise ValueError(f"has {text!r}, which no request's path can have")
    return decoded


def _as_sent(text: str) -> str:
    """Return a pattern of `text` with each of its bytes percent-encoded or not."""
    return "".join(
        f"(?:{re.escape(chr(byte))}|{_escape(byte)})" if byte < 128 else _escape(byte)
        for byte in text.encode()
    )


def _escape(byte: int) -> str:
    return "%" + "".join(f"[{digit}{digit.upper()}]" if digit > "9" else digit for digit in f"{byte:02x}")
