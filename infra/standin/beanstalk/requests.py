"""Requests of the Query protocol, read and checked by botocore's own description of the service.

Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, OperationModel, Shape, StructureShape
from botocore.utils import parse_timestamp

from infra.standin.beanstalk.errors import Refused

_OF_THE_PROTOCOL = ("Action", "Version")


def read_request(operation: OperationModel, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the parameters of a call.

    :param pairs: of its form: ``("TagsToAdd.member.1.Key", "commit")``.
    :raises Refused: MalformedInput, if there is a parameter that the call has not (which AWS ignores: here it
        would hide a slip); ValidationError, if one is missing, or too long, or none of those it may be.
    """
    tree: dict[str, Any] = {}
    for key, value in pairs:
        if key in _OF_THE_PROTOCOL:
            continue
        node = tree
        for part in key.split("."):
            node = node.setdefault(part, {})
        if "" in node:
            raise Refused("MalformedInput", f"Duplicate parameter {key}")
        node[""] = value
    if operation.input_shape is None:
        if tree:
            raise Refused("MalformedInput", f"Unexpected parameter {next(iter(tree))}")
        return {}
    faults: list[str] = []
    read = _structure(operation.input_shape, tree, "", faults)
    if faults:
        plural = "s" if len(faults) > 1 else ""
        raise Refused(
            "ValidationError", f"{len(faults)} validation error{plural} detected: {'; '.join(faults)}"
        )
    return read


def _structure(shape: Any, node: Mapping[str, Any], path: str, faults: list[str]) -> dict[str, Any]:
    members = {
        member.serialization.get("name", name): (name, member) for name, member in shape.members.items()
    }
    read = {}
    for part, below in node.items():
        if part not in members:
            raise Refused("MalformedInput", f"Unexpected parameter {_below(path, part)}")
        name, member = members[part]
        read[name] = _value(member, below, _below(path, name), faults)
    for name in shape.required_members:
        if name not in read:
            where = _camel(_below(path, name))
            faults.append(f"Value null at '{where}' failed to satisfy constraint: Member must not be null")
    return read


def _value(shape: Shape, node: Mapping[str, Any], path: str, faults: list[str]) -> Any:
    if isinstance(shape, StructureShape):
        return _structure(shape, node, path, faults)
    if isinstance(shape, ListShape):
        return _list(shape, node, path, faults)
    if set(node) != {""}:
        raise Refused("MalformedInput", f"Unexpected complex element {path}")
    text = node[""]
    if shape.type_name == "timestamp":
        return _time(text, path)
    if shape.type_name == "boolean":
        if text not in ("true", "false"):
            raise Refused("MalformedInput", f"{text} at {path} is no boolean")
        return text == "true"
    if shape.type_name in ("integer", "long"):
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise Refused("MalformedInput", f"{text} at {path} is no number")
        number = int(text)
        _check(number, text, "have value", shape, path, faults)
        return number
    _check(len(text), text, "have length", shape, path, faults)
    allowed = getattr(shape, "enum", [])
    if allowed and text not in allowed:
        _fault(text, path, f"satisfy enum value set: [{', '.join(allowed)}]", faults)
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, text, re.DOTALL):
        _fault(text, path, f"satisfy regular expression pattern: {pattern}", faults)
    return text


def _list(shape: ListShape, node: Mapping[str, Any], path: str, faults: list[str]) -> list[Any]:
    if set(node) == {""} and node[""] == "":  # how an empty list is sent
        return []
    items = node.get("member", {})
    numbers = [str(number) for number in range(1, len(items) + 1)]
    if set(node) != {"member"} or set(items) != set(numbers):
        raise Refused("MalformedInput", f"Unexpected list element at {path}")
    return [_value(shape.member, items[number], f"{path}.{number}.member", faults) for number in numbers]


def _check(size: int, text: str, what: str, shape: Shape, path: str, faults: list[str]) -> None:
    if size < shape.metadata.get("min", size):
        _fault(text, path, f"{what} greater than or equal to {shape.metadata['min']}", faults)
    if size > shape.metadata.get("max", size):
        _fault(text, path, f"{what} less than or equal to {shape.metadata['max']}", faults)


def _fault(text: str, path: str, constraint: str, faults: list[str]) -> None:
    faults.append(
        f"Value '{text}' at '{_camel(path)}' failed to satisfy constraint: Member must {constraint}"
    )


def _time(text: str, path: str) -> datetime:
    try:
        time: datetime = parse_timestamp(text)
    except ValueError:
        raise Refused("MalformedInput", f"{text} at {path} is no timestamp") from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _camel(path: str) -> str:
    return ".".join(part[:1].lower() + part[1:] for part in path.split("."))
