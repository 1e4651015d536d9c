"""JSON with the place of each entry, and no key twice (RFC 8259)."""

import re
from typing import Any

import orjson

from libs.api.document.building import Building
from libs.api.document.places import Places
from libs.api.document.scalars import Scalar, plain

_TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
        (?P<mark>[{}\[\],:])
      | (?P<text>"(?:[^"\\\x00-\x1f]|\\.)*+")
      | (?P<word>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?(?![0-9.eE+-])|true\b|false\b|null\b)
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)


def read_json(text: str, file: str, places: Places) -> Any:
    """Return the value of a JSON document, marking `places`.

    :param file: its name in places and messages.
    :raises ContractError: with every fault that can be found.
    """
    building = Building(file, places)
    line, position, before = 1, 0, ""
    while True:
        token = _TOKEN.match(text, position)
        start = token.start(token.lastgroup or 0) if token else position + _blank(text, position)
        line += text.count("\n", position, start)
        if token is None:
            raise building.stop(line, f"{_shown(text[start : start + 20])!r} is no JSON here")
        position = token.end()
        found = token[token.lastgroup or 0]
        kind = token.lastgroup if token.lastgroup != "mark" else found
        if kind == "end" and building.finished:
            break
        if kind not in _follows(before, building):
            shown = "the end of the file" if kind == "end" else found[:20]
            raise building.stop(line, f"{shown} does not fit here")
        if kind == "text" and building.wants_key:
            building.key(str(_value(found, line, building)), line)
            before = "key"
        elif kind in ("{", "["):
            building.begin({} if kind == "{" else [], line)
            before = kind
        elif kind in ("}", "]"):
            building.end()
            before = "value"
        elif kind in ("text", "word"):
            building.add(_value(found, line, building), line)
            before = "value"
        else:
            before = str(kind)
    if building.faults:
        raise building.stopped()
    return building.root


_VALUE = ("text", "word", "{", "[")


def _follows(before: str, building: Building) -> tuple[str, ...]:
    """Return the tokens that may come after `before`."""
    if before == "value":
        if building.finished:
            return ()
        return (",", "}") if building.in_object else (",", "]")
    if before == "key":
        return (":",)
    if before == "{":
        return ("text", "}")
    if before == "[":
        return (*_VALUE, "]")
    if before == ",":
        return ("text",) if building.in_object else _VALUE
    return _VALUE


def _blank(text: str, position: int) -> int:
    rest = text[position:]
    return len(rest) - len(rest.lstrip(" \t\r\n"))


def _shown(text: str) -> str:
    return next(iter(text.split()), text[:1])


def _value(found: str, line: int, building: Building) -> Scalar:
    try:
        # orjson refuses what is no text: half of a surrogate pair, an unknown escape.
        return str(orjson.loads(found)) if found[0] == '"' else plain(found)
    except ValueError as error:
        building.fault(line, "is no text of JSON" if found[0] == '"' else error)
        return None
