"""Reading several objects, page by page and never without a bound."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from libs.dynamodb import Answer, Item

T = TypeVar("T")

LARGEST_PAGE = 1000
"""Objects on it."""


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some objects, in the order of the range key (of a scan: in none).

    :ivar last_key: where to go on from (`after=`); None if there is nothing more.
    :ivar examined: how many items were read for it, and paid for.
    :param signed: `last_key` as text, where a `CursorSigner` was given.
    """

    items: Sequence[T]
    last_key: Item | None
    signed: str | None
    examined: int

    @property
    def cursor(self) -> str | None:
        """`last_key` as text for a client (`cursor=`); None if there is nothing more.

        :raises TypeError: if there is more, and no `CursorSigner` was given.
        """
        if self.last_key is not None and self.signed is None:
            raise TypeError(
                "there is more, and a cursor for it needs a CursorSigner: query(…, cursors=cursors)"
            )
        return self.signed

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def read_items(
    read: Callable[[Item | None, int], Answer],
    wanted: Callable[[Item], bool],
    keys: Sequence[str],
    after: Item | None,
    *,
    limit: int,
    most_examined: int,
) -> tuple[list[Item], Item | None, int]:
    """Return items, where to go on from, and how many were examined.

    One more than `limit` is looked for, so that the last page is known to be the last.

    :param read: reads at most so many items behind a key.
    :param keys: the names of the key attributes of the table and the index.
    :raises ValueError: for a limit out of range.
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise ValueError(f"a page has 1 to {LARGEST_PAGE} objects, not {limit}")
    if most_examined <= limit:
        raise ValueError(f"most_examined ({most_examined}) has to be more than limit ({limit})")
    found: list[Item] = []
    examined, chunk = 0, limit + 1
    while True:
        chunk = min(chunk, LARGEST_PAGE, most_examined - examined)
        answer = read(after, chunk)
        examined += answer.examined
        found += [item for item in answer.items if wanted(item)]
        if len(found) > limit:
            return found[:limit], {name: found[limit - 1][name] for name in keys}, examined
        after = answer.last_key
        if after is None or examined >= most_examined:
            return found, after, examined
        chunk = 2 * chunk  # a filter that leaves out much is not asked for one by one
