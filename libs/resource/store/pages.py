"""A page of rows: exact to the last, whatever is written between one page and the next."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from libs.dynamodb import Position
from libs.dynamodb.long_text import KEPT, LongText
from libs.errors import QueryRefused
from libs.resource.query.plan import Plan
from libs.resource.query.sorting import ordering
from libs.resource.store.reading import Reading
from libs.resource.store.row import Codec, Row


@dataclass(frozen=True)
class Turn:
    """Which page is wanted.

    :param limit: rows on it.
    :param after: the place it begins behind, or ends before where `backwards`; None for the first page.
    :param skip: rows to leave out before it.
    """

    limit: int
    after: Position | None = None
    backwards: bool = False
    skip: int = 0


@dataclass(frozen=True)
class Page:
    """Some rows, in order, and what is around them.

    :param next: where the next page begins; None on the last, which is known because one row more than asked
        for is looked for.
    :param prev: where the page before ends; None on the first. A scan has no way back.
    :param truncated: whether the bound on what is examined ended it, so that it may not be full.
    """

    rows: Sequence[Row]
    next: Position | None
    prev: Position | None
    examined: int
    capacity: float
    truncated: bool


Read = Callable[..., Reading]
"""Begin a `Reading` with these keyword arguments."""


def read_page(read: Read, codec: Codec, plan: Plan, turn: Turn, *, most_examined: int) -> Page:
    """Return one page of the rows of `plan`.

    :raises QueryRefused: if more would have to be examined than may be, to sort them or to skip some.
    """
    if plan.sort:
        return _sorted_page(read, codec, plan, turn, most_examined)
    reading = read(
        plan,
        most_examined=most_examined,
        chunk=turn.skip + turn.limit + 1,
        backwards=turn.backwards,
        after=turn.after,
    )
    found: list[tuple[Row, int]] = []
    more, skipped = False, 0
    for row in reading:
        if skipped < turn.skip:
            skipped += 1
            continue
        if len(found) == turn.limit:
            more = True
            break
        found.append((row, reading.segment))
    if skipped < turn.skip and reading.truncated:
        raise QueryRefused(
            f"More than {most_examined} rows would have to be read to get there: go by the cursor."
        )
    beyond = reading.position(*found[-1]) if more and found else reading.reached
    if turn.backwards:
        found.reverse()
    return _page(found, beyond, plan, turn, reading, reading.position)


def _sorted_page(read: Read, codec: Codec, plan: Plan, turn: Turn, most_examined: int) -> Page:
    reading = read(plan, most_examined=most_examined, chunk=most_examined)
    names = {name: codec.stored_name(name) for name in (*(key.field for key in plan.sort), *plan.access.key)}
    key_of = ordering(plan.sort)
    placed = [(key_of([row(name) for name in names]), row) for row in reading]
    if reading.truncated:
        told = ", ".join(str(key) for key in plan.sort)
        raise QueryRefused(
            f"To sort by {told}, {most_examined} rows or more would have to be read: narrow the query, or"
            " sort by the range key of an index whose hash key is given."
        )
    placed.sort(key=itemgetter(0))
    rows = [row for _, row in placed]
    if turn.after is not None and turn.after.key is not None:
        known, texts = Row(codec, turn.after.key), turn.after.texts
        bound = key_of(
            [
                texts[stored].found_in(row(name) for row in rows) if stored in texts else known(name)
                for name, stored in names.items()
            ]
        )
        placed = [one for one in placed if (one[0] < bound if turn.backwards else bound < one[0])]
    if turn.backwards:
        placed.reverse()
    following = [row for _, row in placed[turn.skip : turn.skip + turn.limit + 1]]
    found = [(row, 0) for row in following[: turn.limit]]

    def place(row: Row, segment: int) -> Position:
        return _sorted_place(row, rows, names)

    beyond = place(*found[-1]) if len(following) > turn.limit else None
    if turn.backwards:
        found.reverse()
    return _page(found, beyond, plan, turn, reading, place)


def _sorted_place(row: Row, rows: Iterable[Row], names: Mapping[str, str]) -> Position:
    """Return the place behind a row among others that are sorted.

    :param names: what they are sorted by, and the name each is stored under.
    """
    key, texts = {}, {}
    for name, stored in names.items():
        value = row(name)
        if isinstance(value, str) and len(value) > KEPT:
            texts[stored] = LongText.of(value, (other(name) for other in rows))
        elif stored in row.item:
            key[stored] = row.item[stored]
    return Position(0, key, texts)


def _page(
    found: Sequence[tuple[Row, int]],
    beyond: Position | None,
    plan: Plan,
    turn: Turn,
    reading: Reading,
    place: Callable[[Row, int], Position],
) -> Page:
    """:param found: the rows of the page, and the segment each is of.

    :param beyond: where reading in the same direction would go on; None if there is nothing more.
    :param place: returns the place behind a row.
    """
    following: Position | None = beyond
    before: Position | None = None
    if turn.backwards:
        last = place(*found[-1]) if found else _turned(beyond, plan, backwards=False)
        following, before = last, beyond
    elif turn.after is not None or turn.skip:
        before = place(*found[0]) if found else _turned(beyond, plan, backwards=True)
    return Page(
        [row for row, _ in found],
        following,
        None if plan.kind == "scan" and not plan.sort else before,
        reading.examined,
        reading.capacity,
        reading.truncated,
    )


def _turned(place: Position | None, plan: Plan, *, backwards: bool) -> Position:
    """Return the place an empty page ends at for one who goes back from there, in the new direction.

    Not where the page began: that is behind a row, and one who goes back from behind a row would miss it.

    :param place: None if the page is empty because nothing was left.
    """
    if place is None:
        return Position(max(0, len(plan.segments) - 1) if backwards else 0, None)
    if place.key is None:  # the beginning of one segment is the end of the one before
        return Position(place.segment + (-1 if backwards else 1), None)
    return place
