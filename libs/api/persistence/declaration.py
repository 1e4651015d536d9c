"""What a `Persistent` class says of its storage, and whether the schema bears it out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from libs.api.document.errors import suggestion
from libs.api.objects import merging
from libs.api.objects.shape import Shape

_TABLE = re.compile(r"[A-Za-z0-9_.-]{1,200}")


@dataclass(frozen=True)
class Index:
    """A secondary index, which holds whole objects: those that have its keys.

    :param hash_key: the property whose value is asked for.
    :param range_key: the property that puts in order what has the same hash key, and can be narrowed.
    :param local: make it a local index: it has the table's own hash key, is read consistently, and cannot
        be added once the table is there. A global one lags a moment behind.
    """

    hash_key: str
    range_key: str | None = None
    local: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The hash key and, if there is one, the range key."""
        return (self.hash_key,) if self.range_key is None else (self.hash_key, self.range_key)


@dataclass(frozen=True)
class Declaration:
    """The class attributes of a `Persistent` class; see there."""

    table: str
    hash_key: str
    range_key: str | None = None
    indexes: Mapping[str, Index] = field(default_factory=dict)
    ttl: str | None = None
    version: str | None = None
    sets: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The hash key and, if there is one, the range key."""
        return (self.hash_key,) if self.range_key is None else (self.hash_key, self.range_key)


NAMES: Mapping[str, tuple[type, ...]] = {
    "table": (str,),
    "hash_key": (str,),
    "range_key": (str,),
    "indexes": (Mapping,),
    "ttl": (str,),
    "version": (str,),
    "sets": (tuple, list),
}


def taken_from(owner: type, inherited: Mapping[str, Any]) -> dict[str, Any]:
    """Take the storage facts out of a class, so that properties may have their names.

    :param inherited: those of the class's bases.
    :raises TypeError: naming everything that is wrong with them.
    """
    facts, faults = dict(inherited), []
    for name, value in list(vars(owner).items()):
        if name in NAMES:
            of = value.values() if name == "indexes" and isinstance(value, Mapping) else ()
            if isinstance(value, NAMES[name]) and all(isinstance(one, Index) for one in of):
                facts[name] = value
                delattr(owner, name)
            else:
                kind = "Mapping of Index" if name == "indexes" else NAMES[name][0].__name__
                faults.append(f"{name} is no {kind}")
        elif isinstance(value, str | tuple | list | dict) and not name.startswith("_"):
            meant = suggestion(name, NAMES)
            if meant:
                faults.append(f"there is no {name}{meant}")
    if faults:
        raise TypeError(f"{owner.__module__}.{owner.__qualname__}: {'; '.join(faults)}")
    return facts


def declared(facts: Mapping[str, Any], shape: Shape) -> Declaration:
    """Return the declaration that facts make for a schema.

    :raises TypeError: naming everything that is missing, or does not fit the schema.
    """
    faults = [f"{name} is missing" for name in ("table", "hash_key") if name not in facts]
    if not faults:
        made = Declaration(**{**facts, "sets": tuple(facts.get("sets", ()))})
        faults = list(_faults(made, shape))
    if faults:
        raise TypeError("; ".join(faults))
    return made


def _faults(made: Declaration, shape: Shape) -> Iterator[str]:
    if not _TABLE.fullmatch(made.table):
        yield f"table {made.table!r} is no name of letters, digits, and _ . -"
    keys = {name: "hash_key" if name == made.hash_key else "range_key" for name in made.keys}
    for name, index in made.indexes.items():
        keys |= {one: f"indexes[{name!r}]" for one in index.keys if one not in keys}
        if not re.fullmatch(r"[A-Za-z0-9_.-]{3,255}", name):
            yield f"indexes[{name!r}]: a name has 3 to 255 letters, digits, and _ . -"
        if index.local and (index.hash_key != made.hash_key or not index.range_key):
            yield f"indexes[{name!r}]: a local index has the table's hash key, and a range key"
        if index.hash_key == index.range_key:
            yield f"indexes[{name!r}]: its keys are the same"
    if made.hash_key == made.range_key:
        yield "hash_key and range_key are the same"
    named = {**dict.fromkeys(made.sets, "sets"), **keys}
    named |= {name: what for what, name in (("ttl", made.ttl), ("version", made.version)) if name}
    for name, what in named.items():
        if name not in shape.properties:
            yield f"{what}: {shape.name} has no property {name!r}{suggestion(name, shape.properties)}"
    if made.version in keys or made.ttl in made.keys:
        yield "version and ttl are no keys of the table"
    if made.version in shape.properties and _types(shape, made.version) != {"integer"}:
        yield f"version: {made.version!r} is not of type integer"
    for name in (name for name in made.sets if name in shape.properties):
        items = merging.keyword_of(merging.parts(shape.properties[name], shape.document), "items")
        kinds = merging.types(merging.parts(items, shape.document))
        if not kinds or not (kinds <= {"string"} or kinds <= {"integer", "number"}):
            yield f"sets: {name!r} is no array of strings, or of numbers"


def _types(shape: Shape, name: str | None) -> set[str]:
    return merging.types(merging.parts(shape.properties.get(name or ""), shape.document))
