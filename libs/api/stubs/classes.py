"""The classes of a document's objects, as a stub has them."""

from collections.abc import Iterator
from functools import cached_property

from libs.api.document.errors import ContractError
from libs.api.document.grammar import OPENAPI_3, parts
from libs.api.objects.kinds import Kind, ListKind, MapKind, ObjectKind
from libs.api.objects.merging import component_name
from libs.api.objects.models import ApiModels
from libs.api.objects.object import ApiObject
from libs.api.objects.shape import Origin, Shape
from libs.api.objects.unions import UnionKind
from libs.api.stubs.annotations import FILE, FILES, Annotation, Annotations, unshadowed
from libs.api.wire.forms import MultipartForm
from libs.api.wire.media_types import MULTIPART

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
        self._namespace = namespace
        self._models = models
        self._plain = plain
        self._annotations = Annotations(models, namespace)

    def lines(self) -> Iterator[str]:
        """Yield the lines of the nested classes."""
        for name in self._models.names():
            yield from self._named(name)
        for made in self.unnamed.values():
            yield from self._class(made)

    def base(self, made: type[ApiObject]) -> str | None:
        """Return the class here of the schema that `made` is of; None if there is none."""
        name, *steps = origin = made._shape.origin
        if origin not in self.unnamed and (steps or name not in self._models.names()):
            return None
        return f"{self._namespace}.{self._annotations.class_name(origin, made.schema_name)}"

    def mixed_in(self) -> list[type]:
        """Return the classes that `x-parent` and `x-persist` mix in."""
        every = [base for name in self._models.names() for base in self._models[name].__bases__]
        return [base for base in dict.fromkeys(every) if base is not ApiObject]

    @cached_property
    def unnamed(self) -> dict[Origin, type[ApiObject]]:
        """The classes of objects that stand inside of others."""
        found: dict[Origin, type[ApiObject]] = {}
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
                waiting += kind.every()
            elif isinstance(kind, ListKind | MapKind):
                waiting.append(kind.item if isinstance(kind, ListKind) else kind.value)
        return found

    def _named(self, name: str) -> Iterator[str]:
        made = self._models[name]
        kind = _kind_of(self._models, name)
        own = any("properties" in part for part in made._shape.parts)
        if made.schema_name != name or (isinstance(kind, UnionKind) and not own):
            read = self._annotations.of(kind, True).read
            yield f"{INDENT}{self._annotations.class_name((name,), name)}: _t.TypeAlias = {read}"
        else:
            yield from self._class(made)

    def _class(self, made: type[ApiObject]) -> Iterator[str]:
        shape = made._shape
        bases = [f"{one.__module__}.{one.__qualname__}" for one in made.__bases__ if one is not ApiObject]
        if self._plain and (base := self._plain.base(made)):
            bases.append(base)
        name = self._annotations.class_name(shape.origin, made.schema_name)
        yield f"{INDENT}class {name}({', '.join(bases) or 'ApiObject'}):"
        types = {attribute: self._type(shape, one) for attribute, one in shape.attributes.items()}
        unset = {
            attribute: one not in shape.required and shape.default(one) is None
            for attribute, one in shape.attributes.items()
        }
        for attribute, annotation in types.items():
            read = annotation.or_none().read if unset[attribute] else annotation.read
            yield f"{INDENT * 2}{attribute}: {unshadowed(read, types.keys())}"
        yield f"{INDENT * 2}def __init__("
        yield f"{INDENT * 3}{'self' if 'self' not in types else '_self'},"
        yield from self._arguments(made, types)
        yield f"{INDENT * 2}) -> None: ..."

    def _type(self, shape: Shape, name: str) -> Annotation:
        form = self._forms.get(shape.origin)
        if form is not None and form.is_file(name):
            return FILES if isinstance(shape.kind(name), ListKind) else FILE
        return self._annotations.of(shape.kind(name), shape.properties[name])

    @cached_property
    def _forms(self) -> dict[Origin, MultipartForm]:
        """The schemas that are sent as forms which may hold files."""
        document = self._models.document
        found: dict[Origin, MultipartForm] = {}
        for part in parts(document, OPENAPI_3):
            media = part.node.get("content", {}).get(MULTIPART) if part.kind == "request body" else None
            if media and (name := component_name(media.get("schema"))):
                found[name,] = MultipartForm(media["schema"], media.get("encoding", {}), document)
        return found

    def _arguments(self, made: type[ApiObject], types: dict[str, Annotation]) -> Iterator[str]:
        shape = made._shape
        if types:
            yield f"{INDENT * 3}*,"
        for attribute, annotation in types.items():
            default = "" if shape.attributes[attribute] in shape.required else " = ..."
            yield f"{INDENT * 3}{attribute}: {unshadowed(annotation.given, types.keys())}{default},"
        closing = ("additionalProperties", "unevaluatedProperties")
        if not any(part.get(name) is False for part in shape.parts for name in closing):
            yield f"{INDENT * 3}**further: _t.Any,"


def _kind_of(models: ApiModels, name: str) -> Kind:
    return models.kind({"$ref": f"#/components/schemas/{name}"}, "", ("",))
