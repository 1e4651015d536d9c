"""Entity tags, and the conditions made of them."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.models import Model

from libs.errors import InvalidParameters, PreconditionRequired
from libs.resource.etag import Tag, is_known, parse_tags, shape_of, tag_of, versions_wanted
from libs.resource.store.row import Codec, Row
from libs.resource.store.store import Store
from libs.resource.tests.beasts import Stone

opaque = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters='"\x7f'))
opaque = opaque.filter(lambda text: not any(0x7F <= ord(one) < 0x80 for one in text))
tags = st.builds(Tag, opaque, st.booleans())


class Shell(Model):
    """Has no version."""

    class Meta:
        table_name = "shells"

    id = UnicodeAttribute(hash_key=True)
    price = NumberAttribute(null=True)
    words = UnicodeSetAttribute(null=True)
    sizes = ListAttribute(of=NumberAttribute, null=True)
    hidden = UnicodeAttribute(null=True)


CODEC = Codec(Shell)
SHELLS = cast(Store, SimpleNamespace(codec=CODEC, version_of=lambda row: None))


SHAPE = "0a1b2c3d"


def shell(**values: Any) -> Row:
    return Row(CODEC, CODEC.item(Shell("1", **values)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"1"', [Tag("1")]),
        ('W/"1"', [Tag("1", weak=True)]),
        ('"1", W/"2","3"', [Tag("1"), Tag("2", weak=True), Tag("3")]),
        (' "1"\t,\t"2" ', [Tag("1"), Tag("2")]),
        (', "1",, "2",', [Tag("1"), Tag("2")]),
        ('""', [Tag("")]),
        ('"a,b"', [Tag("a,b")]),
        ('"*"', [Tag("*")]),
        ('"\xe9"', [Tag("\xe9")]),
    ],
)
def test_lists_of_rfc_9110(text: str, expected: list[Tag]) -> None:
    assert parse_tags(text, "If-Match") == tuple(expected)


@pytest.mark.parametrize("text", ["*", " * "])
def test_a_star_is_any(text: str) -> None:
    assert parse_tags(text, "If-Match") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "1",
        '"1',
        '1"',
        "'1'",
        'w/"1"',
        'W / "1"',
        '"1" "2"',
        '"1""2"',
        '"1";"2"',
        '*, "1"',
        '"1", *',
        '"1", x',
        '"a b"',
        '"a\x7f"',
        '"\u20ac"',
        '"\ud800"',
    ],
)
def test_what_is_no_list_of_tags_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameters) as caught:
        parse_tags(text, "If-None-Match")
    assert [fault.parameter for fault in caught.value.errors] == ["If-None-Match"]


@given(st.lists(tags, min_size=1, max_size=5), st.sampled_from([",", ", ", " ,\t", ",,"]))
def test_what_is_written_is_read(several: list[Tag], comma: str) -> None:
    assert parse_tags(comma.join(str(tag) for tag in several), "If-Match") == tuple(several)


@given(st.text() | st.text(st.sampled_from('W/"1*, \t\x00')))
def test_any_text_is_tags_or_a_problem(text: str) -> None:
    try:
        found = parse_tags(text, "If-Match")
    except InvalidParameters:
        return
    assert found is None or [str(one) for one in found]


@given(tags, st.lists(tags, min_size=1, max_size=3))
def test_none_match_compares_weakly(tag: Tag, sent: list[Tag]) -> None:
    text = ", ".join(str(one) for one in sent)
    assert is_known(tag, text) == (tag.opaque in [one.opaque for one in sent])


def test_none_match_of_any_and_of_nothing() -> None:
    assert is_known(Tag("1"), "*")
    assert not is_known(Tag("1"), None)


def test_match_names_versions() -> None:
    assert versions_wanted('"1", "22"', required=True, versioned=True) == (1, 22)
    assert versions_wanted("*", required=True, versioned=True) is None
    assert versions_wanted(None, required=False, versioned=True) is None
    with pytest.raises(PreconditionRequired):
        versions_wanted(None, required=True, versioned=True)


@pytest.mark.parametrize(
    "text",
    [
        'W/"1"',
        '"a"',
        '"01"',
        '"0"',
        '"-1"',
        '"1.0"',
        '"1.0a1b2c3"',
        '"1.0A1B2C3D"',
        '"1."',
        '"\xb2"',
        '""',
        f'"{"9" * 19}"',
        f'"{"9" * 5000}"',
    ],
)
def test_no_version_can_match_another_tag(text: str) -> None:
    assert versions_wanted(text, required=False, versioned=True) == ()
    # Where one of several can, the others do no harm.
    assert versions_wanted(f'{text}, "7"', required=False, versioned=True) == (7,)


def test_nothing_but_a_star_matches_what_has_no_version() -> None:
    assert versions_wanted('"1"', required=False, versioned=False) == ()
    assert versions_wanted("*", required=False, versioned=False) is None


def test_the_tag_of_a_row_with_a_version_is_the_version_and_the_shape() -> None:
    store = Store(Stone)
    row = Row(store.codec, {"version": {"N": "3"}})
    assert tag_of(store, row, "0a1b2c3d") == Tag("3.0a1b2c3d")
    computed = tag_of(store, row, "0a1b2c3d", {"heavy": True})
    assert computed.opaque.startswith("3.")
    assert computed != tag_of(store, row, "0a1b2c3d", {"heavy": False})


def test_a_shape_is_the_schema_whatever_its_order() -> None:
    one = shape_of({"properties": {"a": {"type": "string"}, "b": {}}})
    assert one == shape_of({"properties": {"b": {}, "a": {"type": "string"}}})
    assert one != shape_of({"properties": {"a": {"type": "integer"}, "b": {}}})
    assert re.fullmatch("[0-9a-f]{8}", one)


def test_a_match_is_about_the_version_in_whatever_shape() -> None:
    store = Store(Stone)
    row = Row(store.codec, {"version": {"N": "3"}})
    shown = [tag_of(store, row, "0a1b2c3d"), tag_of(store, row, "0a1b2c3d", {"heavy": True}), Tag("3")]
    for tag in shown:
        assert versions_wanted(str(tag), required=False, versioned=True) == (3,)
        # To know it one must have it in this shape.
        assert is_known(shown[0], str(tag)) == (tag == shown[0])


def test_a_row_without_a_version_has_a_weak_tag_of_all_it_holds() -> None:
    made = [
        shell(),
        shell(price=1),
        shell(price=2),
        shell(words={"a"}),
        shell(words={"b"}),
        shell(sizes=[1, 2]),
        shell(sizes=[2, 1]),
        shell(hidden="x"),
    ]
    found = [tag_of(SHELLS, row, SHAPE) for row in made]
    assert len(set(found)) == len(made)
    assert all(tag.weak and len(tag.opaque) == 32 for tag in found)
    assert found == [tag_of(SHELLS, Row(CODEC, row.item), SHAPE) for row in made]
    assert set(found).isdisjoint(tag_of(SHELLS, row, "another!") for row in made)


def test_the_tag_is_the_same_before_and_after_a_row_was_stored() -> None:
    # DynamoDB tells 5.0 as 5 and a null as none, and the members of a set in an order of its own.
    stored = {
        "id": {"S": "1"},
        "price": {"N": "5"},
        "words": {"SS": ["b", "c", "a"]},
        "sizes": {"L": [{"N": "1"}, {"N": "100000000000000000000000"}]},
        "hidden": {"NULL": True},
    }
    made = shell(price=5.0, words={"c", "a", "b"}, sizes=[1.0, 1e23])
    assert tag_of(SHELLS, made, SHAPE) == tag_of(SHELLS, Row(CODEC, stored), SHAPE)


def test_the_tag_is_the_same_in_every_process() -> None:
    code = (
        "from libs.resource.tests.test_etag import *;"
        "print(tag_of(SHELLS, shell(words={'a', 'b', 'c', 'd', 'e'}), SHAPE).opaque)"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert told == {tag_of(SHELLS, shell(words=set("abcde")), SHAPE).opaque + "\n"}
