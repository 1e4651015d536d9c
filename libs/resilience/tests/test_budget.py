"""The budget of retries, by a clock of its own, and the pauses before them."""

import threading
from concurrent.futures import ThreadPoolExecutor

from libs.resilience import RetryBudget, pause_before


def test_the_budget_recovers():
    now = [0.0]
    budget = RetryBudget(clock=lambda: now[0])
    assert [budget.retry() for _ in range(5)] == [True, True, True, False, False]
    now[0] += 11
    assert budget.retry()


def test_what_the_budget_remembers_of_good_days_does_not_grow():
    now = [0.0]
    budget = RetryBudget(clock=lambda: now[0])
    for _ in range(1000):
        now[0] += 1
        budget.call()
    assert len(budget._window._counts) <= 10


def test_of_many_threads_none_takes_a_retry_too_much():
    budget = RetryBudget(least=5)
    together = threading.Barrier(16)

    def take(_):
        together.wait()
        return budget.retry()

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(take, range(16))) == 5


def test_the_pauses_grow_and_are_random():
    for retry, longest in ((1, 0.1), (2, 0.2), (3, 0.4), (20, 2.0)):
        pauses = [pause_before(retry) for _ in range(500)]
        assert 0 <= min(pauses) < longest * 0.2
        assert longest * 0.8 < max(pauses) <= longest
