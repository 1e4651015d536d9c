"""Writing the items of one class: each write is one conditional request, or a part of a transaction."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from itertools import chain
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from libs.api.document.errors import suggestion
from libs.api.objects import merging
from libs.api.objects.kinds import ListKind, ScalarKind
from libs.api.objects.views import InvalidObject
from libs.api.persistence.changes import Counted, Exclude, Increase, Removed
from libs.api.persistence.codec import check_size, stored
from libs.api.persistence.fields import ItemPath, check_conditions
from libs.api.persistence.forms import Raw
from libs.api.persistence.storage import Storage
from libs.api.schema import JSON
from libs.dynamodb import Change, ConditionFailed, Item, Put, Remove, Transaction, Write, current_transaction
from libs.dynamodb.contention import patiently, pauses, wait
from libs.dynamodb.limits import MOST_DIGITS
from libs.errors import Conflict, Fault, InvalidBody, NotFound, Problem, pointer

_ADDS = Context(prec=MOST_DIGITS)
_NOTHING = "$nothing"
"""An attribute that never is there."""


@dataclass(frozen=True)
class Terms:
    """How a write is to be done.

    :ivar condition: what the stored item has to be like.
    :ivar conflict: what is raised where it is not.
    :ivar transaction: what it is to be a part of.
    """

    condition: Condition | None = None
    conflict: Problem | None = None
    transaction: Transaction | None = None

    def check(self) -> None:
        """:raises RuntimeError: if it is not to be a part of the transaction that it is in the block of.

        :raises TypeError: if its condition is none.
        """
        check_conditions(condition=self.condition)
        if self.transaction is current_transaction():
            return
        if self.transaction is not None:
            raise RuntimeError("this is not in the block of its transaction=, which would not write it")
        raise RuntimeError(
            "this is in a database.transaction(): give it as transaction=, or write outside of it"
        )

    def failed(self) -> Problem:
        """Return the problem that the condition does not hold."""
        return self.conflict or Conflict("It is not as it has to be for this.", code="CONDITION_FAILED")


def create(storage: Storage, data: JSON, terms: Terms) -> None:
    """Write an item that must not be there; see `Persistent.create`."""
    terms.check()
    item = stored(storage.codec.item(data))
    write = Put(item, storage.absent())
    exists = terms.conflict or Conflict("It exists already.", code="RESOURCE_EXISTS")
    if terms.transaction is not None:
        terms.transaction.write(storage.table, write, conflict=exists)
        return
    try:
        _write(storage, write)
    except ConditionFailed:
        raise exists from None


def save(storage: Storage, data: JSON, terms: Terms, *, known: int | None, must_exist: bool) -> None:
    """Write all properties of an item; see `Persistent.save`.

    :param known: the version it must have; None for none, if versions are counted.
    """
    terms.check()
    attributes = storage.codec.item(data)
    key = {name: attributes.pop(name) for name in storage.declaration.keys}
    version = storage.declaration.version
    condition = terms.condition
    if version and known is not None:
        condition = _both(ItemPath(version) == {"N": str(known)}, condition)
    elif version and not must_exist:
        condition = _both(storage.absent(), condition)
    if must_exist:
        condition = _both(storage.present(), condition)
    write = Change(stored(key), _actions(attributes), condition, {**stored(key), **stored(attributes)})
    changed = terms.failed() if terms.condition is not None or not version else _changed(terms)
    if terms.transaction is not None:
        plain = must_exist and terms.condition is None and known is None
        terms.transaction.write(
            storage.table, write, conflict=terms.conflict or (NotFound() if plain else changed)
        )
        return
    try:
        _write(storage, write)
    except ConditionFailed:
        found = storage.get(write.key)
        if must_exist and found is None:
            raise NotFound from None
        if version and (found or {}).get(version) != (None if known is None else {"N": str(known)}):
            raise _changed(terms) from None
        raise changed from None


def update(storage: Storage, key: Item, changes: Mapping[str, Any], terms: Terms) -> Item | None:
    """Change some attributes; see `Persistent.update`.

    :return: the item as it is then; None in a transaction.
    """
    terms.check()
    planned = _Planned(storage, changes)
    condition = storage.present()
    for one in (*planned.conditions, *([] if terms.condition is None else [terms.condition])):
        condition &= one
    write = Change(key, planned.actions, condition)
    if terms.transaction is not None:
        missing = NotFound() if terms.condition is None and not planned.conditions else terms.failed()
        terms.transaction.write(storage.table, write, conflict=terms.conflict or missing)
        return None
    if not planned.repeatable:
        return _update_once(storage, write, planned, terms)
    try:
        return _write(storage, write)
    except ConditionFailed:
        if storage.get(key) is None:
            raise NotFound from None
        raise terms.failed() from None


def _update_once(storage: Storage, write: Change, planned: "_Planned", terms: Terms) -> Item:
    """Do an update that must not be done twice when its answer is lost: only a transaction knows that.

    It does not tell what it made of a number, either. That is known where the number is still what was read
    before.
    """
    waits = chain(pauses(), pauses())
    while True:
        before = (storage.get(write.key) or {}) if planned.increases else {}
        unchanged = write.condition
        for name in planned.increases:
            path = ItemPath(name)
            unchanged &= path == before[name] if name in before else path.does_not_exist()
        try:
            _transact(storage, replace(write, condition=unchanged))
        except ConditionFailed:
            found = storage.get(write.key)
            if found is None:
                raise NotFound from None
            if all(found.get(name) == before.get(name) for name in planned.increases):
                raise terms.failed() from None
            wait(waits)  # others were faster
            continue
        after, _ = storage.table.get(write.key)
        if after is None:
            raise NotFound
        return {**after, **{name: _sum(before.get(name), by) for name, by in planned.increases.items()}}


def delete(storage: Storage, key: Item, terms: Terms) -> None:
    """Delete an item; see `Persistent.delete`."""
    terms.check()
    write = Remove(key, _both(storage.present(), terms.condition))
    if terms.transaction is not None:
        missing = NotFound() if terms.condition is None else terms.failed()
        terms.transaction.write(storage.table, write, conflict=terms.conflict or missing)
        return
    try:
        _write(storage, write)
    except ConditionFailed:
        raise (NotFound() if storage.get(key) is None else terms.failed()) from None


class _Planned:
    """The changes of an update.

    :raises InvalidObject: if a value breaks the schema.
    :raises InvalidBody: if DynamoDB cannot hold one.
    :raises TypeError: for what cannot be changed so.
    """

    def __init__(self, storage: Storage, changes: Mapping[str, Any]) -> None:
        shape, self._storage = storage.shape, storage
        self.actions: list[Action] = []
        self.conditions: list[Condition] = []
        self.increases: dict[str, Raw] = {}
        """What is added to which number; the version as well, if there are any."""
        self.repeatable = True
        self._wanted: dict[str, Raw | None] = {}
        self._faults: list[Fault] = []
        named = {shape.name_of(name): value for name, value in changes.items()}
        for name in named:
            self._check(name)
        plain = {n: one for n, one in named.items() if not isinstance(one, Counted | Removed)}
        for name, value in shape.some(plain).items():
            self._wanted |= storage.codec.attributes(name, value, self._faults, pointer(name))
        for name, change in named.items():
            if isinstance(change, Removed):
                self._remove(name)
            elif isinstance(change, Counted):
                self._count(name, change)
        if self._faults:
            raise InvalidBody("It cannot be stored.", errors=self._faults)
        check_size(stored(self._wanted))
        self.actions += _actions(self._wanted)
        if version := storage.declaration.version:
            self.actions.append(ItemPath(version).add({"N": "1"}))
            self.increases |= {version: {"N": "1"}} if self.increases else {}
        if not named:
            raise TypeError(f"{shape.name} was to be updated by nothing")
        if not self.actions:  # Include([]): it is not there, or not as it has to be, all the same
            self.actions.append(ItemPath(_NOTHING).remove())

    def _check(self, name: str) -> None:
        declaration, shape = self._storage.declaration, self._storage.shape
        if name not in self._storage.codec.forms:
            near = suggestion(name, shape.properties)
            raise TypeError(
                f"{shape.name} declares no property {name!r}{near}: load the object, change it, and save it"
            )
        if name in declaration.keys:
            raise TypeError(
                f"{shape.name}.{name} is its key, which cannot be changed: create another, delete this"
            )
        if name == declaration.version:
            raise TypeError(f"{shape.name}.{name} counts by itself; to ask for a version, give a condition")

    def _remove(self, name: str) -> None:
        shape = self._storage.shape
        if name in shape.required:
            raise InvalidObject(shape.name, [Fault("is required", pointer=pointer(name))])
        self._wanted |= dict.fromkeys(self._storage.codec.stored_names(name))

    def _count(self, name: str, change: Counted) -> None:
        shape, form = self._storage.shape, self._storage.codec.forms[name]
        if form.type not in change.types:
            kind = type(change).__name__
            told = " (is it among the `sets` of its class?)" if kind in ("Include", "Exclude") else ""
            raise TypeError(f"{shape.name}.{name} is not of a type for {kind}{told}")
        faults: list[Fault] = []
        operand = shape.kind(name).json(change.operand, pointer(name), faults)
        faults += [] if faults else self._operand_faults(name, change, operand)
        if faults:
            raise InvalidObject(shape.name, faults)
        raw = form.raw(operand, pointer(name), self._faults)
        if raw is None or self._faults:
            return
        path = ItemPath(name)
        self.actions.append(change.action(path, raw))
        self.conditions.append(change.condition(path, raw))
        self.repeatable &= change.repeatable
        if isinstance(change, Increase):
            self.increases[name] = raw

    def _operand_faults(self, name: str, change: Counted, operand: Any) -> Iterator[Fault]:
        shape = self._storage.shape
        kind = shape.kind(name)
        if isinstance(change, Increase):
            types = merging.types(merging.parts(shape.properties[name], shape.document))
            fitting = int | float | str if isinstance(kind, ScalarKind) else int | float
            if isinstance(operand, bool) or not isinstance(operand, fitting):
                yield Fault("is not of type number", pointer=pointer(name))
            elif types == {"integer"} and isinstance(operand, float):
                yield Fault("is not of type integer", pointer=pointer(name))
        elif isinstance(kind, ListKind) and not isinstance(change, Exclude):
            for at, one in enumerate(operand):
                for fault in kind.item.schema.faults(one):
                    yield Fault(fault.detail, pointer=pointer(name, at) + (fault.pointer or ""))


def _actions(attributes: Mapping[str, Raw | None]) -> list[Action]:
    paths = {name: ItemPath(name) for name in attributes}
    return [paths[name].remove() if raw is None else paths[name].set(raw) for name, raw in attributes.items()]


def _write(storage: Storage, write: Write) -> Item | None:
    # A single write, too, is refused while a transaction has the item.
    return patiently(lambda: storage.table.write(write))


def _transact(storage: Storage, write: Write) -> None:
    patiently(lambda: storage.table.transact([(storage.table, write)]))


def _sum(number: Mapping[str, Any] | None, by: Raw) -> Raw:
    """Return what `ADD` makes of a number."""
    return {"N": str(_ADDS.add(Decimal(number["N"] if number else 0), Decimal(by["N"])))}


def _changed(terms: Terms) -> Problem:
    return terms.conflict or Conflict("It was changed in the meantime.", code="CHANGED_MEANWHILE")


def _both(one: Condition, other: Condition | None) -> Condition:
    return one if other is None else one & other
