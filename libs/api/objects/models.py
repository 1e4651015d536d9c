"""The object classes of one document: ``ApiModels(document).Profile``."""

import types
from collections.abc import Callable, Mapping
from threading import RLock
from typing import Any
from urllib.parse import unquote

from libs.api.discriminator import branches
from libs.api.document.errors import ContractError, suggestion
from libs.api.document.grammar import OPENAPI_3, parts
from libs.api.document.references import at
from libs.api.objects import merging
from libs.api.objects.kinds import Kind, ListKind, MapKind, NumberKind, ObjectKind, ScalarKind
from libs.api.objects.mixins import EXTENSIONS, extensions_of, mixins
from libs.api.objects.object import ApiObject, Property
from libs.api.objects.scalars import SCALARS
from libs.api.objects.shape import Origin, Shape
from libs.api.objects.unions import DiscriminatedKind, UnionKind
from libs.api.schema import JSON


class ApiModels:
    """The object classes of one document, by attribute, or by item where its name is no name in Python.

    A class is made when it is first asked for, and the classes it is mixed with (`x-parent`, `x-persist`) are
    imported then.

    :param document: an OpenAPI 3.1 document, every ``$ref`` inside of it.
    :param api: the name of the service whose contract it is.
    :param place: where a JSON pointer of the document stands in its file, for messages.
    :param further: schemas that are there, too, unless the document has one of their name.
    :param shared: classes to take instead of making others, for the schemas its document has.
    """

    def __init__(
        self,
        document: JSON,
        api: str = "",
        place: Callable[[str], str] | None = None,
        *,
        further: JSON | None = None,
        shared: "ApiModels | None" = None,
    ) -> None:
        own = document.get("components", {}).get("schemas", {})
        if further:
            components = {**document.get("components", {}), "schemas": {**further, **own}}
            document = {**document, "components": components}
        self.document = document
        self.api = api
        self._place = place
        self._schemas: JSON = document.get("components", {}).get("schemas", {})
        self._declared = frozenset(own)
        self._shared = shared
        self._classes: dict[Origin, type[ApiObject]] = {}
        self._kinds: dict[str, Kind] = {}
        self._by_node: dict[tuple[int, bool], tuple[Any, Kind]] = {}
        self._lock = RLock()

    def __getattr__(self, name: str) -> type[ApiObject]:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0], name=name, obj=self) from None

    def __getitem__(self, name: str) -> type[ApiObject]:
        if (name,) in self._classes:
            return self._classes[name,]
        if self._shared is not None and name in self._shared._declared:
            return self._shared[name]
        if name not in self._schemas:
            title = self.api or self.document["info"]["title"]
            raise KeyError(f"{title} has no schema {name!r}{suggestion(name, self._schemas)}")
        kind = self._named(name)
        if not _is_of_objects(kind):
            raise KeyError(f"the values of the schema {name!r} are no objects, so it has no class")
        alias = self._alias(name)
        return self[alias] if alias else self._class(name, self._schemas[name], (name,))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.names()]

    def names(self) -> list[str]:
        """Return the names of the schemas whose values are objects."""
        return [name for name in self._schemas if _is_of_objects(self._named(name))]

    def completed(self, document: JSON) -> "ApiModels":
        """Return the classes of a complete document: these, and those of the schemas it adds."""
        return ApiModels(document, self.api, self._place, shared=self)

    def persistent(self) -> list[type[ApiObject]]:
        """Return the classes of the schemas that have `x-persist`."""
        return [
            self[name]
            for name, node in self._schemas.items()
            if isinstance(node, Mapping) and "x-persist" in node
        ]

    def faults(self) -> list[str]:
        """Return what a request would run into: every fault of `x-parent`, `x-persist` and `required`.

        Each class that something is mixed in is made for that.
        """
        faults: list[str] = []
        for part in parts(self.document, OPENAPI_3):
            if part.kind != "schema":
                continue
            if "/allOf/" not in part.pointer:  # what one part requires may be declared by another
                faults += (
                    f"{self._at(f'{part.pointer}/required/{number}')}: {told}"
                    for number, told in merging.misspelt_required(part.node)
                )
            if not part.node.keys() & set(EXTENSIONS):
                continue
            section, _, name = part.pointer.rpartition("/")
            try:
                if section == "/components/schemas":
                    _ = self[merging.unescaped(name)]
                else:
                    label = name.capitalize()
                    mixins(part.node, Shape(self, label, part.node, ("",)), self._at(part.pointer), self.api)
            except ContractError as error:
                faults += error.faults
            except KeyError as error:
                faults.append(
                    f"{self._at(part.pointer)}: {extensions_of(part.node)} does nothing: {error.args[0]}"
                )
        return list(dict.fromkeys(faults))

    def wrap(self, schema: Any, value: Any) -> Any:
        """Return valid JSON as what its schema makes of it; nothing is checked, and `value` is taken over.

        An object of a named schema becomes an object of its class, a text with a format its Python value. An
        array is a list of such, and an object without a name of its own a dict.

        :raises ValueError: if Python has no value for a text, such as a date in the year 0.
        """
        if not isinstance(schema, Mapping) or not isinstance(value, dict | list | str):
            return value
        reference = schema.get("$ref") if len(schema) == 1 else None
        known = self._kinds.get(reference.removeprefix(merging.COMPONENTS)) if reference else None
        return (known or self.kind(schema, "", ("",))).wrapped(value)

    def class_at(self, origin: Origin) -> type[ApiObject]:
        """Return the class that is found at `origin`: that of a schema, or of one inside of it."""
        name, *steps = origin
        made = self[str(name)]
        while steps:
            kind = made._shape.child(steps.pop(0))
            while steps and not isinstance(kind, ObjectKind):
                kind = kind.child(steps.pop(0))
            if not isinstance(kind, ObjectKind):
                raise KeyError(f"no class is at {origin}")
            made = kind.made
        return made

    def kind(self, node: Any, label: str, origin: Origin) -> Kind:
        """Return what a schema makes of its values.

        :param label: how messages call it; ``Profile.address`` names the class of an object without a name.
        :param origin: where the schema is found.
        """
        name = merging.component_name(node)
        if name is not None:
            return self._named(name)
        if not isinstance(node, Mapping):
            return Kind(label, node, self.document)
        if node.keys() == {"$ref"}:  # to a place that is no component schema
            place = at(unquote(node["$ref"][1:]), self.document, "$ref")
            return self.kind(place, label, origin)
        key = (id(node), origin[0] == "")  # a schema that `wrap` looks at may stand inside of a class's, too
        if key not in self._by_node:  # one kind for a place, or those of a recursive schema had no end
            self._by_node.setdefault(key, (node, self._unnamed(node, label, origin)))
        return self._by_node[key][1]

    def _unnamed(self, node: Mapping[str, Any], label: str, origin: Origin) -> Kind:
        document = self.document
        found = merging.parts(node, document)
        types_ = merging.types(found)
        named = len(origin) == 1 and origin[0] != ""
        if "discriminator" in node:
            return self._discriminated(label, node, origin)
        if merging.is_object(node, document) and (named or merging.properties(node, document)):
            name = label if named else label.replace(".", "_")
            return ObjectKind(label, node, document, lambda: self._class(name, node, origin), named)
        form = "byte" if merging.keyword_of(found, "contentEncoding") == "base64" else ""
        form = form or merging.keyword_of(found, "format", "")
        if form in SCALARS and types_ <= {"string"}:
            return ScalarKind(label, node, document, form)
        choice = list(merging.alternatives(found))
        if choice:
            return UnionKind(label, node, document, lambda: self._branches(choice, label, origin))
        items = merging.keyword_of(found, "items")
        if (
            types_ <= {"array"}
            and isinstance(items, Mapping)
            and not merging.keyword_of(found, "prefixItems")
        ):
            return ListKind(label, node, document, lambda: self.kind(items, label, (*origin, "[]")))
        values = merging.keyword_of(found, "additionalProperties")
        if types_ == {"object"} and isinstance(values, Mapping):
            return MapKind(label, node, document, lambda: self.kind(values, label, (*origin, "{}")))
        if types_ and types_ <= {"integer", "number"}:
            return NumberKind(label, node, document)
        plain = Kind(label, node, document)
        plain.json_type = next(iter(types_)) if len(types_) == 1 else None
        return plain

    def _branches(self, choice: list[Any], label: str, origin: Origin) -> list[Kind]:
        several = len(choice) > 1
        return [
            self.kind(one, f"{label}.{at + 1}" if several else label, (*origin, at))
            for at, one in enumerate(choice)
        ]

    def _named(self, name: str) -> Kind:
        """Return the kind of a component schema."""
        if self._shared is not None and name in self._shared._declared:
            return self._shared._named(name)
        if name not in self._kinds:
            node, alias = self._schemas[name], self._alias(name)
            made = self._named(alias) if alias else None
            if made is None and isinstance(node, Mapping):
                made = self._discriminated(name, node, (name,)) if "discriminator" in node else None
                made = made or self._unnamed(node, name, (name,))
            self._kinds.setdefault(name, made or Kind(name, node, self.document))
        return self._kinds[name]

    def _alias(self, name: str) -> str | None:
        node = self._schemas[name]
        return merging.component_name(node) if isinstance(node, Mapping) and "$ref" in node else None

    def _discriminated(self, label: str, node: Mapping[str, Any], origin: Origin) -> Kind:
        document, own = self.document, {k: v for k, v in node.items() if k != "discriminator"}
        found = branches(node, document)
        choice = list(merging.alternatives([dict(own)]))
        if found is None:
            return self._unnamed(own, label, origin)
        property_name, targets = found

        def object_kind() -> Kind:
            name = label.replace(".", "_") if len(origin) > 1 else label
            return ObjectKind(label, node, document, lambda: self._class(name, node, origin))

        def by_value(value: str) -> Kind:
            target = self.kind(targets[value], f"{label}.{value}", (*origin, value))
            return object_kind() if target is made else target

        def otherwise() -> list[Kind]:
            return self._branches(choice, label, origin) if choice else [object_kind()]

        made = DiscriminatedKind(label, dict(node), document, otherwise, property_name, targets, by_value)
        return made

    def _class(self, name: str, node: Mapping[str, Any], origin: Origin) -> type[ApiObject]:
        if origin[0] == "":  # found by `wrap`, and nowhere in the document
            return self._made(name, node, origin)
        with self._lock:
            if origin not in self._classes:
                self._classes[origin] = self._made(name, node, origin)
            return self._classes[origin]

    def _made(self, name: str, node: Mapping[str, Any], origin: Origin) -> type[ApiObject]:
        shape = Shape(self, name, node, origin)
        bases, reserved = mixins(node, shape, self._where(origin), self.api)
        shape.attributes = merging.attribute_names(shape.properties, reserved)
        kind = self._kinds.get(name) if len(origin) == 1 else None
        if bases and isinstance(kind, UnionKind) and not any(one.node is node for one in kind.every()):
            raise ContractError(
                f"{self._where(origin)}: {extensions_of(node)} of {name} does nothing: its objects are "
                f"of the classes {', '.join(one.name for one in kind.every())}: name it there"
            )
        body = {
            "__doc__": node.get("description"),
            "__module__": f"models.{self.api}",
            "schema_name": name,
            "api_name": self.api,
            "_shape": shape,
            "_union": kind if isinstance(kind, UnionKind) else None,
            **{attribute: Property(one, shape) for attribute, one in shape.attributes.items()},
        }
        try:
            return types.new_class(name, (*bases, ApiObject), exec_body=lambda space: space.update(body))
        except TypeError as error:
            raise ContractError(f"{self._where(origin)}: {extensions_of(node)} of {name}: {error}") from error

    def _where(self, origin: Origin) -> str:
        return self._at(f"/components/schemas/{origin[0]}")

    def _at(self, pointer: str) -> str:
        return self._place(pointer) if self._place else f"{self.api or 'the document'}#{pointer}"

    def __reduce__(self) -> tuple[Any, ...]:
        return ApiModels, (self.document, self.api)


def _is_of_objects(kind: Kind) -> bool:
    if isinstance(kind, UnionKind) and not isinstance(kind, DiscriminatedKind):
        return all(_is_of_objects(one) for one in kind.branches)
    return isinstance(kind, ObjectKind | DiscriminatedKind)
