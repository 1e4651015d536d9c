"""Writing the rows of a table: each write is one conditional request, or one transaction."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from libs.api import HeldKey, key_in_use
from libs.dynamodb import Change, ConditionFailed, Item, Put, Remove, Table, Write
from libs.dynamodb.contention import contended, is_collision, patiently, pauses, wait
from libs.errors import Conflict, Forbidden, NotFound, PreconditionFailed
from libs.resource.query.condition import condition_for, filter_for, settled
from libs.resource.query.layout import Layout
from libs.resource.query.plan import Plan, Planner, Segment
from libs.resource.query.where import FALSE, TRUE, all_of, fields_of, given
from libs.resource.scope import Extent
from libs.resource.store.limits import KeyLimits
from libs.resource.store.reading import Reading
from libs.resource.store.revision import Revision, Revisions
from libs.resource.store.row import Row
from libs.resource.store.totals import KeptTotals

MOST_VERSIONS = 100
"""AWS limit on the operands of IN."""

Versions = tuple[int, ...] | None
"""The versions a row may have to be written; None for any."""


class Outdated(PreconditionFailed):
    """A store's own refusal, which is not to be mistaken for one that a hook raises.

    :param seen: the row that it was to be still; None where that was not asked for.
    """

    def __init__(self, seen: Row | None = None) -> None:
        super().__init__("It was changed in the meantime.")
        self.seen = seen


@dataclass(frozen=True)
class _Target:
    """The row a write is for, and what it must be like: of these versions, and as it was seen."""

    key: Item
    extent: Extent
    versions: Versions
    seen: Row | None


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
        self._revisions = Revisions(self.codec)
        self._limits = KeyLimits(model)
        self.version = self._revisions.version

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
        for name, attribute in self._revisions.derived.items():
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

    def create(self, row: Row, extent: Extent, held: HeldKey | None = None, path: str = "") -> Row:
        """Write a new row.

        :param held: the Idempotency-Key of the request that it is created for: they are one transaction,
            so that it is created once.
        :param path: of its resource, by which it is known again.
        :raises Conflict: IDEMPOTENCY_KEY_IN_USE, if another attempt has taken the key over.
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
        first = [] if held is None else [(held.table, held.mark(path, self.key_of(row)))]
        try:
            patiently(lambda: self._write(put, changes, first))
        except ConditionFailed as failed:
            if first and failed.index == 0:
                raise key_in_use() from None
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

        Where it was sent again because its answer was lost, a row that is as this update left it is our own.

        :param versions: those the row may have; None for any.
        :param seen: the row it must still be.
        :raises NotFound: if there is no such row in the extent.
        :raises Forbidden: OUT_OF_SCOPE, if it would leave the extent.
        :raises Outdated: if it has another version, or is not as it was seen.
        :raises InvalidBody: if an index cannot take a value.
        :raises TypeError: if an attribute that may not be null is to be; no client's fault, see `Bodies`.
        """
        revision = self._revisions.of(changes)
        self._limits.check(revision.item())
        target = self._target(key, extent, versions, seen)
        actions = revision.actions()
        if not actions:
            return self.get(key, extent)
        condition = self._condition(target, revision)
        if self.totals is not None and not self.totals.watched.isdisjoint(revision.values):
            return self._counted(target, revision.made_of, actions, condition)
        makes = None if seen is None else revision.made_of(seen).item
        return self._conditionally(Change(key, actions, condition, makes), target, revision)

    def changed(self, row: Row, changes: Mapping[str, Any]) -> Row:
        """Return what `row` will be by an `update` with these changes, without writing it.

        :raises TypeError: as `update`.
        """
        return self._revisions.of(changes).made_of(row)

    def delete(self, key: Item, extent: Extent, *, versions: Versions = None, seen: Row | None = None) -> Row:
        """Delete a row and return what it was.

        Where it was sent again because its answer was lost, a row that was `seen` and is gone was deleted
        by us; of one that was not, nothing shows that it ever was there.

        :param versions: those the row may have; None for any.
        :param seen: the row it must still be.
        :raises NotFound: if there is no such row in the extent.
        :raises Conflict: TOO_MANY_TOTALS, if it has more values than totals can follow in one write.
        :raises Outdated: if it has another version, or is not as it was seen.
        """
        target = self._target(key, extent, versions, seen)
        condition = self._condition(target, None)
        if self.totals is not None:
            return self._counted(target, lambda row: None, (), condition)
        return self._conditionally(Remove(key, condition, None if seen is None else seen.item), target, None)

    def _conditionally(self, write: Write, target: _Target, revision: Revision | None) -> Row:
        """Do a write, and tell why it was refused.

        :param revision: what it changes; None if it deletes.
        """
        try:
            after = patiently(lambda: self.table.write(write))
            return Row(self.codec, after or {})
        except ConditionFailed:
            item = self.table.get(target.key)[0]
            stored = None if item is None else Row(self.codec, item)
            if stored is None or not target.extent.expression.matches(stored):
                raise NotFound from None
            self._check_version(stored, target.versions, target.seen)
            if revision and not target.extent.expression.matches(revision.made_of(stored)):
                raise _out_of_scope() from None
            if target.seen is not None:
                raise Outdated(target.seen) from None
            raise contended() from None

    def _counted(
        self,
        target: _Target,
        become: Callable[[Row], Row | None],
        actions: Sequence[Action],
        condition: Condition,
    ) -> Row:
        """Change a row, or delete it, and the totals with it.

        What totals change by is computed of what was read, so the write is on condition that what they are
        about is still that; where it is not, all is done again.

        :param become: returns what the row read will be; None if it is deleted.
        """
        waits = pauses()
        while True:
            before = self.get(target.key, target.extent)
            self._check_version(before, target.versions, target.seen)
            after = become(before)
            if after is not None and not target.extent.expression.matches(after):
                raise _out_of_scope()
            guarded = condition & self._unchanged(before, self._counts_by())
            write: Write = Remove(target.key, guarded, before.item)
            if after is not None:
                write = Change(target.key, actions, guarded, after.item)
            try:
                stored = self._write(write, self.totals.changes(before, after) if self.totals else [])
            except ConditionFailed:
                if target.seen is not None:
                    raise Outdated(target.seen) from None
            except (ClientError, TransactWriteError) as error:
                if not is_collision(error):
                    raise
            else:
                return self._row_after(target.key, before, after, stored)
            wait(waits)

    def _row_after(self, key: Item, before: Row, after: Row | None, stored: Item | None) -> Row:
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

    def _write(
        self, write: Write, totals: Sequence[Change], first: Sequence[tuple[Table, Write]] = ()
    ) -> Item | None:
        counted = [(self.totals.table, one) for one in totals] if self.totals else []
        if not counted and not first:
            return self.table.write(write)
        self.table.transact([*first, (self.table, write), *counted])
        return None

    def _target(self, key: Item, extent: Extent, versions: Versions, seen: Row | None) -> _Target:
        version = None if seen is None else self.version_of(seen)
        if version is not None:
            return _Target(key, extent, (version,), seen)
        return _Target(key, extent, self._possible(versions, key, extent), seen)

    def _possible(self, versions: Versions, key: Item, extent: Extent) -> Versions:
        """Return versions that a condition can ask for: not none, and not more than fit in."""
        if versions is None or (self.version and 0 < len(versions) <= MOST_VERSIONS):
            return versions
        stored = self.get(key, extent)
        self._check_version(stored, versions)
        version = self.version_of(stored)
        return None if version is None else (version,)

    def _check_version(self, row: Row, versions: Versions, seen: Row | None = None) -> None:
        if versions is not None and self.version_of(row) not in versions:
            raise Outdated(seen)

    def version_of(self, row: Row) -> int | None:
        """Return the version of a row; None if its model has none."""
        return self._revisions.version_of(row)

    def _condition(self, target: _Target, revision: Revision | None) -> Condition:
        """Return the condition that the row is in the extent, stays there, and is as it must be."""
        # What the key and the changes settle by themselves needs no condition.
        known = {name: self.codec.value(name, target.key) for name in self.layout.table.key}
        before = given(settled(target.extent.expression, self.codec), known)
        after = given(before, revision.read(fields_of(before)) if revision else {})
        if before == FALSE:
            raise NotFound
        if after == FALSE:
            self.get(target.key, target.extent)
            raise _out_of_scope()
        condition = self._is_stored()
        within = all_of(before, *([after] if after != before else []))
        if within != TRUE:
            condition &= condition_for(within, self.codec)
        if target.versions is not None and self.version:
            path = Path([self.codec.stored_name(self.version)])
            condition &= path.is_in(*({"N": str(one)} for one in target.versions))
        seen = target.seen
        if seen is not None and self.version_of(seen) is None:
            condition &= self._unchanged(seen, {*seen.item, *self.codec.python_names})
        return condition

    def _is_stored(self) -> Condition:
        stored: Condition = Path([self.codec.stored_name(self.layout.table.hash)]).exists()
        return stored


def _out_of_scope() -> Forbidden:
    return Forbidden("You could not see it any more.", code="OUT_OF_SCOPE")
