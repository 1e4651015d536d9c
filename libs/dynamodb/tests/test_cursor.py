"""Cursors: handed back unchanged to the list they are of, or refused."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from libs.dynamodb import CursorSigner, Position
from libs.dynamodb.long_text import LongText
from libs.errors import InvalidParameters

SIGNER = CursorSigner("only-for-tests-and-32-characters-long")
QUESTION = ("Todo", "ada")

characters = st.characters(exclude_categories=["Cs"])
texts = st.text(characters, max_size=50)
values = st.one_of(
    st.fixed_dictionaries({"S": texts}),
    st.fixed_dictionaries({"N": st.integers().map(str) | st.floats(allow_nan=False).map(repr)}),
    st.fixed_dictionaries({"B": st.binary(max_size=50)}),
    st.fixed_dictionaries({"BOOL": st.booleans()}),
    st.just({"NULL": True}),
)
long_texts = st.tuples(texts, st.lists(texts)).map(
    lambda two: LongText.of("x" * 100 + two[0], ["x" * 100 + one for one in two[1]])
)
positions = st.builds(Position, st.integers(0, 23), st.none()) | st.builds(
    Position, st.integers(0, 23), st.dictionaries(texts, values, max_size=4)
).flatmap(lambda place: st.just(place) | long_texts.map(lambda text: replace(place, texts={"\n": text})))
questions = st.lists(st.text(max_size=20), max_size=4)


def assert_refused(cursor: str, question: Any = QUESTION, signer: CursorSigner = SIGNER) -> None:
    with pytest.raises(InvalidParameters) as caught:
        signer.read(question, cursor)
    (fault,) = caught.value.errors
    assert fault.parameter == "cursor"


@given(questions, positions, st.booleans())
def test_a_cursor_is_read_as_what_it_was_made_of(
    question: list[str], position: Position, backwards: bool
) -> None:
    cursor = SIGNER.sign(question, position, backwards=backwards)
    assert SIGNER.read(question, cursor) == (position, backwards)
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_a_cursor_of_the_longest_keys_of_a_table_fits_into_a_url() -> None:
    key = {"owner": {"S": "x" * 40}, "id": {"S": "".join(chr(0x4E00 + n) for n in range(341))}}
    assert len(SIGNER.sign(QUESTION, Position(0, key))) <= 3000


@given(positions, st.data())
def test_a_cursor_changed_anywhere_is_refused(position: Position, data: st.DataObject) -> None:
    cursor = SIGNER.sign(QUESTION, position)
    at = data.draw(st.integers(0, len(cursor) - 1))
    changed = cursor[:at] + data.draw(characters) + cursor[at + 1 :]
    assume(changed != cursor)
    try:
        # The last character of base64 may have bits that mean nothing; what it is read as must not change.
        assert SIGNER.read(QUESTION, changed) == (position, False)
        assert at == len(cursor) - 1
    except InvalidParameters:
        pass


@given(positions, st.integers(1, 10))
def test_a_cursor_cut_or_prolonged_is_refused(position: Position, count: int) -> None:
    cursor = SIGNER.sign(QUESTION, position)
    for changed in (cursor[:-count], cursor[count:], cursor + "A" * count, f"{cursor}.{cursor}"):
        assert_refused(changed)


@given(positions, questions)
def test_a_cursor_of_another_question_is_refused(position: Position, question: list[str]) -> None:
    cursor = SIGNER.sign(QUESTION, position)
    if tuple(question) != QUESTION:
        assert_refused(cursor, question)


@pytest.mark.parametrize(
    "question", [("Tod", "oada"), ("Todoada",), ("Todo.ada",), ("Todo", "", "ada"), ("ada", "Todo"), ()]
)
def test_the_parts_of_a_question_cannot_be_shifted_into_each_other(question: tuple[str, ...]) -> None:
    assert_refused(SIGNER.sign(QUESTION, Position(0, None)), question)


def test_a_cursor_of_another_secret_is_refused() -> None:
    cursor = SIGNER.sign(QUESTION, Position(0, None))
    assert_refused(cursor, signer=CursorSigner("another" * 6))


def test_the_next_page_cannot_be_turned_into_the_one_before() -> None:
    position = Position(0, {"id": {"S": "1"}})
    forwards, backwards = SIGNER.sign(QUESTION, position), SIGNER.sign(QUESTION, position, backwards=True)
    for one, other in ((forwards, backwards), (backwards, forwards)):
        assert_refused(f"{one.rpartition('.')[0]}.{other.rpartition('.')[2]}")


@given(st.text(st.characters(), max_size=200) | st.text(st.sampled_from("eyJ.-_A1="), max_size=60))
def test_whatever_is_sent_as_a_cursor_is_refused_and_no_more(sent: str) -> None:
    assert_refused(sent)


@pytest.mark.parametrize(
    "value",
    [
        1,
        None,
        "abc",
        {"a": 1},
        [],
        [0, None],
        [0, None, 0, 0],
        [-1, None, 0],
        ["0", None, 0],
        [0.5, None, 0],
        [0, [], 0],
        [0, "key", 0],
        [0, None, 2],
        [0, None, "1"],
        [0, {"id": "1"}, 0],
        [0, {"id": None}, 0],
        [0, {"id": ["S"]}, 0],
        [0, {"id": ["S", 1]}, 0],
        [0, {"id": ["N", 1]}, 0],
        [0, {"id": ["B", "*"]}, 0],
        [0, {"id": ["B", "Q"]}, 0],
        [0, {"id": ["BOOL", "true"]}, 0],
        [0, {"id": ["M", {}]}, 0],
        [0, {"id": ["text", "x"]}, 0],
        [0, {"id": ["text", "x", []]}, 0],
        [0, {"id": ["text", "x", [[1, "", ""]]]}, 0],
        [0, {"id": ["text", "x", [[-1, "", "", 1]]]}, 0],
        [0, {"id": ["text", "x", [[1, "", "", 2]]]}, 0],
    ],
    ids=str,
)
def test_what_was_signed_by_another_version_is_refused(value: object) -> None:
    assert_refused(str(SIGNER._serializer(QUESTION).dumps(value)))
