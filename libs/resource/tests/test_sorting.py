"""The order a client asks for, and rows put into it."""

from functools import cmp_to_key
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import InvalidParameters
from libs.resource.query.sorting import MAX_SORT_KEYS, SortKey, ordering, parse_sort

FIELDS = ("a", "b", "c", "d", "e", "f")


def test_a_minus_is_for_descending() -> None:
    assert parse_sort("-a,b", FIELDS) == (SortKey("a", descending=True), SortKey("b"))
    assert [str(key) for key in parse_sort("-a,b", FIELDS)] == ["-a", "b"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'' is not a field to sort by; those are a, b"),
        ("a,", "'' is not a field"),
        ("x", "'x' is not a field"),
        ("--a", "'-a' is not a field"),
        ("a, b", "' b' is not a field"),
        ("A", "'A' is not a field"),
        ("a,-a", "'a' is named twice"),
        ("a,b,c,d,e,f", "holds more than 5 fields"),
    ],
)
def test_what_is_no_order_is_refused(text: str, told: str) -> None:
    with pytest.raises(InvalidParameters) as caught:
        parse_sort(text, FIELDS, parameter="order")
    (fault,) = caught.value.errors
    assert fault.detail.startswith(told)
    assert fault.parameter == "order"


def test_the_answer_to_a_very_long_order_is_short() -> None:
    with pytest.raises(InvalidParameters) as caught:
        parse_sort(",".join(str(n) for n in range(100_000)), FIELDS)
    assert len(caught.value.errors) == 1


@given(st.text(st.sampled_from("ab,-\ud800é \x00")) | st.text(max_size=30))
def test_any_text_is_an_order_or_a_problem(text: str) -> None:
    try:
        keys = parse_sort(text, FIELDS)
    except InvalidParameters:
        return
    assert 0 < len(keys) <= MAX_SORT_KEYS
    assert ",".join(str(key) for key in keys) == text


values = st.none() | st.integers(-2, 2)
rows_of_values = st.lists(st.tuples(values, values, st.integers(0, 3)), max_size=8)


@given(rows_of_values, st.booleans(), st.booleans())
def test_null_is_less_than_any_value_and_the_rest_breaks_ties(
    rows: list[tuple[Any, ...]], first: bool, second: bool
) -> None:
    def place(row: tuple[Any, ...]) -> tuple[Any, ...]:
        one, other = (-10 if value is None else value for value in row[:2])
        return (-one if first else one, -other if second else other, row[2])

    keys = [SortKey("a", first), SortKey("b", second)]
    assert sorted(rows, key=ordering(keys)) == sorted(rows, key=place)


def test_null_is_last_where_the_order_descends() -> None:
    assert sorted([[None], [1], [2]], key=ordering([SortKey("a", True)])) == [[2], [1], [None]]


def test_a_key_can_be_compared_with_another() -> None:
    key_of = ordering([SortKey("a")])
    assert isinstance(key_of([1]), type(cmp_to_key(lambda a, b: 0)(1)))
    assert key_of([1]) < key_of([2])
    assert not key_of([2]) < key_of([2])
