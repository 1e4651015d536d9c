"""Of a storm somebody is told little, and nothing of it is lost from the counts."""

from hypothesis import given
from hypothesis import strategies as st

from libs.service.reports.grouping import MOST_GROUPS, Groups, Verdict
from libs.service.tests.reports.giving import one


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def groups(most: int = 20) -> tuple[Groups, Clock]:
    clock = Clock()
    return Groups(window=60, most=most, clock=clock), clock


def test_the_first_is_told_at_once_and_the_others_once_a_window() -> None:
    found, clock = groups()
    assert [found.add(one()) for _ in range(10_000)] == [Verdict.TOLD, *[Verdict.GROUPED] * 9_999]
    assert not [*found.ended()]
    clock.now += 60
    (told,) = found.ended()
    assert told.count == 9_999
    assert found.add(one()) is Verdict.GROUPED, "it goes on"
    clock.now += 60
    assert [told.count for told in found.ended()] == [1]
    clock.now += 60
    assert not [*found.ended()]
    assert not len(found)
    assert found.add(one()) is Verdict.TOLD, "it is news again"


def test_the_last_report_stands_for_the_others() -> None:
    found, clock = groups()
    for number in range(3):
        found.add(one(data={"number": number}))
    clock.now += 60
    assert [told.report.data for told in found.ended()] == [{"number": 2}]


def test_all_in_all_so_many_are_told_in_a_window_and_the_others_later() -> None:
    found, clock = groups(most=3)
    verdicts = [found.add(one(number)) for number in range(10)]
    assert verdicts == [*[Verdict.TOLD] * 3, *[Verdict.GROUPED] * 7]
    told: list[int] = []
    for _ in range(60):
        clock.now += 10
        told += [each.count for each in found.ended()]
    assert told == [1] * 7


def test_of_too_many_different_things_those_that_come_last_are_dropped() -> None:
    found, _ = groups()
    verdicts = [found.add(one(number)) for number in range(MOST_GROUPS + 5)]
    assert verdicts.count(Verdict.DROPPED) == 5


def test_at_the_end_all_that_was_counted_is_told() -> None:
    found, _ = groups(most=1)
    for number in (1, 2, 2, 3, 1):
        found.add(one(number))
    assert {told.report.code: told.count for told in found.all()} == {"1": 1, "2": 2, "3": 1}
    assert found.next_end() is None


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 100))), st.integers(1, 4))
def test_counts_are_right_whatever_comes_when(given_: list[tuple[int, float]], most: int) -> None:
    found, clock = groups(most)
    counted = [0] * 6
    sent_at: list[float] = []
    for what, pause in given_:
        clock.now += pause
        for told in found.ended():
            counted[int(told.report.code or 0)] += told.count
            sent_at.append(clock.now)
        if found.add(one(what)) is Verdict.TOLD:
            counted[what] += 1
            sent_at.append(clock.now)
    for told in found.all():
        counted[int(told.report.code or 0)] += told.count
    assert counted == [sum(what == each for what, _ in given_) for each in range(6)]
    for begin in sent_at:
        assert sum(begin <= at < begin + 60 for at in sent_at) <= 2 * most
