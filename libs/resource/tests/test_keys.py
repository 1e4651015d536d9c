"""The key of a row in its path."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.models import Model

from libs.api import path_segments
from libs.errors import NotFound
from libs.resource.keys import KeyPath
from libs.resource.query.layout import Layout
from libs.resource.storable import number_fault
from libs.resource.store.row import Codec, Row


def model(hash_key: Any, range_key: Any = None) -> type[Model]:
    """Return a model with these attributes for its key."""

    class Keyed(Model):
        class Meta:
            table_name = "keyed"

        one = hash_key
        if range_key is not None:
            two = range_key

    return Keyed


def text(**options: Any) -> UnicodeAttribute:
    return UnicodeAttribute(**options)


TEXT = Layout(model(UnicodeAttribute(hash_key=True, attr_name="o")))
NUMBER = Layout(model(NumberAttribute(hash_key=True)))
TIME = Layout(model(UTCDateTimeAttribute(hash_key=True)))
BINARY = Layout(model(BinaryAttribute(hash_key=True, legacy_encoding=False)))
TWO = Layout(model(UnicodeAttribute(hash_key=True), NumberAttribute(range_key=True, attr_name="t")))


def row(layout: Layout, **values: Any) -> Row:
    """Return a row as DynamoDB has it."""
    codec: Codec = layout.codec
    return Row(codec, {codec.stored_name(name): codec.raw(name, value) for name, value in values.items()})


def read(layout: Layout, sent: str) -> Any:
    """Return the value of the only key attribute."""
    item = KeyPath(layout, ()).read(sent, {})
    return Row(layout.codec, item)("one")


def test_a_key_of_one_part_is_called_key() -> None:
    keys = KeyPath(TEXT, ())
    assert (keys.template, keys.parameters, keys.names) == ("{key}", ("key",), ("one",))
    assert keys.read("x", {}) == keys.read(["x"], {}) == {"o": {"S": "x"}}


def test_a_key_of_two_parts_is_called_by_their_names() -> None:
    keys = KeyPath(TWO, ())
    assert (keys.template, keys.parameters) == ("{one}/{two}", ("one", "two"))
    assert keys.read(["x", "7"], {}) == {"one": {"S": "x"}, "t": {"N": "7"}}
    assert keys.path(row(TWO, one="a/b", two=7)) == "a%2Fb/7"


def test_what_the_scope_fixes_is_no_part_of_the_path() -> None:
    keys = KeyPath(TWO, ("one", "other"))
    assert keys.template == "{key}"
    assert keys.read("7", {"one": "ann", "other": 1}) == {"one": {"S": "ann"}, "t": {"N": "7"}}
    assert keys.path(row(TWO, one="ann", two=7)) == "7"


def test_a_scope_that_fixes_the_whole_key_stops_the_start() -> None:
    with pytest.raises(TypeError, match="Keyed: the scope fixes the whole key"):
        KeyPath(TEXT, ("one",))


def test_a_key_without_a_text_stops_the_start() -> None:
    with pytest.raises(TypeError, match=r"Keyed\.one is a key that has no text"):
        KeyPath(Layout(model(BooleanAttribute(hash_key=True))), ())


def test_too_few_parts_are_a_fault_of_our_own() -> None:
    with pytest.raises(ValueError, match="zip"):
        KeyPath(TWO, ()).read("x", {})


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40)
numbers = st.one_of(
    st.integers(-(10**38) + 1, 10**38 - 1),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: number_fault(number) is None),
    st.integers(0, 87).map(lambda zeros: 12 * 10**zeros),
)
moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])).filter(
    lambda moment: 2 < moment.year < 9998
)


@pytest.mark.parametrize(
    "value", ["/", "a/b", ".", "..", "a.b", "%2F", "?x#y", "ü", "🦡", " ", "+", "\n", "\\"]
)
def test_texts_that_mean_something_in_a_path(value: str) -> None:
    made = KeyPath(TEXT, ()).path(row(TEXT, one=value))
    assert "/" not in made
    assert made not in (".", "..")
    assert path_segments(f"/{made}") == (value,)
    assert read(TEXT, value) == value


@given(texts, numbers)
def test_a_path_of_two_parts_is_read_as_what_it_was_made_of(one: str, two: float) -> None:
    keys = KeyPath(TWO, ())
    made = row(TWO, one=one, two=two)
    again = Row(TWO.codec, keys.read(path_segments(f"/{keys.path(made)}"), {}))
    assert again("one") == one
    assert Decimal(again.item["t"]["N"]) == Decimal(made.item["t"]["N"])


@given(numbers)
@example(1e-07)
@example(1e22)
@example(10**125)
@example(-0.0)
@example(1e-130)
@example(9.99e125)
def test_numbers(value: float) -> None:
    made, keys = row(NUMBER, one=value), KeyPath(NUMBER, ())
    # By what is stored: 1e23 and the integer of that name are two numbers to Python and one to DynamoDB.
    assert Decimal(keys.read(keys.path(made), {})["one"]["N"]) == Decimal(made.item["one"]["N"])


@given(moments)
def test_times(value: datetime) -> None:
    assert read(TIME, path_segments(f"/{KeyPath(TIME, ()).path(row(TIME, one=value))}")[0]) == value


@given(st.binary(min_size=1, max_size=50))
def test_bytes(value: bytes) -> None:
    assert read(BINARY, KeyPath(BINARY, ()).path(row(BINARY, one=value))) == value


def test_how_they_look() -> None:
    keys = KeyPath(TIME, ())
    assert keys.path(row(TIME, one=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))) == (
        "2026-01-02T03%3A04%3A05.000006Z"
    )
    assert KeyPath(BINARY, ()).path(row(BINARY, one=b"\xff\xfe")) == "__4"
    assert KeyPath(NUMBER, ()).path(row(NUMBER, one=0.00000012)) == "0.00000012"
    assert read(TIME, "2026-01-02T03:04:05+01:00") == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("layout", "sent"),
    [
        (TEXT, ""),
        (TEXT, "x" * 2049),
        (TEXT, "ü" * 1025),
        (TEXT, "\ud800"),
        (NUMBER, ""),
        (NUMBER, "01"),
        (NUMBER, "+1"),
        (NUMBER, "1e5"),
        (NUMBER, "1."),
        (NUMBER, ".5"),
        (NUMBER, "--1"),
        (NUMBER, "nan"),
        (NUMBER, "Infinity"),
        (NUMBER, "1_000"),
        (NUMBER, "٣"),
        (NUMBER, " 1"),
        (NUMBER, "1\n"),
        (NUMBER, "1" * 39),
        (NUMBER, "1" + "0" * 126),
        (NUMBER, "0." + "0" * 131 + "1"),
        (NUMBER, "9" * 100_000),
        (TIME, ""),
        (TIME, "2026-01-02T03:04:05"),
        (TIME, "2026-13-02T03:04:05Z"),
        (TIME, "0001-01-01T00:00:00+10:00"),
        (TIME, "9999-12-31T23:59:59-10:00"),
        (TIME, "yesterday"),
        (TIME, "\ud800"),
        (BINARY, ""),
        (BINARY, "A"),
        (BINARY, "_/"),
        (BINARY, "QQ=="),
        (BINARY, "A" * 2732),
        (BINARY, "\ud800"),
    ],
)
def test_what_can_be_no_key_is_not_found(layout: Layout, sent: str) -> None:
    with pytest.raises(NotFound):
        read(layout, sent)


@pytest.mark.parametrize("fixed", ["", "x" * 2049])
def test_what_the_scope_fixes_can_be_no_key_either(fixed: str) -> None:
    with pytest.raises(NotFound):
        KeyPath(TWO, ("one",)).read("7", {"one": fixed})


def test_hash_and_range_keys_are_as_long_as_dynamodb_takes_them() -> None:
    layout = Layout(model(text(hash_key=True), text(range_key=True)))
    keys = KeyPath(layout, ())
    assert keys.read(["x" * 2048, "y" * 1024], {})["two"] == {"S": "y" * 1024}
    for parts in (["x" * 2049, "y"], ["x", "y" * 1025]):
        with pytest.raises(NotFound):
            keys.read(parts, {})


@pytest.mark.parametrize("layout", [TEXT, NUMBER, TIME, BINARY], ids=["text", "number", "time", "binary"])
@given(sent=st.text() | st.text(st.sampled_from("0123456789-+.:TZeW_=\ud800")))
def test_any_text_is_a_key_or_not_found(layout: Layout, sent: str) -> None:
    try:
        read(layout, sent)
    except NotFound:
        return
    assert sent
