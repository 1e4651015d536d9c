"""Measuring the CPU of calls, so that what a busy machine does to one is done to all."""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.cases import Case

Figures = dict[tuple[str, str], "Timing"]
"""By row and column."""


@dataclass(frozen=True)
class Timing:
    """The CPU of one call, user and system of this process, in microseconds: one figure a round."""

    rounds: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The smallest: what the call costs when nobody else is in its way."""
        return min(self.rounds)

    @property
    def unrest(self) -> float:
        """How far the median lies above the best, as a share of it: 0.1 is a tenth."""
        return statistics.median(self.rounds) / self.best - 1

    def ratio(self, base: "Timing") -> float:
        """How many times `base` it is, the median of the rounds, in each of which both had the same luck."""
        pairs = zip(self.rounds, base.rounds, strict=True)
        return statistics.median(mine / other for mine, other in pairs)


def measure(cases: Sequence[Case], *, rounds: int, calls: int) -> Figures:
    """Measure each case in each round, `calls` calls at a time, in another order every round.

    The round before the first counts for nothing: caches and connections are warm after it.
    """
    figures = {(case.row, case.column): Timing() for case in cases}
    # What is compared is measured one after the other: the columns of a row.
    order = list(dict.fromkeys(case.row for case in cases))
    cases = sorted(cases, key=lambda case: order.index(case.row))
    for number in range(-1, rounds):
        gc.collect()
        shift = number % len(cases)
        for case in (*cases[shift:], *cases[:shift]):
            spent = cpu_microseconds(case.call, calls)
            if number >= 0:
                figures[case.row, case.column].rounds.append(spent)
    return figures


def cpu_microseconds(call: Callable[[], object], calls: int) -> float:
    """Return the CPU that one of `calls` calls took, all threads of this process included.

    The garbage collector is on, as it is in a server.
    """
    began = time.process_time_ns()
    for _ in range(calls):
        call()
    return (time.process_time_ns() - began) / calls / 1000
