"""Reading the rows a plan is for, one after the other, never more than a bound."""

from collections.abc import Iterator, Sequence

from pynamodb.expressions.operand import Path

from libs.dynamodb import Answer, Item, Position, Table
from libs.errors import Fault, InvalidParameters
from libs.resource.query.parameters import ParameterNames
from libs.resource.query.plan import Plan, Segment
from libs.resource.store.row import Codec, Row

LARGEST_CHUNK = 500
"""Rows asked for at once; what DynamoDB returns is 1 MB at most (AWS limit)."""


class Reading:
    """An iterator over the rows a plan is for, in its order.

    :param backwards: read from the end, or from `after` to the beginning.
    :param after: where to begin; that row itself is not read.
    :param most_examined: how many rows may be looked at.
    :param chunk: how many rows are wanted at first. So many are asked for; then as many as are still missing
        or, where rows that were read were not wanted, twice as many as the time before.
    :param parameter: what a client sent `after` as.
    :raises InvalidParameters: if `after` is no place in this plan.

    While it goes on, `examined` counts the rows looked at, `capacity` the read units they took, and `segment`
    is the number of the plan's segment that the latest row came from. When it has ended, `truncated` tells
    whether it did for the bound, and `reached` is where it would have gone on.
    """

    def __init__(
        self,
        table: Table,
        codec: Codec,
        plan: Plan,
        *,
        most_examined: int,
        chunk: int,
        backwards: bool = False,
        after: Position | None = None,
        parameter: str = ParameterNames.cursor,
    ) -> None:
        self.examined = 0
        self.capacity = 0.0
        self.segment = 0
        self.truncated = False
        self.reached: Position | None = None
        self._table = table
        self._codec = codec
        self._plan = plan
        self._most = most_examined
        self._chunk = self._missing = chunk
        self._backwards = backwards
        self._after = after
        if after is not None and not self._is_place(after):
            # Signed by us, and of a plan that what the caller may see has changed since.
            raise InvalidParameters(errors=[Fault("is not a cursor of this list", parameter=parameter)])

    def __iter__(self) -> Iterator[Row]:
        if self._plan.kind == "get":
            yield from self._one()
            return
        numbers: Sequence[int] = range(len(self._plan.segments))
        start = self._after
        if self._backwards:
            numbers = numbers[::-1]
        if start is not None:
            numbers = [n for n in numbers if (n <= start.segment if self._backwards else n >= start.segment)]
        for number in numbers:
            key = start.key if start is not None and start.segment == number else None
            yield from self._segment(number, key, last=number == numbers[-1])
            if self.truncated:
                return

    def position(self, row: Row, segment: int) -> Position:
        """Return the place behind a row that came from a segment of this reading."""
        stored = (self._codec.stored_name(name) for name in self._plan.access.key)
        return Position(segment, {name: row.item[name] for name in stored})

    def _is_place(self, place: Position) -> bool:
        access, segments = self._plan.access, self._plan.segments
        if place.key is None:
            return True
        names = {self._codec.stored_name(name) for name in access.key}
        if place.texts or place.segment >= len(segments) or set(place.key) != names:
            return False
        segment, row = segments[place.segment], Row(self._codec, place.key)
        in_partition = segment.hash is None or row(access.hash) == segment.hash
        return in_partition and (segment.range is None or segment.range.holds(row(str(access.range))))

    def _one(self) -> Iterator[Row]:
        # There is nothing after it, nor before it; a place without a key is the other end.
        if self._after is not None and self._after.key is not None:
            return
        segment, access = self._plan.segments[0], self._plan.access
        key = {self._codec.stored_name(access.hash): self._codec.raw(access.hash, segment.hash)}
        if access.range and segment.range:
            raw = self._codec.raw(access.range, segment.range.operands[0])
            key[self._codec.stored_name(access.range)] = raw
        item, self.capacity = self._table.get(key)
        if item is not None:
            self.examined = 1
            row = Row(self._codec, item)
            if self._plan.wanted.matches(row):
                yield row

    def _segment(self, number: int, start: Item | None, *, last: bool) -> Iterator[Row]:
        while True:
            limit = min(self._chunk, LARGEST_CHUNK, self._most - self.examined)
            answer = self._read(self._plan.segments[number], start, limit)
            self.examined += answer.examined
            self.capacity += answer.capacity
            self.segment = number
            found = 0
            for item in answer.items:
                row = Row(self._codec, item)
                if self._plan.wanted.matches(row):
                    found += 1
                    yield row
            self._missing -= found
            self._chunk = self._missing if found == answer.examined and self._missing > 0 else 2 * limit
            start = answer.last_key
            if self.examined >= self._most and not (start is None and last):
                self.truncated = True
                following = number + (-1 if self._backwards else 1)
                self.reached = Position(number, start) if start is not None else Position(following, None)
            if start is None or self.truncated:
                return

    def _read(self, segment: Segment, start: Item | None, limit: int) -> Answer:
        plan, access = self._plan, self._plan.access
        if plan.kind == "scan":
            return self._table.scan(filter_condition=plan.filter, start=start, limit=limit)
        condition = Path([self._codec.stored_name(access.hash)]) == self._codec.raw(access.hash, segment.hash)
        if segment.range is not None and access.range is not None:
            path = Path([self._codec.stored_name(access.range)])
            raw = [self._codec.raw(access.range, one) for one in segment.range.operands]
            condition &= segment.range.condition(path, raw)
        return self._table.query(
            condition,
            index=access.index,
            filter_condition=plan.filter,
            start=start,
            limit=limit,
            forward=plan.forward != self._backwards,
            consistent=access.consistent,
        )
