"""The types of a schema's values: as they are read, and as they may be given."""

import re
from collections.abc import Mapping, Set
from keyword import iskeyword
from typing import Any, NamedTuple

from libs.api.objects import merging
from libs.api.objects.kinds import Kind, ListKind, MapKind, NumberKind, ObjectKind, ScalarKind
from libs.api.objects.models import ApiModels
from libs.api.objects.shape import Origin
from libs.api.objects.unions import UnionKind

SCALARS = {
    "date-time": "_datetime.datetime",
    "date": "_datetime.date",
    "byte": "bytes",
    "decimal": "_decimal.Decimal",
}
PLAIN = {"string": "str", "boolean": "bool", "integer": "int", "number": "float", "null": "None"}


class Annotation(NamedTuple):
    """The type of a value.

    :ivar read: what reading gives: ``_datetime.datetime``.
    :ivar given: what is taken: ``_datetime.datetime | str``.
    """

    read: str
    given: str

    def or_none(self) -> "Annotation":
        """Return the type of a value that may be None."""
        return Annotation(_union(self.read, "None"), _union(self.given, "None"))


ANY = Annotation("_t.Any", "_t.Any")
FILE = Annotation("_UploadedFile", "_t.Never")
"""A file in a form that was sent. No object is made with one, for it has no JSON: a client takes a dict."""
FILES = Annotation(f"list[{FILE.read}]", FILE.given)


class Annotations:
    """The types of the values of one document's schemas.

    :param models: its classes.
    :param namespace: the class that those are nested in, such as ``_profiles``.
    """

    def __init__(self, models: ApiModels, namespace: str) -> None:
        self._models = models
        self._namespace = namespace
        self._names: dict[Origin, str] = {}
        for name in sorted(models.names(), key=lambda one: not is_name(one)):
            self.class_name((name,), name)

    def class_name(self, origin: Origin, schema_name: str) -> str:
        """Return what the stub calls the class of the schema found at `origin`.

        What is no attribute of `models`, since it has no name of its own, or one that is none in Python or
        that of a method, begins with a ``_``.
        """
        if origin not in self._names:
            is_attribute = len(origin) == 1 and is_name(schema_name) and schema_name not in _TAKEN
            made = schema_name if is_attribute else f"_{re.sub(r'[^0-9A-Za-z_]', '_', schema_name)}"
            while made in self._names.values():
                made += "_"
            self._names[origin] = made
        return self._names[origin]

    def of_schema(self, node: Any) -> Annotation:
        """Return the type of a schema that stands outside of a class, such as a parameter's."""
        return self.of(self._models.kind(node, "", ("",)), node, wrapped=True)

    def of(self, kind: Kind, node: Any, *, wrapped: bool = False) -> Annotation:
        """Return the type of the values of a kind.

        :param node: the schema it was asked for with.
        :param wrapped: whether `ApiModels.wrap` makes them, and they are no part of an object.
        """
        found = self._of_kind(kind, wrapped=wrapped)
        return found.or_none() if self._is_nullable(node) and found != ANY else found

    def _of_kind(self, kind: Kind, *, wrapped: bool) -> Annotation:
        is_view = not wrapped and not kind.is_plain()
        match kind:
            case UnionKind():
                return self._of_union(kind, wrapped=wrapped)
            case ObjectKind():
                if wrapped and not kind.named:
                    return Annotation("dict[str, _t.Any]", "_abc.Mapping[str, _t.Any]")
                made = self.class_name(kind.made._shape.origin, kind.made.schema_name)
                name = f"{self._namespace}.{made}"
                return Annotation(name, _union(name, "_abc.Mapping[str, _t.Any]"))
            case ListKind():
                item = self.of(kind.item, kind.item.node, wrapped=wrapped)
                made = "_abc.MutableSequence" if is_view else "list"
                return Annotation(f"{made}[{item.read}]", f"_abc.Sequence[{item.given}]")
            case MapKind():
                value = self.of(kind.value, kind.value.node, wrapped=wrapped)
                made = "_abc.MutableMapping" if is_view else "dict"
                return Annotation(f"{made}[str, {value.read}]", f"_abc.Mapping[str, {value.given}]")
            case ScalarKind():
                read = SCALARS[kind.format]
                return Annotation(read, _union(read, "str"))
        return self._of_plain(kind, wrapped=wrapped)

    def _of_union(self, kind: UnionKind, *, wrapped: bool) -> Annotation:
        inner = [self.of(one, one.node, wrapped=wrapped) for one in kind.every()]
        if ANY in inner or not inner:
            return ANY
        return Annotation(_union(*(one.read for one in inner)), _union(*(one.given for one in inner)))

    def _of_plain(self, kind: Kind, *, wrapped: bool) -> Annotation:
        found = merging.parts(kind.node, self._models.document)
        values = merging.keyword_of(found, "enum") or [
            one["const"] for one in found if "const" in one and one["const"] is not None
        ]
        if values and all(isinstance(one, str | int | None) for one in values):
            told = f"_t.Literal[{', '.join(repr(one) for one in values)}]"
            return Annotation(told, told)
        types = merging.types(found)
        if not types or not types <= PLAIN.keys() | {"object", "array"}:
            return ANY
        containers = {"object": "dict[str, _t.Any]", "array": "list[_t.Any]"}
        read = _union(*({**PLAIN, **containers}[one] for one in sorted(types)))
        given = read.replace("dict[", "_abc.Mapping[").replace("list[", "_abc.Sequence[")
        if isinstance(kind, NumberKind) and "number" in types and not wrapped:
            given = _union(given, "_decimal.Decimal")
        if merging.keyword_of(found, "format") == "uuid":
            given = _union(given, "_uuid.UUID")
        return Annotation(read, given)

    def _is_nullable(self, node: Any) -> bool:
        if not isinstance(node, Mapping):
            return False
        found = merging.parts(node, self._models.document)
        declared = merging.keyword_of(found, "type", [])
        branches = [one for part in found for key in ("oneOf", "anyOf") for one in part.get(key, [])]
        null_listed = isinstance(declared, list) and "null" in declared
        return null_listed or any(self._is_null(one) for one in branches)

    def _is_null(self, branch: Any) -> bool:
        return bool(branch == {"type": "null"}) or self._is_nullable(branch)


def is_name(text: str) -> bool:
    """Tell whether a schema or contract of this name is an attribute, and not only an item."""
    return text.isidentifier() and not iskeyword(text) and text != "ApiObject"


def unshadowed(annotation: str, names: Set[str]) -> str:
    """Return a type for the body of a class in which `names` may hide builtin types."""
    hidden = names & _BUILTINS
    if not hidden:
        return annotation
    # A text in quotes is a choice of an enum.
    types = re.compile(rf"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?<![\w.])({"|".join(hidden)})\b""")
    return types.sub(lambda found: found[1] or f"_b.{found[2]}", annotation)


_TAKEN = {*dir(ApiModels), "api", "document", "folder"}
_BUILTINS = {*PLAIN.values(), "bytes", "list", "dict"} - {"None"}


def _union(*types: str) -> str:
    several = dict.fromkeys(part for one in types for part in _split(one))
    return " | ".join(sorted(several, key=lambda one: one == "None"))


def _split(union: str) -> list[str]:
    parts, depth, at = [], 0, 0
    for here, sign in enumerate(union):
        depth += (sign == "[") - (sign == "]")
        if depth == 0 and union.startswith(" | ", here):
            parts.append(union[at:here])
            at = here + 3
    return [*parts, union[at:]]
