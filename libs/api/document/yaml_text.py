"""YAML as JSON has it: version 1.2, text keys, no key twice, no types of Python, bounded aliases."""

from typing import Any

import yaml

from libs.api.document.building import Building
from libs.api.document.places import Places
from libs.api.document.scalars import Scalar, plain

_KINDS = {"str": str, "int": int, "float": float, "bool": bool, "null": type(None)}
_PREFIX = "tag:yaml.org,2002:"
_HINTS = {
    "mapping values are not allowed": "; a text with ': ' in it has to be in quotes",
    "cannot start any token": "; lines begin with spaces, no tabs; a text that begins so is put in quotes",
    "did not find expected key": "; look at the indentation here and above",
    "could not find expected ':'": "; look at the line above, too",
}


def read_yaml(text: str, file: str, places: Places) -> Any:
    """Return the value of a YAML document, marking `places`.

    Keys are the text that stands there: ``200:`` is ``"200"``. Aliases are copied, ``<<`` is understood.

    :param file: its name in places and messages.
    :raises ContractError: with every fault that can be found.
    """
    building = Building(file, places)
    try:
        _build(text, building)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or "is no YAML"
        hint = next((hint for part, hint in _HINTS.items() if part in problem), "")
        raise building.stop(mark.line + 1 if mark else 1, problem + hint) from None
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        raise building.stop(line, f"no YAML may hold the character U+{error.character:04X}") from None
    if building.faults:
        raise building.stopped()
    return building.root


def _build(text: str, building: Building) -> None:
    anchors: dict[str, Any] = {}
    opened: list[str | None] = []
    documents = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise building.stop(line, "a second document begins here ('---'); one is read")
        elif building.wants_key and isinstance(event, yaml.NodeEvent):
            _key(event, line, building)
            if event.anchor is not None and isinstance(event, yaml.ScalarEvent):
                anchors[event.anchor] = event.value
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in opened:
                raise building.stop(line, f"*{event.anchor} stands inside of &{event.anchor}, without an end")
            if event.anchor not in anchors:
                raise building.stop(
                    line, f"*{event.anchor} stands for nothing: there is no &{event.anchor} above"
                )
            building.add(building.copy(anchors[event.anchor], line), line)
        elif isinstance(event, yaml.ScalarEvent):
            value = _scalar(event, line, building)
            if event.anchor is not None:
                anchors[event.anchor] = value
            building.add(value, line)
        elif isinstance(event, yaml.CollectionStartEvent):
            _check_tag(event, line, building)
            building.begin({} if isinstance(event, yaml.MappingStartEvent) else [], line)
            opened.append(event.anchor)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, container = opened.pop(), building.end()
            if anchor is not None:
                anchors[anchor] = container


def _key(event: Any, line: int, building: Building) -> None:
    if not isinstance(event, yaml.ScalarEvent):
        raise building.stop(line, "a key has to be a plain text")
    if event.value == "<<" and event.implicit[0] and not event.style:
        building.merge_next()
    else:
        building.key(event.value, line)


def _scalar(event: Any, line: int, building: Building) -> Scalar:
    tag = event.tag
    if tag is None:
        quoted = event.style or not event.implicit[0]
    elif tag == "!":
        quoted = True
    else:
        quoted = tag == _PREFIX + "str"
    text: str = event.value
    if quoted:
        return text
    try:
        value = plain(text)
    except ValueError as error:
        building.fault(line, error)
        return None
    if tag is None:
        return value
    kind = _KINDS.get(tag.removeprefix(_PREFIX))
    if kind is float and type(value) is int:
        return float(value)
    if kind is None or type(value) is not kind:
        building.fault(
            line, f"{tag.replace(_PREFIX, '!!')} does not fit here; JSON has text, numbers, true, false, null"
        )
    return value


def _check_tag(event: Any, line: int, building: Building) -> None:
    expected = "map" if isinstance(event, yaml.MappingStartEvent) else "seq"
    if event.tag not in (None, "!", _PREFIX + expected):
        building.fault(
            line, f"{event.tag.replace(_PREFIX, '!!')} does not fit here; JSON has objects and lists"
        )
