"""From a model to the schema of its representation."""

from datetime import UTC, datetime
from typing import Any

import pytest
from marshmallow import ValidationError
from marshmallow.fields import List, String
from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.models import Model

from libs.resource.schema import schema_class


class Thing(Model):
    """An attribute of every kind."""

    class Meta:
        table_name = "things"

    owner = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    colour = UnicodeAttribute(default="red")
    size = NumberAttribute(default_for_new=1)
    weight = NumberAttribute(null=True)
    loud = BooleanAttribute(null=True)
    made_at = UTCDateTimeAttribute(null=True)


class Bag(Model):
    """With attributes that have no field of their own."""

    class Meta:
        table_name = "bags"

    id = UnicodeAttribute(hash_key=True)
    tags = UnicodeSetAttribute(null=True)


def load(body: dict[str, Any], **options: Any) -> dict[str, Any]:
    return dict(schema_class(Thing, hidden=["owner"], **options)().load(body))


def faults(body: dict[str, Any], **options: Any) -> set[str]:
    with pytest.raises(ValidationError) as caught:
        load(body, **options)
    return set(caught.value.messages_dict)


def test_an_attribute_without_default_that_may_not_be_null_is_required() -> None:
    assert faults({}) == {"name"}
    assert load({"name": "x"}) == {"name": "x"}, "defaults are the model's business"


def test_null_is_for_attributes_that_may_be_null() -> None:
    nothing = {"weight": None, "loud": None, "made_at": None}
    assert load({"name": "x", **nothing}) == {"name": "x", **nothing}
    assert faults({"name": None, "colour": None, "size": None}) == {"name", "colour", "size"}


def test_read_only_attributes_are_shown_and_not_taken() -> None:
    schema = schema_class(Thing, read_only=["name", "made_at"])()
    assert schema.dump(Thing("ada", name="x"))["name"] == "x"
    assert faults({"name": "x"}, read_only=["name"]) == {"name"}
    assert load({}, read_only=["name"]) == {}, "and not required"


def test_hidden_attributes_are_neither_shown_nor_taken() -> None:
    schema = schema_class(Thing, hidden=["owner", "colour"])()
    assert not {"owner", "colour"} & set(schema.dump(Thing("ada", name="x")))
    assert faults({"name": "x", "owner": "eve"}) == {"owner"}


def test_declared_fields_take_the_place_of_those_that_follow() -> None:
    declared = {"name": String(load_default="nameless")}
    assert load({}, declared=declared) == {"name": "nameless"}


def test_a_declared_field_cannot_undo_that_an_attribute_is_read_only() -> None:
    with pytest.raises(TypeError, match=r"Thing\.name is read-only; declare its field with dump_only"):
        schema_class(Thing, read_only=["name"], declared={"name": String()})
    assert faults({"name": "x"}, read_only=["name"], declared={"name": String(dump_only=True)}) == {"name"}


def test_an_attribute_without_a_field_must_be_declared() -> None:
    with pytest.raises(TypeError, match=r"Bag\.tags is a UnicodeSetAttribute, for which there is no field"):
        schema_class(Bag)
    assert schema_class(Bag, declared={"tags": List(String())})().load({"id": "1", "tags": ["a"]})
    assert schema_class(Bag, hidden=["tags"])().load({"id": "1"})


def test_an_attribute_of_a_subclass_must_be_declared_too() -> None:
    class Shouted(UnicodeAttribute):
        """Who knows what it does to a text."""

    class Shout(Model):
        class Meta:
            table_name = "shouts"

        id = UnicodeAttribute(hash_key=True)
        text = Shouted()

    with pytest.raises(TypeError, match=r"Shout\.text is a Shouted"):
        schema_class(Shout)


@pytest.mark.parametrize("option", ["hidden", "read_only"])
def test_a_name_the_model_does_not_have_is_a_fault(option: str) -> None:
    with pytest.raises(TypeError, match="Thing has no attribute nam, sise"):
        schema_class(Thing, **{option: ["nam", "sise", "name"]})  # type: ignore[arg-type]


def test_a_declared_name_the_model_does_not_have_is_a_fault() -> None:
    with pytest.raises(TypeError, match="Thing has no attribute nam"):
        schema_class(Thing, declared={"nam": String()})


def test_unknown_fields_are_faults() -> None:
    assert faults({"name": "x", "shape": "round"}) == {"shape"}


def test_every_fault_is_found() -> None:
    body = {"colour": 1, "size": "big", "weight": [], "loud": "very", "made_at": "yesterday", "x": 1}
    assert faults(body) == {"name", *body}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 1e126, -1e126, 1e-131, -5e-324, 10**400])
def test_a_number_dynamodb_cannot_store_is_a_fault(number: float) -> None:
    assert faults({"name": "x", "size": number}) == {"size"}


@pytest.mark.parametrize("number", [0, -0.0, 1, -1.5, 9.9e125, -9.9e125, 1e-130, 2**53])
def test_any_other_number_is_taken(number: float) -> None:
    assert load({"name": "x", "size": number})["size"] == number


def test_a_time_is_shown_in_utc_and_taken_with_any_offset() -> None:
    taken = load({"name": "x", "made_at": "2026-01-01T01:00:00+01:00"})["made_at"]
    assert taken == datetime(2026, 1, 1, tzinfo=UTC)
    shown = schema_class(Thing)().dump(Thing("ada", name="x", made_at=datetime(2026, 1, 1, tzinfo=UTC)))
    assert shown["made_at"] == "2026-01-01T00:00:00Z"
    assert schema_class(Thing)().dump(Thing("ada", name="x", made_at=None))["made_at"] is None


@pytest.mark.parametrize(
    "text",
    ["2026-01-01T00:00:00", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2026-02-30T00:00:00Z"],
)
def test_a_time_without_offset_or_beyond_the_calendar_is_a_fault(text: str) -> None:
    assert faults({"name": "x", "made_at": text}) == {"made_at"}


def test_a_json_attribute_must_be_declared() -> None:
    class Document(Model):
        class Meta:
            table_name = "documents"

        id = UnicodeAttribute(hash_key=True)
        body = JSONAttribute()

    with pytest.raises(TypeError, match="JSONAttribute"):
        schema_class(Document)
