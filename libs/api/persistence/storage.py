"""The items of one class: reading them, and what conditions on them are made of."""

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import orjson
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from libs.api.document.errors import suggestion
from libs.api.objects.kinds import Kind, ListKind, MapKind, ObjectKind, ScalarKind
from libs.api.objects.shape import Shape
from libs.api.persistence.codec import MORE, Codec
from libs.api.persistence.declaration import Index, declared
from libs.api.persistence.fields import Field, ItemPath, check_conditions
from libs.api.persistence.forms import TYPES, Raw, TextForm, key_text, raw_of
from libs.api.persistence.pages import Page, read_items
from libs.api.persistence.tables import table_model
from libs.dynamodb import CursorSigner, Item, Position, Table
from libs.errors import Fault, NotFound

_RANGE_OPERATORS = frozenset({"=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"})


class Storage:
    """Where the objects of one class are stored, and as what.

    :param facts: the class attributes of its `Persistent` class.
    :raises TypeError: naming everything about them that does not fit the schema.
    """

    def __init__(self, shape: Shape, facts: Mapping[str, Any]) -> None:
        self.shape = shape
        self.declaration = declared(facts, shape)
        self.codec = Codec(shape, self.declaration)
        self.model: type[Model] = table_model(shape.name, self.declaration, self.codec.forms, shape.required)
        self.hash = ItemPath(self.declaration.hash_key)

    @cached_property
    def table(self) -> Table:
        """The table.

        :raises RuntimeError: while it is bound to no `Database`: its first use would go to AWS.
        """
        if not hasattr(self.model.Meta, "plain_table_name"):
            raise RuntimeError(
                f"{self.shape.name} is bound to no database. A Service binds the classes of its own contract;"
                " elsewhere: Database(table_models([...]), ...)"
            )
        return Table(self.model)

    # What there is

    def is_alive(self, item: Item) -> bool:
        """Return whether it is not past its time to live; DynamoDB takes up to days to delete what is."""
        name = self.declaration.ttl
        raw = item.get(name, {}).get("N") if name else None
        return raw is None or float(raw) > time.time()

    def expired(self) -> Condition | None:
        """Return the condition that it is past its time to live; None if it has none."""
        name = self.declaration.ttl
        return ItemPath(name) <= {"N": str(int(time.time()))} if name else None

    def present(self) -> Condition:
        """Return the condition that it is stored, and not past its time to live."""
        expired, stored = self.expired(), self.hash.exists()
        return stored if expired is None else stored & ~expired

    def absent(self) -> Condition:
        """Return the condition that it is not stored, or past its time to live."""
        expired, missing = self.expired(), self.hash.does_not_exist()
        return missing if expired is None else missing | expired

    # Reading

    def get(self, key: Item, *, consistent: bool = True) -> Item | None:
        """Return the item with a key; None if there is none."""
        item, _ = self.table.get(key, consistent=consistent)
        return item if item is not None and self.is_alive(item) else None

    def get_many(self, keys: Iterable[Item]) -> dict[bytes, Item]:
        """Return the items that are there of those with these keys, by `identity`."""
        different = {self.identity(key): key for key in keys}
        found = self.table.get_many(list(different.values()))
        return {self.identity(item): item for item in found if self.is_alive(item)}

    def identity(self, item: Item) -> bytes:
        """Return what tells the key of an item from others."""
        return orjson.dumps([key_text(item[name]) for name in self.declaration.keys])

    def query(
        self,
        hash_value: Any,
        index: str | None,
        range_condition: Condition | None,
        filter_condition: Condition | None,
        *,
        descending: bool,
        limit: int,
        most_examined: int,
        after: Item | None,
        cursor: str | None,
        cursors: CursorSigner | None,
    ) -> Page[Item]:
        """See `Persistent.query`."""
        keys = self._keys_of(index)
        try:
            hash_raw = self.codec.key_value(keys.hash_key, hash_value)
        except NotFound:  # no object can have it
            return Page([], None, None, 0)
        condition = ItemPath(keys.hash_key) == hash_raw
        check_conditions(range_condition=range_condition, filter_condition=filter_condition)
        if range_condition is not None:
            self._check_range(range_condition, keys.range_key)
            condition &= range_condition
        local = isinstance(keys, Index) and keys.local
        read = partial(
            self.table.query,
            condition,
            index=index,
            filter_condition=filter_condition,
            forward=not descending,
            consistent=index is None or local,
        )
        names = list(dict.fromkeys((*self.declaration.keys, *keys.keys)))
        asked = [str(index), condition_text(condition), str(descending), condition_text(filter_condition)]
        return self._page(read, names, asked, limit, most_examined, after, cursor, cursors)

    def scan(
        self,
        filter_condition: Condition | None,
        *,
        limit: int,
        most_examined: int,
        after: Item | None,
        cursor: str | None,
        cursors: CursorSigner | None,
    ) -> Page[Item]:
        """See `Persistent.scan`."""
        check_conditions(filter_condition=filter_condition)
        read = partial(self.table.scan, filter_condition=filter_condition)
        keys, asked = list(self.declaration.keys), [condition_text(filter_condition)]
        return self._page(read, keys, asked, limit, most_examined, after, cursor, cursors)

    def _page(
        self,
        read: Any,
        names: Sequence[str],
        asked: Sequence[str],
        limit: int,
        most_examined: int,
        after: Item | None,
        cursor: str | None,
        cursors: CursorSigner | None,
    ) -> Page[Item]:
        asked = [self.table.name, *asked]
        if cursor is not None:
            if cursors is None or after is not None:
                raise TypeError("a cursor needs the CursorSigner it was made by (cursors=), and no after=")
            after = cursors.read(asked, cursor)[0].key
        found, last, examined = read_items(
            lambda start, chunk: read(start=start, limit=chunk),
            self.is_alive,
            names,
            after,
            limit=limit,
            most_examined=most_examined,
        )
        signed = cursors.sign(asked, Position(0, last)) if cursors and last else None
        return Page(found, last, signed, examined)

    def _keys_of(self, index: str | None) -> Any:
        if index is None:
            return self.declaration
        if index not in self.declaration.indexes:
            known = ", ".join(self.declaration.indexes) or "none"
            raise LookupError(f"{self.shape.name} has no index {index!r}; it has {known}")
        return self.declaration.indexes[index]

    def _check_range(self, condition: Condition, range_key: str | None) -> None:
        path = condition.values[0]
        of_key = isinstance(path, ItemPath) and path.steps == (range_key,)
        if not of_key or condition.operator not in _RANGE_OPERATORS:
            told = f"one condition on {range_key}" if range_key else "none, for there is no range key"
            raise TypeError(
                f"range_condition has to be {told}: == < <= > >= between or startswith;"
                " others are for filter_condition"
            )

    # Conditions

    def field(self, name: str, *steps: str | int) -> Field:
        """See `Persistent.field`."""
        shape = self.shape
        name = shape.name_of(name)
        kind, form = _property(shape, name), self.codec.forms.get(name)
        if form is not None and not steps:
            raw, member = partial(self._operand, kind, name), partial(self._member, kind)
            ordered = isinstance(form, TextForm) or _has_order(kind)
            return Field(ItemPath(name), raw, member, ordered=ordered)
        if form is not None and form.type not in (None, "L", "M"):
            raise TypeError(f"{shape.name}.{name} has nothing inside of it")
        for step in steps:
            kind = _inner(kind, step)
        path = ItemPath(*((name,) if form is not None else (MORE, name)), *steps)
        return Field(path, partial(_plain, kind), partial(self._member, kind), ordered=_has_order(kind))

    def _operand(self, kind: Kind, name: str, value: Any) -> Raw:
        form, faults = self.codec.forms[name], list[Fault]()
        raw = form.raw(kind.json(value, "", faults), "", faults)
        return _operand(f"{self.shape.name}.{name}", raw, form.type, faults)

    def _member(self, kind: Kind, value: Any) -> Raw:
        return _plain(kind.item if isinstance(kind, ListKind) else Kind(kind.name), value)


