"""Answers of the Query protocol, written by botocore's own description of the service.

What an answer says is checked against it, too: a stand-in that says what AWS never says would be none.
"""

from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from infra.standin.beanstalk.errors import Refused


def write_answer(operation: OperationModel, said: dict[str, Any] | None, request_id: str) -> bytes:
    """Return the XML of an answer.

    :raises TypeError: if `said` is not what the description of the call allows.
    """
    root = Element(f"{operation.name}Response", xmlns=operation.metadata["xmlNamespace"])
    shape = operation.output_shape
    if shape is not None:
        result = SubElement(root, shape.serialization["resultWrapper"])
        _write(result, shape, said or {})
    elif said:
        raise TypeError(f"{operation.name} says nothing")
    SubElement(SubElement(root, "ResponseMetadata"), "RequestId").text = request_id
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def write_refusal(service: ServiceModel, refused: Refused, request_id: str) -> bytes:
    """Return the XML of an error."""
    root = Element("ErrorResponse", xmlns=service.metadata["xmlNamespace"])
    error = SubElement(root, "Error")
    SubElement(error, "Type").text = "Sender" if refused.status < 500 else "Receiver"
    SubElement(error, "Code").text = refused.code
    SubElement(error, "Message").text = refused.message
    SubElement(root, "RequestId").text = request_id
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _write(element: Element, shape: Shape, value: Any) -> None:
    if isinstance(shape, StructureShape):
        unknown = set(value) - set(shape.members)
        if unknown:
            raise TypeError(f"{shape.name} has no {', '.join(sorted(unknown))}")
        for name, member in shape.members.items():
            if value.get(name) is not None:
                _write(SubElement(element, member.serialization.get("name", name)), member, value[name])
    elif isinstance(shape, ListShape):
        for item in value:
            _write(SubElement(element, "member"), shape.member, item)
    else:
        element.text = _text(shape, value)


def _text(shape: Shape, value: Any) -> str:
    match shape.type_name, value:
        case "boolean", bool():
            return "true" if value else "false"
        case (("integer" | "long"), int()):
            return str(value)
        case (("double" | "float"), (int() | float())):
            return repr(float(value))
        case "timestamp", datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case "string", str():
            allowed = getattr(shape, "enum", [])
            least, most = shape.metadata.get("min", 0), shape.metadata.get("max", len(value))
            if (allowed and value not in allowed) or not least <= len(value) <= most:
                raise TypeError(f"{value!r} is no {shape.name}")
            return value
    raise TypeError(f"{value!r} is no {shape.name}")
