"""``@migration``: a function over the items of a table that a worker runs page by page.

After each page its position is stored. So a worker that is killed, a deploy, a pause and a database that is
away cost a page at most, which is done again; and an item that was changed meanwhile is looked at again, as
each write is made on the condition that the item is still as it was read.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from libs.dynamodb import Change, ConditionFailed, Database, Item, Table
from libs.dynamodb.contention import pauses, wait
from libs.errors import Conflict
from libs.tasks.lease import Progress
from libs.tasks.migrations.progress import DONE, FAILED, PAUSED, RUNNING, Part
from libs.tasks.operation import Operation
from libs.tasks.task import Task

logger = logging.getLogger(__name__)

SLICE_SECONDS = 60.0
"""How long one operation does pages before it hands over to the next: what a replay or a lost lease costs."""
MOST_PARTS = 40
"""All are started in one transaction, each with its operation (100 items, AWS)."""

M = TypeVar("M", bound=Model)


class Edit:
    """What a migration does to one item.

    :param actions: as for `Model.update`.
    :param condition: what has to hold of the item still, beside that it is there. Needed where its model has
        no `VersionAttribute`: that of one that has is looked at, and raised.
    """

    def __init__(self, *actions: Action, condition: Condition | None = None) -> None:
        self.actions = actions
        self.condition = condition


class Migration(Task):
    """What ``@migration`` makes of a function: a task, which a service names among its tasks.

    :param change: returns the `Edit` of an item, None where nothing is to be done, and never the same for an
        item that has had it. It is called more than once for some items.
    :param parts: how many parts of the table are done at the same time, each by an operation of its own.
    :param page_items: how many items are read at once, in one page.
    :param pages_per_second: how many pages of each part are done in a second, at most: what bounds the
        capacity it takes.
    :param queue: whose workers do it; a migration keeps one of them busy for each part.
    :param belongs: tells by an item, as DynamoDB has it, whether it is one of `model`; others are left alone.
        Needed where models share the table that no `DiscriminatorAttribute` tells apart.
    :raises ValueError: for numbers that make no sense.
    """

    def __init__(
        self,
        change: Callable[[Any], Edit | None],
        model: type[Model],
        *,
        parts: int = 1,
        page_items: int = 100,
        pages_per_second: float = 2.0,
        queue: str | None = None,
        belongs: Callable[[Item], bool] | None = None,
    ) -> None:
        if not (1 <= parts <= MOST_PARTS and page_items >= 1 and pages_per_second > 0):
            raise ValueError(f"a migration has 1 to {MOST_PARTS} parts, and pages of one item at least")

        def pages(number: int, turn: int, progress: Progress, database: Database) -> dict[str, int]:
            return self._run(number, turn, progress, database)

        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(pages, name, getattr(change, name))
        super().__init__(pages, attempts=12, timeout=SLICE_SECONDS * 5, queue=queue)
        self.change = change
        self.model = model
        self.parts = parts
        self.page_items = page_items
        self.belongs = belongs
        self._seconds = 1 / pages_per_second

    def found(self) -> list[Part]:
        """Return how far its parts are; [] if it was never started."""
        first = Part.find(self.name, 0)
        if first is None:
            return []
        others = (Part.find(self.name, number) for number in range(1, first.parts))
        return [first, *(one for one in others if one is not None)]

    def start(self, database: Database, *, again: bool = False) -> list[Part]:
        """Have workers begin, or go on, with every part that is not done; return those.

        It is done where a `TaskRuntime` is active. A run that is still at it stops after its page.

        :param again: from the beginning, also what is done.
        :raises Conflict: MIGRATION_DONE, if all of it is done; MIGRATION_STARTED, if somebody else starts it;
            MIGRATION_TABLE_SHARED, if nothing tells its items from those of other models.
        """
        self._check_alone(database)
        found = {part.number: part for part in self.found()}
        # The number of parts is that of when it was begun: another one would be other parts.
        parts = self.parts if again or not found else found[0].parts
        if found:  # of a time when there were more parts, rows are there that are none of it now
            rows = (Part.find(self.name, number) for number in range(len(found), parts))
            found |= {row.number: row for row in rows if row is not None}
        begun = {number for number, part in found.items() if again or part.state != DONE}
        wanted = sorted(begun & set(range(parts)) | set(range(parts)) - found.keys())
        if not wanted:
            raise Conflict("All of it is done. From the beginning: --again.", code="MIGRATION_DONE")
        faster = Conflict("Somebody else starts it right now.", code="MIGRATION_STARTED")
        with database.transaction() as transaction:
            for number in wanted:
                part = found.get(number)
                write = (
                    Part(self.name, number, parts).begin()
                    if part is None
                    else part.next_turn(anew=again, parts=parts)
                )
                transaction.write(Table(Operation), write, conflict=faster)
                self(number=number, turn=1 if part is None else part.turn + 1)
        for number, part in found.items():
            if number >= parts:
                part.stop(PAUSED)
        return [part for part in self.found() if part.number in wanted]

    def _check_alone(self, database: Database) -> None:
        """See that no item of another model could be taken for one of this."""
        table = self.model.Meta.table_name
        others = {one for one in database.models if one.Meta.table_name == table} - {self.model}
        kinds = {_discriminator(one) for one in (self.model, *others)}
        if others and self.belongs is None and (None in kinds or len(kinds) > 1):
            names = " and ".join(sorted(one.__name__ for one in others))
            raise Conflict(
                f"The table of {self.model.__name__} is that of {names}, too: say which items are meant, "
                "@migration(…, belongs=), or give all of them one DiscriminatorAttribute.",
                code="MIGRATION_TABLE_SHARED",
            )

    def stop(self, state: str) -> int:
        """Have its parts stop after their pages; return how many that were running do so."""
        return sum(part.stop(state) for part in self.found())

    def _run(self, number: int, turn: int, progress: Progress, database: Database) -> dict[str, int]:
        """Do pages until the part is done or paused, or another operation goes on with it."""
        until = time.monotonic() + SLICE_SECONDS
        while True:
            began = time.monotonic()
            part = Part.find(self.name, number)
            if part is None or part.turn != turn or part.state != RUNNING:
                return {} if part is None else {"pages": part.pages, "changed": part.changed}
            progress.check()
            self._page(part)
            if time.monotonic() > until:
                self._hand_over(number, turn, database)
                return {"pages": part.pages + 1, "changed": part.changed}
            time.sleep(max(0.0, began + self._seconds - time.monotonic()))

    def _hand_over(self, number: int, turn: int, database: Database) -> None:
        part = Part.find(self.name, number)
        if part is None or part.turn != turn or part.state != RUNNING:
            return
        changed = Conflict("It was paused, or is done.", code="MIGRATION_STARTED")
        try:
            with database.transaction() as transaction:
                transaction.write(Table(Operation), part.next_turn(), conflict=changed)
                self(number=number, turn=turn + 1)
        except Conflict as conflict:
            # Somebody has paused or started it since it was read; or another run of the same operation was
            # faster.
            if conflict is not changed:
                raise

    def _page(self, part: Part) -> None:
        segment = (part.number, part.parts)
        read = Table(self.model).scan(start=part.position, limit=self.page_items, segment=segment)
        try:
            changed = sum(self._item(item) for item in read.items)
        except _ChangeFailed as failed:
            part.stop(FAILED)
            told = {"task": self.name, "part": part.number}
            logger.error("a migration has failed", extra=told, exc_info=failed.__cause__)
            advice = "The function of the migration has failed. Mend it, and start the migration again."
            raise Conflict(advice, code="MIGRATION_FAILED") from failed.__cause__
        part.done(len(read.items), changed, read.last_key)

    def _item(self, item: Item) -> bool:
        """Change one item; True if there was something to change."""
        table, waits = Table(self.model), pauses()
        attributes = self.model.get_attributes().values()
        key = {
            one.attr_name: item[one.attr_name] for one in attributes if one.is_hash_key or one.is_range_key
        }
        current: Item | None = item
        while current is not None:
            write = self._write(key, current)
            if write is None:
                return False
            try:
                table.write(write)
            except ConditionFailed:  # it was changed, or deleted, since it was read
                wait(waits)
                current, _ = table.get(key)
            else:
                return True
        return False

    def _write(self, key: Item, item: Item) -> Change | None:
        try:
            if not self._is_one(item):
                return None
            row = self.model.from_raw_data(dict(item))
            edit = self.change(row)
            return None if edit is None else self._conditional(key, edit, row)
        except Exception as error:
            raise _ChangeFailed from error

    def _is_one(self, item: Item) -> bool:
        """Return whether an item is of the model, and not of another one in its table."""
        if self.belongs is not None:
            return self.belongs(item)
        kind = self.model._get_discriminator_attribute()
        if kind is None:
            return True
        own = {kind.get_discriminator(one) for one in kind.get_registered_subclasses(self.model)}
        return item.get(kind.attr_name, {}).get("S") in own

    def _conditional(self, key: Item, edit: Edit, row: Model) -> Change:
        attributes = self.model.get_attributes()
        hash_key = next(one for one in attributes.values() if one.is_hash_key)
        condition, actions = hash_key.exists(), list(edit.actions)
        if edit.condition is not None:
            condition &= edit.condition
        version_name = self.model._version_attribute_name
        if version_name is not None:
            version, read = attributes[version_name], getattr(row, version_name)
            condition &= version.does_not_exist() if read is None else version == read
            actions.append(version.set(1 if read is None else int(read) + 1))
        elif edit.condition is None:
            model = self.model.__name__
            raise TypeError(f"{self.name}: {model} has no version, so each Edit needs a condition=")
        return Change(key, actions, condition)


def _discriminator(model: type[Model]) -> str | None:
    """Return the name, in items, of the attribute that says which model one is of."""
    kind = model._get_discriminator_attribute()
    return None if kind is None else kind.attr_name


class _ChangeFailed(Exception):
    """The function of a migration has raised; its cause is what."""


def migration(
    model: type[M],
    *,
    parts: int = 1,
    page_items: int = 100,
    pages_per_second: float = 2.0,
    queue: str | None = None,
    belongs: Callable[[Item], bool] | None = None,
) -> Callable[[Callable[[M], Edit | None]], Migration]:
    """Make a function a migration of the items of a model; the arguments are those of `Migration`."""
    return lambda change: Migration(
        change,
        model,
        parts=parts,
        page_items=page_items,
        pages_per_second=pages_per_second,
        queue=queue,
        belongs=belongs,
    )