def condition_text(condition: Condition | None) -> str:
    """Return a condition as text that no other condition has."""
    if condition is None:
        return ""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    text = condition.serialize(names, values)
    return orjson.dumps([text, names, values], default=bytes.hex).decode()


def _plain(kind: Kind, value: Any) -> Raw:
    faults: list[Fault] = []
    raw = raw_of(kind.json(value, "", faults), "", faults)
    return _operand(kind.name, raw, TYPES.get(kind.json_type or ""), faults)


def _operand(name: str, raw: Raw | None, type_: str | None, faults: Sequence[Fault]) -> Raw:
    if faults or raw is None:
        raise TypeError(f"{name}: the operand {_told(faults)}")
    if type_ is not None and not raw.keys() & {type_, "NULL"}:  # it would be unequal to whatever is there
        raise TypeError(f"{name}: the operand is of another type than its values")
    return raw


def _property(shape: Shape, name: str) -> Kind:
    """Return the kind of a property.

    :raises TypeError: if its schema allows none of the name: a condition on it would hold for all, or none.
    """
    kind = shape.kind(name)
    closed = kind.node is False or any(one.get("unevaluatedProperties") is False for one in shape.parts)
    if closed and name not in shape.properties:
        raise TypeError(f"{shape.name} has no property {name!r}{suggestion(name, shape.properties)}")
    return kind


def _told(faults: Sequence[Fault]) -> str:
    return "; ".join(one.detail for one in faults) or "is empty"


def _inner(kind: Kind, step: str | int) -> Kind:
    if isinstance(kind, ListKind) and isinstance(step, int):
        return kind.item
    if isinstance(kind, MapKind) and isinstance(step, str):
        return kind.value
    if isinstance(kind, ObjectKind) and isinstance(step, str):
        return _property(kind.made._shape, step)
    return Kind(f"{kind.name}.{step}")


def _has_order(kind: Kind) -> bool:
    """Return whether the JSON of values is in the order of the values, as that of times is not."""
    return kind.is_plain() or (isinstance(kind, ScalarKind) and kind.format == "date")
