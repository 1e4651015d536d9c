"""What keeps one part that fails from taking the others along: circuit breakers, budgets of retries.

And what is told of the pools of connections that they share, so that it is seen in time; and how threads
leave nothing locked in a process that is forked beside them."""

from libs.resilience.breaker import BreakerWatcher, CircuitBreaker, CircuitOpen, State
from libs.resilience.budget import RetryBudget
from libs.resilience.forks import between_forks, in_each_child
from libs.resilience.pauses import pause_before
from libs.resilience.pool import UNWATCHED, Pooled, PoolWatcher, PoolWatchers
from libs.resilience.window import Window

__all__ = [
    "UNWATCHED",
    "BreakerWatcher",
    "CircuitBreaker",
    "CircuitOpen",
    "PoolWatcher",
    "PoolWatchers",
    "Pooled",
    "RetryBudget",
    "State",
    "Window",
    "between_forks",
    "in_each_child",
    "pause_before",
]
