"""The circuit breaker, by a clock of its own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from libs.resilience.breaker import CircuitBreaker, CircuitOpen


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return CircuitBreaker(clock=clock)


def call(breaker, *, failed):
    breaker.leave(breaker.enter(), failed=failed)


def opened(breaker):
    for _ in range(10):
        call(breaker, failed=True)
    return breaker


def test_it_opens_when_half_of_ten_calls_have_failed(breaker):
    for number in range(9):
        call(breaker, failed=number % 2 == 0)
    assert breaker.state == "closed"
    call(breaker, failed=True)
    assert breaker.state == "open"


def test_nine_failures_are_too_few_to_tell(breaker):
    for _ in range(9):
        call(breaker, failed=True)
    assert breaker.state == "closed"


def test_failures_in_a_row_open_it_however_long_they_take(clock):
    breaker = CircuitBreaker(in_a_row=3, least=100, clock=clock)
    for failed in (True, True, False, True, True):
        call(breaker, failed=failed)
        clock.now += 60
    assert breaker.state == "closed"
    call(breaker, failed=True)
    assert breaker.state == "open"
    clock.now += 5
    call(breaker, failed=False)
    for _ in range(2):
        call(breaker, failed=True)
    assert breaker.state == "closed", "those from before it had opened are forgotten"


def test_less_than_half_is_not_enough(breaker):
    for number in range(100):
        call(breaker, failed=number % 5 in (1, 3))
    assert breaker.state == "closed"


def test_failures_of_long_ago_do_not_count(breaker, clock):
    for _ in range(9):
        call(breaker, failed=True)
    clock.now += 11
    for _ in range(9):
        call(breaker, failed=True)
    assert breaker.state == "closed"


def test_while_it_is_open_nothing_gets_through_and_who_asks_is_told_how_long(breaker, clock):
    opened(breaker)
    clock.now += 1.5
    with pytest.raises(CircuitOpen) as caught:
        breaker.enter()
    assert caught.value.retry_after == 4


def test_nobody_is_told_longer_than_the_pause(breaker, clock):
    clock.now = 1019.3471990613651  # + 5.0 - 1019.3471990613651 is more than 5.0
    opened(breaker)
    with pytest.raises(CircuitOpen) as caught:
        breaker.enter()
    assert caught.value.retry_after == 5


def test_then_one_probe_gets_through_and_the_others_do_not(breaker, clock):
    opened(breaker)
    clock.now += 5
    assert breaker.state == "half-open"
    probe = breaker.enter()
    with pytest.raises(CircuitOpen):
        breaker.enter()
    assert breaker.state == "half-open"
    breaker.leave(probe, failed=False)
    assert breaker.state == "closed"
    breaker.enter()


def test_a_probe_that_fails_opens_it_for_another_while(breaker, clock):
    opened(breaker)
    clock.now += 5
    call(breaker, failed=True)
    assert breaker.state == "open"
    clock.now += 4.9
    assert breaker.state == "open"
    clock.now += 0.2
    call(breaker, failed=False)
    assert breaker.state == "closed"


def test_a_probe_that_has_learned_nothing_makes_room_for_the_next(breaker, clock):
    opened(breaker)
    clock.now += 5
    call(breaker, failed=None)
    assert breaker.state == "half-open"
    call(breaker, failed=False)
    assert breaker.state == "closed"


def test_a_call_from_before_it_opened_tells_nothing(breaker, clock):
    slow = [breaker.enter(), breaker.enter()]
    opened(breaker)
    clock.now += 5
    probe = breaker.enter()
    breaker.leave(slow[0], failed=False)
    assert breaker.state == "half-open"
    breaker.leave(probe, failed=False)
    breaker.leave(slow[1], failed=True)
    assert breaker.state == "closed"


def test_after_it_has_closed_old_failures_are_forgotten(breaker, clock):
    opened(breaker)
    clock.now += 5
    call(breaker, failed=False)
    call(breaker, failed=True)
    assert breaker.state == "closed"


def test_what_it_remembers_of_good_days_does_not_grow(breaker, clock):
    for _ in range(1000):
        clock.now += 1
        call(breaker, failed=False)
    assert len(breaker._window._counts) <= 10


def test_of_many_threads_one_gets_the_probe(breaker, clock):
    opened(breaker)
    clock.now += 5
    together = threading.Barrier(16)

    def ask(_):
        together.wait()
        try:
            breaker.enter()
        except CircuitOpen:
            return 0
        return 1

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(ask, range(16))) == 1


class Model(RuleBasedStateMachine):
    """Whatever happens: it never refuses forever, and never lets two probes through."""

    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.breaker = CircuitBreaker(clock=self.clock)
        self.under_way = []

    @rule()
    def enter(self):
        state = self.breaker.state
        if state == "closed":
            self.under_way.append(self.breaker.enter())
            return
        refused = None
        try:
            self.under_way.append(self.breaker.enter())
        except CircuitOpen as error:
            refused = error.retry_after
        assert refused in ((None, 1) if state == "half-open" else (1, 2, 3, 4, 5))

    @rule(which=st.integers(0, 50), failed=st.sampled_from([True, True, True, False, None]))
    def leave(self, which, failed):
        if self.under_way:
            self.breaker.leave(self.under_way.pop(which % len(self.under_way)), failed=failed)

    @rule(seconds=st.floats(0, 8))
    def wait(self, seconds):
        self.clock.now += seconds

    @invariant()
    def all_done_it_can_be_entered_after_a_pause(self):
        if self.under_way:
            return
        now = self.clock.now
        self.clock.now += 5.001
        assert self.breaker.state in ("closed", "half-open")
        self.clock.now = now


TestModel = Model.TestCase


def test_who_watches_is_told_until_when_calls_are_refused(clock, breaker):
    told = []
    breaker.watch(told.append)
    opened(breaker)
    assert told == [None, clock.now + 5]
    clock.now += 5
    call(breaker, failed=True)
    clock.now += 5
    call(breaker, failed=False)
    assert told == [None, 1005.0, 1010.0, None]
    opened(breaker)
    late = []
    breaker.watch(late.append)
    assert late == [told[-1]]
