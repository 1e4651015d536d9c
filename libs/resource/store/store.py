"""Writing the rows of a table: each write is one conditional request, or one transaction."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from time import sleep
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.attributes import VersionAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from libs.dynamodb import Change, ConditionFailed, Item, Put, Remove, Table, Write
from libs.errors import Conflict, Forbidden, NotFound, PreconditionFailed
from libs.resource.query.condition import condition_for, filter_for
from libs.resource.query.derived import derived_attributes
from libs.resource.query.layout import Layout
from libs.resource.query.plan import Plan, Planner, Segment
from libs.resource.query.where import FALSE, TRUE, all_of, given
from libs.resource.scope import Extent
from libs.resource.store.contention import contended, is_collision, patiently, pauses
from libs.resource.store.limits import KeyLimits
from libs.resource.store.reading import Reading
from libs.resource.store.row import Row
from libs.resource.store.totals import KeptTotals

MOST_VERSIONS = 100
"""AWS limit on the operands of IN."""

Versions = tuple[int, ...] | None
"""The versions a row may have to be written; None for any."""


class Store:
    """The rows of `model`, by their keys.

    Every method takes the extent the caller may reach; a row outside of it is not there.

    :param model: bound to a table (see `Database`) before the first request.
    :param totals: what is to be kept of the rows, in the same transaction as each write that changes it.
    """

    def __init__(self, model: type[Model], totals: KeptTotals | None = None) -> None:
        self.layout = Layout(model)
        self.codec = self.layout.codec
        self.table = Table(model)
        self.totals = totals
        self._model = model
        self._derived = derived_attributes(model)
        self._limits = KeyLimits(model)
        kept = (name for name, one in self.codec.attributes.items() if isinstance(one, VersionAttribute))
        self.version = next(kept, None)

    def read(self, plan: Plan, **options: Any) -> Reading:
        """Begin to read the rows of a plan; see `Reading`."""
        return Reading(self.table, self.codec, plan, **options)

    def all_rows(self, extent: Extent) -> Iterator[Row]:
        """Read all rows of an extent as they are stored, however many: for maintenance, not for requests."""
        plan = Planner(self.layout, allow_scan=True).plan(extent.expression)
        if plan.kind != "nothing" and not plan.access.consistent:  # a global index lags behind
            wanted = extent.expression
            table = self.layout.table
            plan = Plan("scan", table, (Segment(),), wanted, filter_for(wanted, self.codec))
        return iter(self.read(plan, most_examined=2**62, chunk=500))

    def new(self, values: Mapping[str, Any]) -> Row:
        """Return a row that is not stored yet: with its defaults, what is derived, and version 1."""
        instance = self._model(**values)
        if self.version:
            setattr(instance, self.version, 1)
        for name, attribute in self._derived.items():
            value = getattr(instance, attribute.source)
            setattr(instance, name, None if value is None else attribute.derive(value))
        return Row(self.codec, self.codec.item(instance))

    def key_of(self, row: Row) -> dict[str, Any]:
        """Return the key of a row as DynamoDB takes it."""
        names = (self.codec.stored_name(name) for name in self.layout.table.key)
        return {name: row.item[name] for name in names}

    def get(self, key: Item, extent: Extent) -> Row:
        """:raises NotFound: if there is no such row in the extent."""
        item, _ = self.table.get(key)
        if item is None:
            raise NotFound
        row = Row(self.codec, item)
        if not extent.expression.matches(row):
            raise NotFound
        return row

    def create(self, row: Row, extent: Extent) -> Row:
        """Write a new row.

        :raises Conflict: RESOURCE_EXISTS, if there is one with its key. Where it was sent again because its
            answer was lost, a row equal to `row` is our own, and no conflict.
        :raises Forbidden: OUT_OF_SCOPE, if its creator could not see it.
        :raises InvalidBody: if it has no value an index could take.
        """
        if not extent.expression.matches(row):
            raise _out_of_scope()
        self._limits.check(row.item)
        put = Put(row.item, ~self._is_stored())
        changes = self.totals.changes(None, row) if self.totals else []
        try:
            patiently(lambda: self._write(put, changes))
        except ConditionFailed as failed:
            stored = self.table.get(self.key_of(row))[0] if failed.sent_again else None
            if stored is None or self._values(Row(self.codec, stored)) != self._values(row):
                raise Conflict("It exists already.", code="RESOURCE_EXISTS") from None
        return row

    def update(
        self,
        key: Item,
        changes: Mapping[str, Any],
        extent: Extent,
        *,
        versions: Versions = None,
        seen: Row | None = None,
    ) -> Row:
        """Change the given attributes only, None removing one, and return the row as it is then.

        :param versions: those the row may have; None for any.
        :param seen: the row it must still be, where there is no version to tell by.
        :raises NotFound: if there is no such row in the extent.
        :raises Forbidden: OUT_OF_SCOPE, if it would leave the extent.
        :raises PreconditionFailed: if it has another version, or is not as it was seen.
        :raises InvalidBody: if an index cannot take a value.
        """
        changes = {**changes, **self._derive(changes)}
        raws = {name: self._raw(name, value) for name, value in changes.items()}
        changes = {name: value if raws[name] else None for name, value in changes.items()}
        self._limits.check({self.codec.stored_name(name): raw for name, raw in raws.items() if raw})
        versions = self._possible(versions, key, extent)
        actions = self._actions(raws)
        if not actions:
            return self.get(key, extent)
        condition = self._condition(key, extent, versions, changes, seen)
        if self.totals is not None and not self.totals.watched.isdisjoint(changes):
            return self._counted(
                key, extent, versions, lambda row: self._updated(row, raws), actions, condition, seen
            )
        change = Change(key, actions, condition)
        return self._conditionally(change, key, extent, versions, changes, seen)

    def delete(self, key: Item, extent: Extent, *, versions: Versions = None, seen: Row | None = None) -> Row:
        """Delete a row and return what it was.

        :param versions: those the row may have; None for any.
        :param seen: the row it must still be, where there is no version to tell by.
        :raises NotFound: if there is no such row in the extent.
        :raises PreconditionFailed: if it has another version, or is not as it was seen.
        """
        versions = self._possible(versions, key, extent)
        condition = self._condition(key, extent, versions, {}, seen)
        if self.totals is not None:
            return self._counted(key, extent, versions, lambda row: None, (), condition, seen)
        return self._conditionally(Remove(key, condition), key, extent, versions, {}, seen)

    def _conditionally(
        self,
        write: Write,
        key: Item,
        extent: Extent,
        versions: Versions,
        changes: Mapping[str, Any],
        seen: Row | None,
    ) -> Row:
        try:
            after = patiently(lambda: self.table.write(write))
            return Row(self.codec, after or {})
        except ConditionFailed:
            stored = self.get(key, extent)
            self._check_version(stored, versions)
            if not given(extent.expression, changes).matches(stored):
                raise _out_of_scope() from None
            if seen is not None:
                raise PreconditionFailed("It was changed in the meantime.") from None
            raise contended() from None

    def _counted(
        self,
        key: Item,
        extent: Extent,
        versions: Versions,
        become: Callable[[Row], Row | None],
        actions: Sequence[Action],
        condition: Condition,
        seen: Row | None,
    ) -> Row:
        """Change a row, or delete it, and the totals with it.

        What totals change by is computed of what was read, so the write is on condition that what they are
        about is still that; where it is not, all is done again.

        :param become: returns what the row read will be; None if it is deleted.
        """
        waits = pauses()
        while True:
            before = self.get(key, extent)
            self._check_version(before, versions)
            after = become(before)
            if after is not None and not extent.expression.matches(after):
                raise _out_of_scope()
            guarded = condition & self._unchanged(before, self._counts_by())
            write = Remove(key, guarded) if after is None else Change(key, actions, guarded)
            try:
                stored = self._write(write, self.totals.changes(before, after) if self.totals else [])
            except ConditionFailed:
                if seen is not None:
                    raise PreconditionFailed("It was changed in the meantime.") from None
            except (ClientError, TransactWriteError) as error:
                if not is_collision(error):
                    raise
            else:
                return self._written(key, before, after, stored)
            pause = next(waits, None)
            if pause is None:
                raise contended()
            sleep(pause)

    def _written(self, key: Item, before: Row, after: Row | None, stored: Item | None) -> Row:
        """Return the row after a write, which a transaction does not tell."""
        if after is None:
            return before
        if stored is None and not self.version:
            # Other attributes may have been changed since it was read. With a version they were not.
            stored = self.table.get(key)[0]
        return after if stored is None else Row(self.codec, stored)

    def _counts_by(self) -> set[str]:
        """Return the names under which what totals are about, and the version, are stored."""
        names = {*(self.totals.watched if self.totals else ()), *([self.version] if self.version else ())}
        return {self.codec.stored_name(name) for name in names}

    def _unchanged(self, row: Row, names: Collection[str]) -> Condition:
        """Return the condition that attributes, by their names in an item, are what they were in `row`."""
        keys = {self.codec.stored_name(name) for name in self.layout.table.key}
        condition = self._is_stored()
        for name in sorted(set(names) - keys):
            path = Path([name])
            raw = row.item.get(name)
            condition &= path.does_not_exist() if raw is None else path == dict(raw)
        return condition

    def _updated(self, row: Row, raws: Mapping[str, Mapping[str, Any] | None]) -> Row:
        item = dict(row.item)
        for name, raw in raws.items():
            if raw is None:
                item.pop(self.codec.stored_name(name), None)
            else:
                item[self.codec.stored_name(name)] = raw
        if self.version:
            item[self.codec.stored_name(self.version)] = {"N": str((self.version_of(row) or 0) + 1)}
        return Row(self.codec, item)

    def _write(self, write: Write, totals: Sequence[Change]) -> Item | None:
        if not totals or self.totals is None:
            return self.table.write(write)
        table = self.totals.table
        self.table.transact([(self.table, write), *((table, one) for one in totals)])
        return None

    def _possible(self, versions: Versions, key: Item, extent: Extent) -> Versions:
        """Return versions that a condition can ask for: not none, and not more than fit in."""
        if versions is None or (self.version and 0 < len(versions) <= MOST_VERSIONS):
            return versions
        stored = self.get(key, extent)
        self._check_version(stored, versions)
        version = self.version_of(stored)
        return None if version is None else (version,)

    def _check_version(self, row: Row, versions: Versions) -> None:
        if versions is not None and self.version_of(row) not in versions:
            raise PreconditionFailed("It was changed in the meantime.")

    def version_of(self, row: Row) -> int | None:
        """Return the version of a row; None if its model has none."""
        return row(self.version) if self.version else None

    def _values(self, row: Row) -> dict[str, Any]:
        # Not what is on the wire: there 5.0 comes back as 5, and a set in any order.
        return {name: row(name) for name in self.codec.attributes}

    def _derive(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: None if changes[one.source] is None else one.derive(changes[one.source])
            for name, one in self._derived.items()
            if one.source in changes
        }

    def _raw(self, name: str, value: Any) -> Mapping[str, Any] | None:
        """Return a value as DynamoDB takes it; None for null and an empty set, which are not stored."""
        if value is None:
            return None
        raw = self.codec.raw(name, value)
        return None if None in raw.values() else raw

    def _actions(self, raws: Mapping[str, Mapping[str, Any] | None]) -> list[Action]:
        # Of raw values: PynamoDB takes a client's {"S": "x"} for one, whatever attribute it is for.
        paths = {name: Path([self.codec.stored_name(name)]) for name in raws}
        actions: list[Action] = [
            paths[name].remove() if raw is None else paths[name].set(dict(raw)) for name, raw in raws.items()
        ]
        if self.version:
            actions.append(Path([self.codec.stored_name(self.version)]).add({"N": "1"}))
        return actions

    def _condition(
        self,
        key: Item,
        extent: Extent,
        versions: Versions,
        changes: Mapping[str, Any],
        seen: Row | None,
    ) -> Condition:
        """Return the condition that the row is in the extent, stays there, and is as it must be."""
        # What the key and the changes settle by themselves needs no condition.
        known = {name: self.codec.value(name, key) for name in self.layout.table.key}
        before = given(extent.expression, known)
        after = given(before, changes)
        if before == FALSE:
            raise NotFound
        if after == FALSE:
            self.get(key, extent)
            raise _out_of_scope()
        condition = self._is_stored()
        within = all_of(before, *([after] if after != before else []))
        if within != TRUE:
            condition &= condition_for(within, self.codec)
        if versions is not None and self.version:
            path = Path([self.codec.stored_name(self.version)])
            condition &= path.is_in(*({"N": str(one)} for one in versions))
        if seen is not None:
            condition &= self._unchanged(seen, {*seen.item, *self.codec.python_names})
        return condition

    def _is_stored(self) -> Condition:
        stored: Condition = Path([self.codec.stored_name(self.layout.table.hash)]).exists()
        return stored


def _out_of_scope() -> Forbidden:
    return Forbidden("You could not see it any more.", code="OUT_OF_SCOPE")
