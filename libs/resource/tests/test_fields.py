"""What fields take and refuse."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError
from pynamodb.attributes import ListAttribute, MapAttribute, UnicodeAttribute
from pynamodb.models import Model

from libs.dynamodb.limits import MOST_LEVELS
from libs.resource.schema import fields
from libs.resource.schema.from_model import schema_class
from libs.resource.storable import json_number
from libs.resource.tests.kinds import Address, Everything, Settings, base64, values

TIME = datetime(2026, 1, 1, 12, 30, 15, 250_000, tzinfo=UTC)


def load(partial: bool = False, **part: Any) -> Any:
    """Return what becomes of the one attribute sent."""
    schema = schema_class(Everything)(partial=partial)
    loaded = schema.load({"id": "i", "text": "t", **part})
    return loaded[next(iter(part))]


def faults(partial: bool = False, **part: Any) -> set[str]:
    """Return the pointers of all faults."""
    with pytest.raises(ValidationError) as caught:
        load(partial, **part)
    return set(_pointers(caught.value.messages_dict))


def _pointers(messages: Any, at: str = "") -> list[str]:
    if not isinstance(messages, dict):
        assert messages
        assert all(isinstance(one, str) for one in messages)
        return [at]
    return [pointer for name, one in messages.items() for pointer in _pointers(one, f"{at}/{name}")]


def nested(levels: int) -> Any:
    made: Any = "x"
    for level in range(levels):
        made = {"a": made} if level % 2 else [made]
    return made


def test_nothing_is_converted() -> None:
    assert faults(number="5") == faults(number=True) == {"/number"}
    assert faults(flag="true") == faults(flag=1) == {"/flag"}
    assert faults(text=b"t") == {"/text"}
    assert faults(texts="abc") == faults(texts={"a": 1}) == {"/texts"}


@pytest.mark.parametrize("number", [10**37 + 1, 10**125, -(10**38 - 1), 3, 3.5, 0, 1e-130])
def test_a_number_dynamodb_can_store_stays_what_it_is(number: float) -> None:
    assert load(number=number) == number
    assert load(anything=[number]) == [number]
    assert type(load(number=number)) is type(number)


@pytest.mark.parametrize(
    "number", [10**38 + 1, 10**126, 10**4000, 1e126, 1e-131, float("nan"), float("-inf")]
)
def test_any_other_is_a_fault_wherever_it_is(number: float) -> None:
    assert faults(number=number) == {"/number"}
    assert faults(document={"a": [1, number]}) == {"/document/a/1"}
    assert faults(anything=[{"b": number}]) == {"/anything/0/b"}
    assert faults(settings={"b": number}) == {"/settings/b"}
    assert faults(numbers=[1, number]) == {"/numbers/1"}
    assert faults(address={"street": "", "lines": [{"text": "", "number": number}]}) == {
        "/address/lines/0/number"
    }


@given(st.integers(-(2**63), 2**64 - 1) | st.floats(-1e19, 1e19))
def test_a_number_is_shown_the_same_before_and_after_dynamodb_had_it(number: float) -> None:
    # DynamoDB answers with the shortest decimal: 3.0 comes back as 3, and 1e18 with all its zeros.
    text = repr(number)
    shown = json_number(number)
    assert shown == number or abs(number) > 2**53
    if isinstance(number, float) and number.is_integer():
        assert shown == json_number(int(Decimal(text)))


def test_half_a_character_is_a_fault_wherever_it_is() -> None:
    for half in ("\ud800", "a\udfff"):
        assert faults(text=half) == {"/text"}
        assert faults(document=[half]) == {"/document/0"}
        assert faults(loose={half: 1}) == {f"/loose/{half}"}
        assert faults(tags=["a", half]) == {"/tags/1"}
        assert faults(address={"street": half}) == {"/address/street"}
    assert load(text="\U0001f600") == "\U0001f600"


def test_values_are_nested_as_deep_as_dynamodb_has_it() -> None:
    assert load(document=nested(MOST_LEVELS))
    assert faults(document=nested(MOST_LEVELS + 1)) != set()
    assert faults(document=nested(900)) != set()
    assert load(settings={"a": nested(MOST_LEVELS - 1)})
    assert faults(settings={"a": nested(MOST_LEVELS)}) != set()


def test_the_levels_of_maps_and_lists_count() -> None:
    class Box(MapAttribute[str, Any]):
        inside = ListAttribute(null=True)

    class Boxes(Model):
        class Meta:
            table_name = "boxes"

        id = UnicodeAttribute(hash_key=True)
        boxes = ListAttribute(of=Box)

    schema = schema_class(Boxes)()
    assert schema.load({"id": "1", "boxes": [{"inside": [nested(MOST_LEVELS - 3)]}]})
    with pytest.raises(ValidationError):
        schema.load({"id": "1", "boxes": [{"inside": [nested(MOST_LEVELS - 2)]}]})


def test_no_member_of_a_map_is_nameless() -> None:
    assert faults(loose={"": 1}) == {"/loose/"}
    assert faults(anything=[{"": 1}]) == {"/anything/0/"}
    assert faults(loose={"é" * 32768: 1}) != set()
    assert faults(loose={"self": 1}) == {"/loose/self"}, "PynamoDB could not read it"
    assert load(anything=[{"self": 1}])
    assert load(settings={"self": 1})["self"] == 1


def test_a_time_is_rfc_3339() -> None:
    for text in ("2026-01-01T12:30:15.25Z", "2026-01-01t13:30:15.250+01:00", "2026-01-01T12:30:15.2500009z"):
        assert load(moment=text) == TIME
        assert load(expires=text) == TIME.replace(microsecond=0)
    for text in (
        "2026-01-01T12:30Z",
        "2026-01-01 12:30:15Z",
        "20260101T123015Z",
        "2026-01-01T12:30:15",
        1,
        None,
    ):
        assert faults(moment=text if text is not None else {}) == {"/moment"}
        assert faults(expires=text if text is not None else {}) == {"/expires"}
    assert faults(moment="٢٠٢٦-01-01T00:00:00Z") == {"/moment"}
    assert load(moment=TIME.astimezone(timezone(timedelta(hours=1)))) == TIME


@given(st.binary())
def test_binary_is_base64(content: bytes) -> None:
    assert load(blob=base64(content)) == content
    assert load(blob_set=[base64(content), base64(b"x")]) == {content, b"x"}


@pytest.mark.parametrize("text", ["YQ", "YQ=", "YQ==\n", "YQ==YQ==", "Y", "-_==", "=", "é===", 1, ["YQ=="]])
def test_what_is_not_base64_is_a_fault(text: Any) -> None:
    assert faults(blob=text) == {"/blob"}
    assert faults(blobs=["YQ==", text]) == {"/blobs/1"}


def test_a_set_takes_a_member_once() -> None:
    assert load(tags=["b", "a", "b"]) == {"a", "b"}
    assert load(numbers=[1, 1.0, 2]) == {1, 2}
    assert len(load(numbers=[1e23, 10**23])) == 1, "Python tells them apart, DynamoDB does not"
    assert faults(tags=["a", 1]) == {"/tags/1"}
    assert faults(numbers=[1, True, "1"]) == {"/numbers/1", "/numbers/2"}
    assert faults(tags={"a": 1}) == {"/tags"}


def test_an_empty_set_is_none() -> None:
    assert load(tags=[]) is None
    assert fields.Members(fields.Text(), allow_none=True).deserialize([]) is None
    with pytest.raises(ValidationError, match="May not be empty"):
        fields.Members(fields.Text()).deserialize([])


def test_a_set_is_shown_in_order() -> None:
    shown = schema_class(Everything)().dump(
        {"tags": {"b", "a", "ä"}, "numbers": {10, 9.5, -1}, "blob_set": {b"b", b"a"}}
    )
    assert shown == {"tags": ["a", "b", "ä"], "numbers": [-1, 9.5, 10], "blob_set": ["YQ==", "Yg=="]}


def test_a_map_is_loaded_as_an_object_of_its_class_with_its_defaults() -> None:
    address = load(address={"street": "x", "lines": [{"text": "y"}]})
    assert isinstance(address, Address)
    assert (address.street, address.country, address.lines[0].text) == ("x", "DE", "y")


@pytest.mark.parametrize("partial", [True, False])
def test_a_map_is_whole_in_a_change_too(partial: bool) -> None:
    assert faults(partial, address={"postcode": "1"}) == {"/address/street"}
    assert faults(partial, addresses=[{"street": "x"}, {}]) == {"/addresses/1/street"}
    wrong = {"street": 1, "lines": [{"text": "x"}, {}, {"text": None}], "more": 1, "zip": "1"}
    assert faults(partial, address=wrong) == {
        "/address/street", "/address/lines/1/text", "/address/lines/2/text", "/address/more", "/address/zip",
    }  # fmt: skip
    assert faults(partial, address=[]) == faults(partial, address="x") == {"/address"}
    assert faults(partial, addresses=[None]) == {"/addresses/0"}


def test_a_dynamic_map_has_attributes_and_takes_others() -> None:
    made = load(settings={"since": "2026-01-01T00:00:00Z", "theme": {"dark": True}})
    assert isinstance(made, Settings)
    assert made.since == datetime(2026, 1, 1, tzinfo=UTC)
    assert made["theme"] == {"dark": True}
    assert faults(settings={"since": 1, "a": float("nan")}) == {"/settings/since", "/settings/a"}
    assert faults(settings={"s": "x"}) == {"/settings/s"}, "the name since is stored under"


@given(values.filter(lambda one: one is not None))
def test_any_json_is_taken_as_it_is(value: Any) -> None:
    assert load(document=value) == value


def test_what_is_no_json_is_a_fault() -> None:
    for value in (b"x", TIME, {1}, (1,)):
        assert faults(document=[value]) == {"/document/0"}
    assert faults(document={1: "x"}) == {"/document/1"}


def test_null_is_only_null() -> None:
    assert load(nothing=None) is None
    assert faults(nothing=0) == faults(nothing={}) == {"/nothing"}
