"""From a model to the schema of its representation."""

from datetime import UTC, datetime
from typing import Any

import pytest
from marshmallow import ValidationError
from marshmallow.fields import Dict, Field, Float, Integer, List, Raw, String
from marshmallow.validate import Length
from pynamodb.attributes import (
    Attribute,
    BinaryAttribute,
    BooleanAttribute,
    DiscriminatorAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from libs.resource.query.derived import LowercaseAttribute
from libs.resource.schema.from_model import schema_class


class Thing(Model):
    """An attribute of each of the plain kinds; for all others see kinds.py."""

    class Meta:
        table_name = "things"

    owner = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    colour = UnicodeAttribute(default="red")
    size = NumberAttribute(default_for_new=1)
    weight = NumberAttribute(null=True)
    loud = BooleanAttribute(null=True)
    made_at = UTCDateTimeAttribute(null=True)


class Strange(Attribute[str]):
    """Of a kind nobody knows."""

    attr_type = "S"


class Shouted(UnicodeAttribute):
    """A text that is not in the table as it is in Python."""

    def deserialize(self, value: str) -> str:
        return value.upper()


class Whispered(Shouted):
    """What it does is its base's doing."""


class Told(Shouted):
    """It says what its field is."""

    def field(self, **options: Any) -> String:
        return String(validate=Length(max=3), **options)


def model(attribute: Attribute[Any]) -> type[Model]:
    meta = type("Meta", (), {"table_name": "bags"})
    return type("Bag", (Model,), {"Meta": meta, "id": UnicodeAttribute(hash_key=True), "it": attribute})


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


@pytest.mark.parametrize("kind", [Strange, Shouted, Whispered])
def test_an_attribute_without_a_field_must_be_declared(kind: type[Attribute[Any]]) -> None:
    with pytest.raises(TypeError, match=rf"Bag\.it is a {kind.__name__}, for which there is no field"):
        schema_class(model(kind()))
    assert schema_class(model(kind()), declared={"it": List(String())})().load({"id": "1", "it": ["a"]})
    assert schema_class(model(kind()), hidden=["it"])().load({"id": "1"})


def test_so_must_one_in_a_map_or_a_list() -> None:
    nested = type("Nested", (MapAttribute,), {"deep": Strange()})
    with pytest.raises(TypeError, match=r"Bag\.it\.deep is a Strange"):
        schema_class(model(nested()))
    for of in (Strange, VersionAttribute, LowercaseAttribute):
        with pytest.raises(TypeError, match=r"Bag\.it.* is a .*no field"):
            schema_class(model(ListAttribute(of=of)))


def test_a_class_of_attributes_may_make_its_own_field() -> None:
    schema = schema_class(model(Told(null=True)))()
    assert schema.load({"id": "1", "it": None}) == {"id": "1", "it": None}
    with pytest.raises(ValidationError):
        schema.load({"id": "1", "it": "loud"})


def test_what_is_derived_and_what_discriminates_is_never_shown_nor_taken() -> None:
    for attribute in (DiscriminatorAttribute(), LowercaseAttribute("id")):
        kept = model(attribute)
        assert set(schema_class(kept)().fields) == {"id"}
        assert set(schema_class(kept, read_only=["it"])().fields) == {"id"}
        with pytest.raises(TypeError, match=r"Bag\.it is never shown"):
            schema_class(kept, declared={"it": String()})


def test_a_version_is_shown_and_never_taken() -> None:
    schema = schema_class(model(VersionAttribute()))()
    with pytest.raises(ValidationError):
        schema.load({"id": "1", "it": 1})
    assert schema.load({"id": "1"}) == {"id": "1"}


class ByTag(GlobalSecondaryIndex["Tagged"]):
    class Meta:
        projection = AllProjection()

    tag = UnicodeAttribute(hash_key=True, attr_name="t")
    id = UnicodeAttribute(range_key=True)


class Tagged(Model):
    class Meta:
        table_name = "tagged"

    owner = UnicodeAttribute(hash_key=True)
    at = BinaryAttribute(range_key=True, legacy_encoding=False)
    id = UnicodeAttribute()
    label = UnicodeAttribute(attr_name="t")
    free = UnicodeAttribute()
    by_tag = ByTag()


@pytest.mark.parametrize(("name", "most"), [("owner", 2048), ("label", 2048), ("id", 1024)])
@pytest.mark.parametrize("is_declared", [True, False])
def test_a_key_is_neither_empty_nor_too_long(name: str, most: int, is_declared: bool) -> None:
    body = {"owner": "a", "id": "a", "label": "a", "free": "", "at": "YQ=="}
    schema = schema_class(Tagged, declared={name: String()} if is_declared else {})()
    assert schema.load({**body, name: "é" * (most // 2)})
    for text in ("", "é" * (most // 2) + "e"):
        with pytest.raises(ValidationError) as caught:
            schema.load({**body, name: text})
        assert set(caught.value.messages_dict) == {name}
    with pytest.raises(ValidationError):
        schema.load({**body, "at": ""})


@pytest.mark.parametrize(
    ("attribute", "field", "value"),
    [
        (NumberAttribute(), Float(), 1e200),
        (NumberAttribute(), Integer(), 10**39 + 1),
        (UnicodeAttribute(), String(), "\ud800"),
        (JSONAttribute(), Dict(), {"a": [{"b": "\ud800"}]}),
        (JSONAttribute(), Raw(), {"": 1}),
        (UnicodeSetAttribute(), List(String()), []),
    ],
)
def test_a_declared_field_takes_nothing_dynamodb_does_not(
    attribute: Attribute[Any], field: Field[Any], value: Any
) -> None:
    for _ in range(2):  # the same field may be declared twice
        schema = schema_class(model(attribute), declared={"it": field})()
        with pytest.raises(ValidationError) as caught:
            schema.load({"id": "1", "it": value})
        assert set(caught.value.messages_dict) == {"it"}
    assert not field.validators


def test_a_declared_list_for_a_set_becomes_one() -> None:
    schema = schema_class(model(UnicodeSetAttribute()), declared={"it": List(String())})()
    assert schema.load({"id": "1", "it": ["a", "b", "a"]})["it"] == {"a", "b"}


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
    body = {"colour": 1, "size": "5", "weight": [], "loud": "very", "made_at": "yesterday", "x": 1}
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


def test_a_whole_number_is_an_integer_however_it_is_written() -> None:
    schema = schema_class(Thing, declared={"size": Integer(strict=True)})(partial=True)
    loaded = schema.load({"size": 5.0})["size"]
    assert (loaded, type(loaded)) == (5, int)
    with pytest.raises(ValidationError):
        schema.load({"size": 5.5})
