"""Shapes: what may stand in a parameter or a field of a form, a scalar, an array or an object of such."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libs.api.document.references import resolve
from libs.api.schema import Schema
from libs.api.wire.scalars import SCALARS, Scalar, types_of


@dataclass(frozen=True)
class Array:
    """An array of scalars."""

    item: Scalar


@dataclass(frozen=True)
class Object:
    """An object of scalars, and of arrays of them.

    :param rest: what its further properties are; None if it has none.
    :param open: whether its schema says itself that it has further properties.
    """

    properties: Mapping[str, Scalar | Array]
    rest: Scalar | Array | None
    open: bool

    def property(self, name: str) -> Scalar | Array:
        """Return the shape of a property; one that it may not have is a text, and its schema refuses it."""
        return self.properties.get(name) or self.rest or TEXT


@dataclass(frozen=True)
class Either:
    """A scalar, or an array or an object: only the style `deepObject` can tell them apart."""

    scalar: Scalar
    other: Array | Object


Shape = Scalar | Array | Object
TEXT = Scalar(frozenset({"string"}), lambda value: True)


def shape_of(schema: Any, document: Mapping[str, Any]) -> Shape:
    """Return the shape of a schema's values.

    :raises ValueError: if they have no text form: arrays in arrays, objects in objects.
    """
    types = types_of(schema, document)
    if types <= frozenset(SCALARS):
        return scalar_of(schema, document)
    if types - {"null"} == {"array"}:
        return Array(scalar_of(first(schema, "items", document) or {}, document))
    if types - {"null"} == {"object"}:
        further = first(schema, "additionalProperties", document)
        rest = None if further is False else _member(further, document)
        named = properties_of(schema, document).items()
        members = {name: _member(node, document) for name, node in named}
        return Object(members, rest, open=further is not None and further is not False)
    raise ValueError(f"it is {' or '.join(sorted(types)) or 'of no type'}, which has no text form")


def deep_shape_of(schema: Any, document: Mapping[str, Any]) -> Shape | Either:
    """Return the shape of a schema's values where the style is `deepObject`, whose names tell more.

    :raises ValueError: if they have no text form, or arrays and objects could not be told apart.
    """
    types = types_of(schema, document) - {"null"}
    scalars = types & frozenset(SCALARS)
    if scalars and len(types - scalars) == 1:
        kinds = types - scalars
        node = resolve(schema, document)
        others = [
            one
            for key in ("oneOf", "anyOf")
            for one in node.get(key, ())
            if types_of(one, document) - {"null"} == kinds
        ]
        other = shape_of(others[0], document) if len(others) == 1 else None
        if isinstance(other, Array | Object):
            return Either(_scalar(scalars, schema, document), other)
    return shape_of(schema, document)


def scalar_of(schema: Any, document: Mapping[str, Any]) -> Scalar:
    """Return how the values of a schema are text.

    :raises ValueError: if some are arrays or objects.
    """
    types = types_of(schema, document)
    if not types or not types <= frozenset(SCALARS):
        raise ValueError(
            f"in it is {' or '.join(sorted(types)) or 'what has no type'}, which has no text form"
        )
    return _scalar(types, schema, document)


def _scalar(types: frozenset[str], schema: Any, document: Mapping[str, Any]) -> Scalar:
    if len(types) == 1:
        return Scalar(types, lambda value: True)
    checked = Schema(schema, document)
    return Scalar(types, lambda value: not checked.faults(value))


def _member(schema: Any, document: Mapping[str, Any]) -> Scalar | Array:
    node = {} if schema is None or schema is True else schema
    if types_of(node, document) - {"null"} == {"array"}:
        return Array(scalar_of(first(node, "items", document) or {}, document))
    return scalar_of(node, document)


def properties_of(schema: Any, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of an object, those of its `allOf` included."""
    found: dict[str, Any] = {}
    for part in _parts(schema, document):
        found.update(part.get("properties", {}))
    return found


def first(schema: Any, keyword: str, document: Mapping[str, Any]) -> Any:
    """Return what a schema, or the first of its `allOf`, says under a keyword; None if nothing."""
    return next((part[keyword] for part in _parts(schema, document) if keyword in part), None)


def _parts(schema: Any, document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    waiting, found = [schema], list[Mapping[str, Any]]()
    while waiting:
        node = resolve(waiting.pop(0), document)
        if isinstance(node, Mapping) and not any(node is one for one in found):
            found.append(node)
            waiting.extend(node.get("allOf", ()))
    return found
