"""The types of a schema's values: as they are read, and as they may be given."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from libs.api.objects import merging
from libs.api.objects.kinds import Kind, ListKind, MapKind, NumberKind, ObjectKind, ScalarKind
from libs.api.objects.models import ApiModels
from libs.api.objects.unions import DiscriminatedKind, UnionKind

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


class Annotations:
    """The types of the values of one document's schemas.

    :param models: its classes.
    :param namespace: the class of the stub that they are nested in, such as ``_profiles``.
    """

    def __init__(self, models: ApiModels, namespace: str) -> None:
        self._models = models
        self._namespace = namespace

    def of_schema(self, node: Any) -> Annotation:
        """Return the type of a schema that stands somewhere in the document, such as a parameter's."""
        return self.of(self._models.kind(node, "", ("",)), node)

    def of(self, kind: Kind, node: Any) -> Annotation:
        """Return the type of the values of a kind; `node` is the schema it was asked for with."""
        found = self._of_kind(kind)
        return found.or_none() if self._is_nullable(node) and found != ANY else found

    def _of_kind(self, kind: Kind) -> Annotation:
        match kind:
            case UnionKind():
                return self._of_union(kind)
            case ObjectKind():
                if not kind.named and kind.name.startswith("."):
                    return Annotation("dict[str, _t.Any]", "_abc.Mapping[str, _t.Any]")
                name = f"{self._namespace}.{class_name(kind.made.schema_name)}"
                return Annotation(name, _union(name, "_abc.Mapping[str, _t.Any]"))
            case ListKind():
                item = self.of(kind.item, kind.item.node)
                made = "list" if kind.is_plain() else "_abc.MutableSequence"
                return Annotation(f"{made}[{item.read}]", f"_abc.Sequence[{item.given}]")
            case MapKind():
                value = self.of(kind.value, kind.value.node)
                made = "dict" if kind.is_plain() else "_abc.MutableMapping"
                return Annotation(f"{made}[str, {value.read}]", f"_abc.Mapping[str, {value.given}]")
            case ScalarKind():
                read = SCALARS[kind.format]
                return Annotation(read, _union(read, "str"))
        return self._of_plain(kind)

    def _of_union(self, kind: UnionKind) -> Annotation:
        branches = kind.every() if isinstance(kind, DiscriminatedKind) else kind.branches
        inner = [self.of(one, one.node) for one in branches]
        if ANY in inner or not inner:
            return ANY
        return Annotation(_union(*(one.read for one in inner)), _union(*(one.given for one in inner)))

    def _of_plain(self, kind: Kind) -> Annotation:
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
        if isinstance(kind, NumberKind) and "number" in types:
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


def class_name(schema_name: str) -> str:
    """Return the name of a schema's class in the stub: it has to be one in Python."""
    made = "".join(one if one.isalnum() else "_" for one in schema_name)
    return f"_{made}" if made[:1].isdigit() else made


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
