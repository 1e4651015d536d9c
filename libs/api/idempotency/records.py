"""What is known of requests with a key: one record each, for a day.

The life of a record, each arrow one conditional write::

    (none)  ──hold_key──> running
    running ──hold_key──> running     by another attempt, once its lease has run out
    running ──keep──────> answered
    running ──release───> (none)      nothing final came of it; running without a lease, if rows are marked

A row that a resource creates is marked in the record by the transaction that creates it, on condition that
the record is still this request's: so nothing is created twice, whoever is killed, or too slow, and whenever.
"""

import math
import time
import uuid
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    ListAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
)
from pynamodb.expressions.operand import Path
from pynamodb.models import Model

from libs.api.idempotency.answers import Attributes
from libs.dynamodb import Change, ConditionFailed, Item, Put, Remove, Table, Write
from libs.dynamodb.contention import patiently
from libs.errors import Conflict, Problem, remaining
from libs.errors.variable_scope import VariableScope

KEPT_SECONDS = 24 * 3600
"""How long a key is heeded, from its first request on; DynamoDB deletes what is over its time within days."""
SKEW_SECONDS = 5.0
"""How much longer than its request a lease lasts: what clocks may differ by, and the last write takes."""
LONGEST_SECONDS = 60.0
"""How long a request takes that has no deadline."""
RETRY_AFTER_SECONDS = 1
_ATTEMPTS = 3


class IdempotencyRecord(Model):
    """What is known of one request with a key.

    `request` is a digest of the key and of all it counts for; `fingerprint` of what else was sent. `holder`
    names the attempt that has it, until `lease_until` (seconds since 1970). `made` are the rows that were
    created: the path of their resource, and their key. `answer` and `body` are of
    `libs.api.idempotency.answers`, and `rights` the scopes and roles of the caller who was given them.
    """

    class Meta:
        table_name = "idempotency-keys"

    caller = UnicodeAttribute(hash_key=True)
    request = UnicodeAttribute(range_key=True)
    fingerprint = UnicodeAttribute()
    holder = UnicodeAttribute()
    lease_until = NumberAttribute()
    made: Any = ListAttribute(null=True)
    answer = UnicodeAttribute(null=True)
    body = BinaryAttribute(null=True, legacy_encoding=False)
    rights = UnicodeAttribute(null=True)
    expires_at = TTLAttribute()


def key_in_use() -> Conflict:
    """Return the problem of a request whose twin is being worked on."""
    return Conflict(
        "A request with this key is being worked on. Send it again in a moment.",
        code="IDEMPOTENCY_KEY_IN_USE",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


class KeyReused(Problem):
    """The key stands for another request."""

    status, title, code = 422, "Idempotency-Key reused", "IDEMPOTENCY_KEY_REUSED"


class HeldKey:
    """A key, by its record, that is ours while our request is worked on.

    :param key: of the record.
    :param holder: names this attempt.
    :param made: the rows that attempts before this one have created.
    """

    def __init__(self, key: Item, holder: str, made: Sequence[Mapping[str, Any]] = ()) -> None:
        self.table = Table(IdempotencyRecord)
        self._key = key
        self._mine = Path("holder") == holder
        self._made = list(made)

    def made_before(self, path: str) -> Item | None:
        """Return the key of a row that an attempt before this one has created; each once, in their order.

        :param path: of its resource.
        """
        for number, one in enumerate(self._made):
            if one["M"]["path"]["S"] == path:
                key: Item = self._made.pop(number)["M"]["key"]["M"]
                return key
        return None

    def mark(self, path: str, key: Item) -> Change:
        """Return the write that marks a row as created, for the transaction that creates it.

        Its condition fails where another attempt has taken the record over (`key_in_use`).
        """
        row = {"M": {"path": {"S": path}, "key": {"M": dict(key)}}}
        made = (Path("made") | {"L": []}).append({"L": [row]})
        return Change(self._key, [Path("made").set(made)], self._mine)

    def keep(self, answer: Attributes) -> None:
        """Store the answer.

        :raises ConditionFailed: if the record is no longer ours.
        """
        actions = [Path(name).set(value) for name, value in answer.items()]
        patiently(lambda: self.table.write(Change(self._key, actions, self._mine)))

    def release(self) -> None:
        """Let go of the record: the key is free again, but for the rows that are marked.

        One that another attempt has by now is left to it.
        """
        made = Path("made")
        if not _done(self.table, Remove(self._key, self._mine & made.does_not_exist())):
            free = [Path("lease_until").set({"N": "0"})]
            _done(self.table, Change(self._key, free, self._mine & made.exists()))


def hold_key(caller: str, request: str, fingerprint: str) -> HeldKey | Item:
    """Take the record of a request, or return the one that has its answer.

    :raises Conflict: IDEMPOTENCY_KEY_IN_USE, if another attempt has it.
    :raises KeyReused: if it is of a request with another fingerprint.
    """
    table, holder = Table(IdempotencyRecord), uuid.uuid4().hex
    key: Item = {"caller": {"S": caller}, "request": {"S": request}}
    for _ in range(_ATTEMPTS):
        now = time.time()
        until = {"N": repr(now + (remaining() or LONGEST_SECONDS) + SKEW_SECONDS)}
        new = {
            **key,
            "fingerprint": {"S": fingerprint},
            "holder": {"S": holder},
            "lease_until": until,
            "expires_at": {"N": str(int(now) + KEPT_SECONDS)},
        }
        # AWS deletes what is over its time only after days.
        free = Path("caller").does_not_exist() | (Path("expires_at") <= {"N": str(int(now))})
        if _done(table, Put(new, free)):
            return HeldKey(key, holder)
        found, _capacity = table.get(key)
        if found is None:  # let go of just now
            continue
        if found["fingerprint"]["S"] != fingerprint:
            raise KeyReused(
                "This key stands for another request: its path, query, headers or body. Take a new one."
            )
        if "answer" in found:
            return found
        if float(found["lease_until"]["N"]) > now:
            break
        taking = [Path("holder").set(holder), Path("lease_until").set(until)]
        unchanged = (Path("holder") == found["holder"]["S"]) & Path("answer").does_not_exist()
        if taken := _done(table, Change(key, taking, unchanged)):
            # What was found is older: the attempt before may have created a row since.
            return HeldKey(key, holder, taken.get("made", {"L": []})["L"])
    raise key_in_use()


def _done(table: Table, write: Write) -> Item | None:
    """Do a write; return the item as it is then, or was before a `Remove`; None if the condition fails."""
    try:
        after = patiently(lambda: table.write(write))
    except ConditionFailed:
        return None
    return write.item if isinstance(write, Put) else after


def forget_requests(caller: str, *, until: float = math.inf) -> bool:
    """Delete what is known of a caller's requests, for whoever deletes their account.

    :param until: when to stop, by `time.monotonic()`.
    :return: whether there is nothing left.
    """
    for one in IdempotencyRecord.query(caller, attributes_to_get=["caller", "request"]):
        Table(IdempotencyRecord).write(Remove({"caller": {"S": one.caller}, "request": {"S": one.request}}))
        if time.monotonic() > until:
            return False
    return True


_current: ContextVar[HeldKey | None] = ContextVar("idempotency_key", default=None)


def held_key() -> HeldKey | None:
    """Return the key of the request that is worked on; None if it has none."""
    return _current.get()


def holding(held: HeldKey) -> VariableScope[HeldKey | None]:
    """Make `held` the current one for the length of a with-block."""
    return VariableScope(_current, held)
