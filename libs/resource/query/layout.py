"""How the rows of a table can be reached: by its own key, and by that of each index."""

from dataclasses import dataclass
from typing import Any

from pynamodb.attributes import Attribute
from pynamodb.indexes import AllProjection, Index, LocalSecondaryIndex
from pynamodb.models import Model

from libs.resource.store.row import Codec


@dataclass(frozen=True)
class Access:
    """One way to rows: the table itself or an index that holds whole rows.

    :param index: its name; None for the table.
    :param hash: the attribute every query of it fixes.
    :param range: the attribute it is sorted by; None if there is none.
    :param consistent: whether reads see every write that came before; not so for a global index.
    :param key: the attributes a position in it is made of: its own key and the table's.
    """

    index: str | None
    hash: str
    range: str | None
    consistent: bool
    key: tuple[str, ...]

    @property
    def kind(self) -> str:
        """What to call it."""
        return "the table" if self.index is None else f"the index {self.index}"


class Layout:
    """The ways to the rows of `model`.

    :raises TypeError: if an index is over an attribute the model does not have.
    """

    def __init__(self, model: type[Model]) -> None:
        self.codec = Codec(model)
        attributes = self.codec.attributes
        hash_name = next(name for name, one in attributes.items() if one.is_hash_key)
        range_name = next((name for name, one in attributes.items() if one.is_range_key), None)
        key = (hash_name, range_name) if range_name else (hash_name,)
        self.table = Access(None, hash_name, range_name, consistent=True, key=key)
        self.accesses = (self.table, *self._indexes(model))

    def _indexes(self, model: type[Model]) -> list[Access]:
        found = []
        for name, index in sorted(model._indexes.items()):
            if not isinstance(index.Meta.projection, AllProjection):
                continue  # it holds parts of rows, which would have to be completed one by one
            names = [self._name(model, name, one) for one in _keys(index)]
            hash_name, range_name = (*names, None)[:2]
            key = dict.fromkeys([*names, *self.table.key])
            local = isinstance(index, LocalSecondaryIndex)
            found.append(Access(name, str(hash_name), range_name, consistent=local, key=tuple(key)))
        return found

    def _name(self, model: type[Model], index: str, attribute: Attribute[Any]) -> str:
        name = self.codec.python_names.get(attribute.attr_name)
        if name is None:
            raise TypeError(f"{model.__name__} has no {attribute.attr_name!r}, which index {index!r} is over")
        return name


def indexes_of(model: type[Model]) -> dict[str, str]:
    """Return the names of the indexes of `model` that hold whole rows, by their names in Python."""
    found = ((name, getattr(model, name)) for name in dir(model) if not name.startswith("_"))
    return {
        name: one.Meta.index_name
        for name, one in found
        if isinstance(one, Index) and isinstance(one.Meta.projection, AllProjection)
    }


def _keys(index: Index[Any]) -> list[Attribute[Any]]:
    attributes = list(index.Meta.attributes.values())
    return [
        *(one for one in attributes if one.is_hash_key),
        *(one for one in attributes if one.is_range_key),
    ]
