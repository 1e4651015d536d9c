"""How far a migration is: a row for each part of its table, beside the operations of the service.

A row says who may go on from it, by its `turn`: each run of the task that does the pages is of one turn. Who
starts the migration anew raises it, and a run of an earlier turn stops after the page in its hands.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from libs.dynamodb import Change, ConditionFailed, Item, Put, Table, Write
from libs.tasks.operation import Operation

RUNNING, PAUSED, DONE, FAILED = "running", "paused", "done", "failed"


@dataclass(frozen=True)
class Part:
    """One part of a table, and how far it is.

    :param position: the key of the last item that was looked at; None at the beginning, and at the end.
    :param pages: how many were done; the other counts are of the same.
    :param changed: items that were written.
    :param at: when it was begun, and when the row was last written, as RFC 3339.
    """

    migration: str
    number: int
    parts: int
    state: str = RUNNING
    turn: int = 1
    position: Item | None = None
    pages: int = 0
    examined: int = 0
    changed: int = 0
    at: tuple[str, str] = ("", "")

    @property
    def key(self) -> Item:
        """The key of its row."""
        return {"id": {"S": f"migration:{self.migration}:{self.number}"}}

    @classmethod
    def find(cls, migration: str, number: int) -> "Part | None":
        """Read it; None if the migration was never started."""
        item, _ = Table(Operation).get(cls(migration, number, 1).key)
        if item is None:
            return None
        counts = {name: int(item[name]["N"]) for name in ("parts", "turn", "pages", "examined", "changed")}
        position = orjson.loads(item["position"]["S"]) if "position" in item else None
        return cls(
            migration,
            number,
            state=item["state"]["S"],
            position=None if position is None else _as_key(position),
            at=(item["begun"]["S"], item["written"]["S"]),
            **counts,
        )

    def begin(self) -> Put:
        """Return the write that stores it as one that nothing was done of; its row must not be there yet."""
        counts = ("parts", "turn", "pages", "examined", "changed")
        item = {
            **self.key,
            "state": {"S": self.state},
            **{name: {"N": str(getattr(self, name))} for name in counts},
            "begun": {"S": _now()},
            "written": {"S": _now()},
        }
        return Put(item, Path("id").does_not_exist())

    def next_turn(self, *, anew: bool = False, parts: int | None = None) -> Write:
        """Return the write by which a run of the next turn goes on.

        It fails if turn or state are not as they were read: what was paused or done meanwhile stays so.

        :param anew: from the beginning, with all counts at nothing.
        """
        actions: list[Action] = [Path("turn").set(self.turn + 1), Path("state").set(RUNNING)]
        if anew:
            actions += [Path(name).set(0) for name in ("pages", "examined", "changed")]
            actions += [Path("position").remove(), Path("begun").set(_now())]
            actions.append(Path("parts").set(parts or self.parts))
        return self._change(actions, (Path("turn") == self.turn) & (Path("state") == self.state))

    def done(self, examined: int, changed: int, position: Item | None) -> bool:
        """Store that a page was done, up to `position` (None: that was the last one).

        :returns: False if another run has gone on from here meanwhile.
        """
        actions: list[Action] = [
            Path("pages").set(self.pages + 1),
            Path("examined").set(self.examined + examined),
            Path("changed").set(self.changed + changed),
        ]
        if position is None:
            actions += [Path("position").remove(), Path("state").set(DONE)]
        else:
            actions.append(Path("position").set(orjson.dumps(_as_json(position)).decode()))
        return self._store(actions, (Path("turn") == self.turn) & (Path("pages") == self.pages))

    def stop(self, state: str) -> bool:
        """Store that it is paused, or has failed; False if it does not run, or not in this turn."""
        running = (Path("turn") == self.turn) & (Path("state") == RUNNING)
        return self._store([Path("state").set(state)], running)

    def _store(self, actions: list[Action], condition: Condition) -> bool:
        try:
            Table(Operation).write(self._change(actions, condition))
        except ConditionFailed:
            return False
        return True

    def _change(self, actions: list[Action], condition: Condition) -> Change:
        return Change(self.key, [*actions, Path("written").set(_now())], condition)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _as_json(key: Item) -> dict[str, Any]:
    return {name: {"B": b64encode(raw["B"]).decode()} if "B" in raw else raw for name, raw in key.items()}


def _as_key(told: Mapping[str, Any]) -> Item:
    return {name: {"B": b64decode(raw["B"])} if "B" in raw else raw for name, raw in told.items()}
