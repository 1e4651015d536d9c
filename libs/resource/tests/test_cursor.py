"""Cursors: handed back unchanged to the list they are of, or refused."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from libs.errors import InvalidParameters
from libs.resource import CursorSigner

SIGNER = CursorSigner("only-for-tests-and-32-characters-long")
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20)
texts = st.text(max_size=50)


def assert_refused(resource: str, partition: str, cursor: str, signer: CursorSigner = SIGNER) -> None:
    with pytest.raises(InvalidParameters) as caught:
        signer.read(resource, partition, cursor)
    (fault,) = caught.value.errors
    assert fault.parameter == "cursor"


@given(names, texts, texts)
def test_a_cursor_is_read_as_the_key_it_was_made_of(resource: str, partition: str, key: str) -> None:
    assert SIGNER.read(resource, partition, SIGNER.sign(resource, partition, key)) == key


@given(names, texts)
def test_a_cursor_fits_into_a_url(partition: str, key: str) -> None:
    cursor = SIGNER.sign("Todo", partition, key)
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@given(st.text(max_size=1024).filter(lambda key: len(key.encode()) <= 1024))
def test_the_cursor_of_the_longest_key_is_not_refused_as_too_long(key: str) -> None:
    assert len(SIGNER.sign("Todo", "ada", key)) <= 2048


@given(texts, st.data())
def test_a_cursor_changed_anywhere_is_refused(key: str, data: st.DataObject) -> None:
    cursor = SIGNER.sign("Todo", "ada", key)
    at = data.draw(st.integers(0, len(cursor) - 1))
    # The last character of base64 may have bits that mean nothing; what it is read as must not change.
    changed = cursor[:at] + data.draw(st.characters(exclude_categories=["Cs"])) + cursor[at + 1 :]
    assume(changed != cursor)
    try:
        assert SIGNER.read("Todo", "ada", changed) == key
        assert at == len(cursor) - 1
    except InvalidParameters:
        pass


@given(texts, st.integers(1, 10))
def test_a_cursor_cut_or_prolonged_is_refused(key: str, count: int) -> None:
    cursor = SIGNER.sign("Todo", "ada", key)
    for changed in (cursor[:-count], cursor[count:], cursor + "A" * count, cursor + "." + cursor):
        assert_refused("Todo", "ada", changed)


@given(texts, names, texts, texts)
def test_a_cursor_of_another_list_is_refused(
    key: str, resource: str, partition: str, other_partition: str
) -> None:
    cursor = SIGNER.sign("Todo", partition, key)
    if resource != "Todo":
        assert_refused(resource, partition, cursor)
    if other_partition != partition:
        assert_refused("Todo", other_partition, cursor)


def test_resource_and_partition_cannot_be_shifted_into_each_other() -> None:
    assert_refused("Tod", "oada", SIGNER.sign("Todo", "ada", "1"))


def test_a_cursor_of_another_secret_is_refused() -> None:
    assert_refused("Todo", "ada", SIGNER.sign("Todo", "ada", "1"), CursorSigner("another" * 6))


@given(st.text(st.characters(), max_size=200))
def test_whatever_is_sent_as_a_cursor_is_refused_and_no_more(sent: str) -> None:
    assert_refused("Todo", "ada", sent)


@pytest.mark.parametrize("value", [1, None, ["a"], {"a": 1}])
def test_a_signed_value_that_is_no_key_is_refused(value: object) -> None:
    cursor = str(SIGNER._serializer("Todo", "ada", "").dumps(value))
    assert_refused("Todo", "ada", cursor)
