"""The deadline of what is being done."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from libs.errors import DeadlineExceeded, bounded, check_deadline, deadline_scope, no_deadline, remaining


def left() -> float:
    seconds = remaining()
    assert seconds is not None
    return seconds


def test_without_a_deadline_everything_has_its_own_time() -> None:
    assert remaining() is None
    assert bounded(7.5) == 7.5
    check_deadline()


def test_nobody_waits_past_the_deadline() -> None:
    with deadline_scope(200):
        assert 100 < bounded(1000) <= 200
        assert bounded(0.25) == 0.25
        check_deadline()
    assert remaining() is None


def test_what_is_done_for_all_has_its_own_time() -> None:
    with deadline_scope(-1):
        with no_deadline():
            assert bounded(7.5) == 7.5
        assert remaining() == 0


@pytest.mark.parametrize("seconds", [0, -5])
def test_nothing_is_begun_after_the_deadline(seconds: float) -> None:
    with deadline_scope(seconds):
        assert remaining() == 0
        with pytest.raises(DeadlineExceeded):
            check_deadline()
        with pytest.raises(DeadlineExceeded):
            bounded(1)


@pytest.mark.parametrize(("outer", "inner"), [(500, 6000), (6000, 500)])
def test_a_deadline_within_another_only_shortens_it(outer: float, inner: float) -> None:
    with deadline_scope(outer):
        with deadline_scope(inner):
            assert 400 < left() <= 500
        assert outer - 100 < left() <= outer


def test_more_time_is_given_as_far_as_the_deadline_around_allows() -> None:
    with deadline_scope(3000), deadline_scope(100) as deadline:
        deadline.allow(500)
        assert 500 < left() <= 600
        deadline.allow(100_000)
        assert 2900 < left() <= 3000


def test_more_time_for_the_deadline_around_is_more_within() -> None:
    with deadline_scope(100) as outer, deadline_scope(6000):
        outer.allow(400)
        assert 400 < left() <= 500


def test_an_exception_ends_the_scope() -> None:
    with pytest.raises(RuntimeError), deadline_scope(5):
        raise RuntimeError
    assert remaining() is None


def test_it_is_a_moment_and_no_length() -> None:
    with deadline_scope(0.05):
        time.sleep(0.06)
        assert remaining() == 0


def test_other_threads_have_none() -> None:
    with deadline_scope(5), ThreadPoolExecutor(1) as pool:
        assert pool.submit(remaining).result() is None


def test_the_problem_says_that_it_may_be_tried_again() -> None:
    problem = DeadlineExceeded()
    assert (problem.status, problem.code) == (503, "DEADLINE_EXCEEDED")
    assert problem.headers == {"Retry-After": "1"}
