"""The classes of a document's objects, as a stub has them."""

import re
from collections.abc import Collection, Iterator

from libs.api.document.errors import ContractError
from libs.api.objects.kinds import Kind, ListKind, MapKind, ObjectKind
from libs.api.objects.models import ApiModels
from libs.api.objects.object import ApiObject
from libs.api.objects.unions import DiscriminatedKind, UnionKind
from libs.api.stubs.annotations import PLAIN, Annotation, Annotations, class_name

INDENT = "    "
MAX_DEPTH = 30
"""Objects inside of objects that have no name; merging (`allOf`) recursive schemas may make ever new ones."""


class ObjectStubs:
    """The stubs of all object classes of a document, nested in one class.

    :param models: the classes.
    :param namespace: the name of the class they are nested in.
    :param plain: the stubs of the same objects with nothing mixed in: these are then subclasses of those, so
        that they can be given where those are expected.
    """

    def __init__(self, models: ApiModels, namespace: str, plain: "ObjectStubs | None" = None) -> None:
        self._models = models
        self._plain = plain
        self._namespace = namespace
        self._annotations = Annotations(models, namespace)

    def lines(self) -> Iterator[str]:
        """Yield the lines of the nested classes."""
        for name in self._models.names():
            yield from self._named(name)
        for made in self.unnamed():
            yield from self._class(made, made.schema_name)

    def has(self, name: str) -> bool:
        """Return whether there is a class of a name."""
        return name in self._models.names() or name in {one.schema_name for one in self.unnamed()}

    def mixed_in(self) -> list[type]:
        """Return the classes that `x-parent` and `x-persist` mix in."""
        every = [base for name in self._models.names() for base in self._models[name].__bases__]
        return [base for base in dict.fromkeys(every) if base is not ApiObject]

    def unnamed(self) -> list[type[ApiObject]]:
        """Return the classes of objects that stand inside of others."""
        found: dict[tuple[str | int, ...], type[ApiObject]] = {}
        waiting: list[Kind] = [_kind_of(self._models, name) for name in self._models.names()]
        seen: dict[int, Kind] = {}
        while waiting:
            kind = waiting.pop(0)
            if id(kind) in seen:
                continue
            seen[id(kind)] = kind
            if isinstance(kind, ObjectKind):
                shape = kind.made._shape
                if len(shape.origin) > MAX_DEPTH:
                    raise ContractError(f"{shape.origin[0]} is made of schemas merged without an end")
                if not kind.named:
                    found.setdefault(shape.origin, kind.made)
                waiting += shape.children()
            elif isinstance(kind, UnionKind):
                waiting += kind.every() if isinstance(kind, DiscriminatedKind) else kind.branches
            elif isinstance(kind, ListKind | MapKind):
                waiting.append(kind.item if isinstance(kind, ListKind) else kind.value)
        return list(found.values())

    def _named(self, name: str) -> Iterator[str]:
        made = self._models[name]
        kind = _kind_of(self._models, name)
        own = any("properties" in part for part in made._shape.parts)
        if made.schema_name != name or (isinstance(kind, UnionKind) and not own):
            read = self._annotations.of(kind, True).read
            yield f"{INDENT}{class_name(name)}: _t.TypeAlias = {read}"
        else:
            yield from self._class(made, name)

    def _class(self, made: type[ApiObject], name: str) -> Iterator[str]:
        shape = made._shape
        mixed = [f"{one.__module__}.{one.__qualname__}" for one in made.__bases__ if one is not ApiObject]
        base = f"{self._plain._namespace}.{class_name(name)}" if self._plain and self._plain.has(name) else ""
        bases = ", ".join([*mixed, *([base] if base else [])]) or "ApiObject"
        yield f"{INDENT}class {class_name(name)}({bases}):"
        types = {
            attribute: self._annotations.of(shape.kind(one), shape.properties[one])
            for attribute, one in shape.attributes.items()
        }
        unset = {
            attribute: one not in shape.required and shape.default(one) is None
            for attribute, one in shape.attributes.items()
        }
        for attribute, annotation in types.items():
            read = annotation.or_none().read if unset[attribute] else annotation.read
            yield f"{INDENT * 2}{attribute}: {_unshadowed(read, types.keys())}"
        yield f"{INDENT * 2}def __init__("
        yield f"{INDENT * 3}{'self' if 'self' not in types else '_self'},"
        yield from self._arguments(made, types)
        yield f"{INDENT * 2}) -> None: ..."

    def _arguments(self, made: type[ApiObject], types: dict[str, Annotation]) -> Iterator[str]:
        shape = made._shape
        if types:
            yield f"{INDENT * 3}*,"
        for attribute, annotation in types.items():
            default = "" if shape.attributes[attribute] in shape.required else " = ..."
            yield f"{INDENT * 3}{attribute}: {_unshadowed(annotation.given, types.keys())}{default},"
        closing = ("additionalProperties", "unevaluatedProperties")
        if not any(part.get(name) is False for part in shape.parts for name in closing):
            yield f"{INDENT * 3}**further: _t.Any,"


def _kind_of(models: ApiModels, name: str) -> Kind:
    return models.kind({"$ref": f"#/components/schemas/{name}"}, "", ("",))


def _unshadowed(annotation: str, attributes: Collection[str]) -> str:
    """Return a type of a class body in which a property may have the name of a builtin type."""
    for builtin in {*PLAIN.values(), "bytes", "list", "dict"} - {"None"}:
        if builtin in attributes:
            annotation = re.sub(rf"(?<![\w.'\"]){builtin}(?![\w'\"])", f"_b.{builtin}", annotation)
    return annotation
