"""Pools of connections, for those who watch them."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable


class PoolWatcher:
    """What is told of the connections of a pool; this one pays no heed.

    Its methods raise nothing. Threads share it, and so do forked processes, each with connections of its own.
    """

    def taken(self) -> None:
        """Note that a call wants a connection: from now until `returned` it has one, or waits for it."""

    def returned(self) -> None:
        """Note that it wants it no more."""

    def opened(self) -> None:
        """Note that a connection was made, which is kept."""

    def closed(self) -> None:
        """Note that one was closed."""

    def timed_out(self) -> None:
        """Note that a call has waited for a connection in vain."""


UNWATCHED = PoolWatcher()
"""For a pool that nobody watches."""

PoolWatchers = Callable[[str, int | None], PoolWatcher]
"""Returns what watches a pool, given its name and how many connections a process has at most (None: any)."""


@runtime_checkable
class Pooled(Protocol):
    """What has pools of connections."""

    def watch_pools(self, watchers: PoolWatchers) -> None:
        """Have them watched; to be said before the first call."""
