"""One table as DynamoDB sees it: raw items in, raw items out.

This is the one place through which items are read and written without a model object being made, so a faster
transport replaces it and nothing above it changes. Keys, items and operands are DynamoDB's own attribute
values (``{"S": "text"}``), by the names they are stored under.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action, Update
from pynamodb.models import Model

from libs.dynamodb.calls import lost_answers, refused_item
from libs.dynamodb.contention import pauses, unanswered, wait
from libs.dynamodb.errors import error_code
from libs.dynamodb.limits import MOST_KEYS_READ
from libs.dynamodb.lost import put_was_done, update_was_done

Item = Mapping[str, Mapping[str, Any]]
"""An item, or a key of one: attribute values by name."""


class ConditionFailed(Exception):
    """The condition of a write did not hold.

    If its answer was lost before, it may have been done then, and nothing that is stored shows that.

    :param index: which write of a transaction it was; 0 for a single one.
    """

    def __init__(self, index: int = 0) -> None:
        super().__init__(f"the condition of write {index} does not hold")
        self.index = index


@dataclass(frozen=True)
class Answer:
    """What one Query or Scan found.

    :param last_key: where to go on from; None where there is nothing more.
    :param examined: items read, those left out by the filter included (ScannedCount).
    :param capacity: read units it took.
    """

    items: Sequence[Item]
    last_key: Item | None
    examined: int
    capacity: float


@dataclass(frozen=True)
class Put:
    """Write a whole item.

    :param own_key: whether nobody else writes an item with its key, such as a random id: whatever is there
        then shows that it was written, also where it was changed since.
    """

    item: Item
    condition: Condition | None = None
    own_key: bool = False


@dataclass(frozen=True)
class Change:
    """Apply `actions` to the item with this key.

    :param makes: the whole item as it is then, where that is known: it shows that the change was done.
    """

    key: Item
    actions: Sequence[Action]
    condition: Condition | None = None
    makes: Item | None = None


@dataclass(frozen=True)
class Remove:
    """Delete the item with this key.

    :param seen: the item, where it was read before: that it is gone then shows that it was deleted. Else it
        may never have been there.
    """

    key: Item
    condition: Condition | None = None
    seen: Item | None = None


Write = Put | Change | Remove


class Table:
    """The table a model is bound to (see `Database`).

    What its methods raise is for `as_problem`, but for `ConditionFailed`.
    """

    def __init__(self, model: type[Model]) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The table's name in this environment."""
        return str(self._model.Meta.table_name)

    @property
    def _connection(self) -> Connection:
        return self._model._get_connection().connection

    def _call(self, operation: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
        return self._connection.dispatch(operation, arguments)

    def get(self, key: Item, *, consistent: bool = True) -> tuple[Item | None, float]:
        """Return the item with this key, None if there is none, and the read units it took."""
        arguments = {"TableName": self.name, "Key": key, "ConsistentRead": consistent}
        answer = self._call("GetItem", arguments)
        return answer.get("Item"), _capacity(answer)

    def get_many(self, keys: Sequence[Item]) -> list[Item]:
        """Return the items that are there of those with these keys, in no order (BatchGetItem).

        However many; what DynamoDB leaves unprocessed (16 MB an answer, throttling) is asked for again, after
        pauses that grow.

        :param keys: each once.
        :raises ServiceUnavailable: if some are still left unprocessed after that.
        """
        found: list[Item] = []
        for at in range(0, len(keys), MOST_KEYS_READ):
            wanted: Sequence[Item] = keys[at : at + MOST_KEYS_READ]
            waits = pauses()
            while wanted:
                request = {self.name: {"Keys": wanted, "ConsistentRead": True}}
                answer = self._call("BatchGetItem", {"RequestItems": request})
                read = answer["Responses"].get(self.name, [])
                found += read
                wanted = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
                if read or not wanted:  # it goes on, only not all at once
                    continue
                wait(waits, unanswered())
        return found

    def query(
        self,
        key_condition: Condition,
        *,
        index: str | None = None,
        filter_condition: Condition | None = None,
        start: Item | None = None,
        limit: int | None = None,
        forward: bool = True,
        consistent: bool = False,
    ) -> Answer:
        """Read one partition of the table or an index, in the order of its range key.

        :param filter_condition: leaves items out after they were read and paid for.
        :param limit: the most items that are read.
        """
        arguments = {"TableName": self.name, "ScanIndexForward": forward, "ConsistentRead": consistent}
        if index:
            arguments["IndexName"] = index
        return self._read(
            "Query", arguments, {"KeyConditionExpression": key_condition}, filter_condition, start, limit
        )

    def scan(
        self,
        *,
        filter_condition: Condition | None = None,
        start: Item | None = None,
        limit: int | None = None,
        segment: tuple[int, int] | None = None,
    ) -> Answer:
        """Read the table in no order.

        :param segment: which of how many parts of the table, counted from 0; all of it if absent.
        """
        arguments: dict[str, Any] = {"TableName": self.name, "ConsistentRead": True}
        if segment is not None:
            arguments["Segment"], arguments["TotalSegments"] = segment
        return self._read("Scan", arguments, {}, filter_condition, start, limit)

    def _read(
        self,
        operation: str,
        arguments: dict[str, Any],
        conditions: dict[str, Condition],
        filter_condition: Condition | None,
        start: Item | None,
        limit: int | None,
    ) -> Answer:
        if filter_condition is not None:
            conditions["FilterExpression"] = filter_condition
        if start is not None:
            arguments["ExclusiveStartKey"] = start
        if limit is not None:
            arguments["Limit"] = limit
        answer = self._call(operation, {**arguments, **_expressions(conditions)})
        return Answer(
            answer["Items"], answer.get("LastEvaluatedKey"), answer["ScannedCount"], _capacity(answer)
        )

    def write(self, write: Write) -> Item | None:
        """Do one write; return the item as it is after a `Change`, and as it was before a `Remove`.

        One that was done, and sent again because its answer was lost, is told as done where that can be known
        (`libs.dynamodb.lost`). What adds to a number that counts has to go by `transact`.

        :raises ConditionFailed: if its condition does not hold.
        """
        arguments = write_arguments(self.name, write)
        returned = {Put: "NONE", Change: "ALL_NEW", Remove: "ALL_OLD"}[type(write)]
        try:
            answer = self._call(f"{_OPERATIONS[type(write)]}Item", {**arguments, "ReturnValues": returned})
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            stored = refused_item(error)
            if not (lost_answers(error) and _was_done(write, stored)):
                raise ConditionFailed from None
            return write.seen if isinstance(write, Remove) else stored if isinstance(write, Change) else None
        return answer.get("Attributes")

    def transact(self, writes: Sequence[tuple["Table", Write]]) -> None:
        """Do all of the writes or none (TransactWriteItems; at most 100, and one for an item).

        Sent again because its answer was lost, it is not done twice: DynamoDB knows the token it carries for
        10 minutes (AWS).

        :param writes: each with the table it is for.
        :raises ConditionFailed: naming the first whose condition does not hold.
        """
        items = [{_OPERATIONS[type(write)]: write_arguments(table.name, write)} for table, write in writes]
        try:
            self._call("TransactWriteItems", {"TransactItems": items})
        except ClientError as error:
            reasons = list(getattr(error, "cancellation_reasons", ()))
            for index, reason in enumerate(reasons):
                if reason and reason.code == "ConditionalCheckFailed":
                    raise ConditionFailed(index) from None
            raise TransactWriteError("the transaction was refused", error) from error


def _was_done(write: Write, stored: Item | None) -> bool:
    """Tell whether what is stored shows that a write was done whose answer was lost."""
    if isinstance(write, Put):
        return (write.own_key and stored is not None) or put_was_done(stored, write.item)
    if isinstance(write, Remove):
        return stored is None and write.seen is not None
    if write.makes is not None and put_was_done(stored, write.makes):
        return True
    return update_was_done(stored, write.actions, write.condition)


_OPERATIONS = {Put: "Put", Change: "Update", Remove: "Delete"}


def write_arguments(table: str, write: Write) -> dict[str, Any]:
    """Return a write as DynamoDB takes it, alone or in a transaction."""
    arguments: dict[str, Any] = {"TableName": table}
    expressions: dict[str, Condition | Update] = {}
    if isinstance(write, Put):
        arguments["Item"] = write.item
    else:
        arguments["Key"] = write.key
    if isinstance(write, Change):
        expressions["UpdateExpression"] = Update(*write.actions)
    if write.condition is not None:
        expressions["ConditionExpression"] = write.condition
    return {**arguments, **_expressions(expressions)}


def _expressions(expressions: Mapping[str, Condition | Update]) -> dict[str, Any]:
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    made: dict[str, Any] = {name: one.serialize(names, values) for name, one in expressions.items()}
    if names:
        made["ExpressionAttributeNames"] = {short: name for name, short in names.items()}
    if values:
        made["ExpressionAttributeValues"] = values
    return made


def _capacity(answer: Mapping[str, Any]) -> float:
    consumed: Mapping[str, Any] = answer.get("ConsumedCapacity") or {}
    return float(consumed.get("CapacityUnits", 0.0))
