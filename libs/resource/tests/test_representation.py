"""Representations from raw items."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError, post_dump
from marshmallow.fields import Boolean, Function, Integer, String
from marshmallow.fields import List as ListOf
from pynamodb.attributes import (
    DiscriminatorAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.models import Model

from libs.dynamodb import Put, Table
from libs.resource.schema import fields as ours
from libs.resource.schema.from_model import schema_class
from libs.resource.schema.representation import Representation
from libs.resource.store.row import Codec
from libs.resource.tests.kinds import Everything, bodies, spoilt
from libs.resource.tests.rows import tables

SCHEMA = schema_class(Everything)()
SHOWN = Representation(Everything, SCHEMA)
CODEC = Codec(Everything)


def stored(body: dict[str, Any]) -> dict[str, Any]:
    """Return the item of what a client sent, as it is before DynamoDB has had it."""
    return CODEC.item(Everything(**{**SCHEMA.load(body), "version": 1}))


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    with tables(Everything):
        yield Table(Everything)


@given(bodies, st.dictionaries(st.sampled_from(sorted(CODEC.python_names)), st.booleans(), max_size=6))
@settings(max_examples=300)
def test_it_is_what_marshmallow_makes_of_the_model_object(
    body: dict[str, Any], gaps: dict[str, bool]
) -> None:
    item = stored(body)
    for name, is_null in gaps.items():
        item.pop(name, None)
        if is_null:
            item[name] = {"NULL": True}
    assert SHOWN.dump(item) == SCHEMA.dump(Everything.from_raw_data(dict(item)))


@given(spoilt())
@settings(max_examples=200)
def test_what_is_taken_can_be_stored_and_comes_back(table: Table, body: dict[str, Any]) -> None:
    try:
        item = stored(body)
    except ValidationError:
        return
    table.write(Put(item))
    found, _ = table.get({"id": item["id"]})
    assert found is not None
    assert SHOWN.dump(found) == SHOWN.dump(item) == SCHEMA.dump(Everything.from_raw_data(dict(found)))


@given(bodies)
@settings(max_examples=200)
def test_what_is_shown_may_be_sent_again(body: dict[str, Any]) -> None:
    shown = SHOWN.dump(stored(body))
    sent = {name: value for name, value in shown.items() if name != "version" and value is not None}
    assert SHOWN.dump(stored(sent)) == shown


def test_an_integer_comes_back_as_it_was_sent(table: Table) -> None:
    whole = [0, 3, -3, 2**53 + 1, 2**63, 2**64 - 1, -(2**63)]
    item = stored({"id": "i", "text": "", "anything": whole, "numbers": whole, "loose": {"a": whole}})
    table.write(Put(item))
    for one in (item, table.get({"id": item["id"]})[0]):
        assert one is not None
        shown = SHOWN.dump(one)
        assert (shown["anything"], shown["numbers"], shown["loose"]) == (whole, sorted(whole), {"a": whole})
        assert all(type(number) is int for number in shown["anything"])


def test_only_some_fields() -> None:
    item = stored({"id": "i", "text": "x"})
    assert SHOWN.only(["text", "number"]).dump(item) == {"text": "x", "number": 7}
    assert "id" in SHOWN.dump(item)
    with pytest.raises(ValueError, match="lower, nothing_else is not shown of Everything"):
        SHOWN.only(["text", "lower", "nothing_else"])


class Pet(Model):
    class Meta:
        table_name = "pets"

    id = UnicodeAttribute(hash_key=True)
    kind = DiscriminatorAttribute()
    sound = UnicodeAttribute(null=True)


class Dog(Pet, discriminator="dog"):
    sound = UnicodeAttribute(null=True, default="woof")


def test_a_subclass_told_by_a_discriminator_is_shown_as_itself() -> None:
    shown = Representation(Pet, schema_class(Pet)())
    assert shown.dump({"id": {"S": "1"}, "kind": {"S": "dog"}}) == {"id": "1", "sound": "woof"}
    assert shown.only(["sound"]).dump({"id": {"S": "1"}, "kind": {"S": "dog"}}) == {"sound": "woof"}


def test_a_schema_of_ones_own_is_followed() -> None:
    class Own(schema_class(Everything)):  # type: ignore[misc]
        name = String(attribute="text", data_key="Name", dump_only=True)
        size = Function(lambda one: len(one.text))

        @post_dump
        def more(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
            return {**data, "more": True}

    item = stored({"id": "i", "text": "four"})
    shown = Representation(Everything, Own()).dump(item)
    assert (shown["Name"], shown["size"], shown["more"]) == ("four", 4, True)
    plain = Representation(Everything, schema_class(Everything, declared={"text": String(data_key="Name")})())
    assert plain.dump(item)["Name"] == "four"


def test_a_declared_field_shows_its_attribute() -> None:
    schema = schema_class(Everything, declared={"number": Integer(as_string=True)})()
    assert (
        Representation(Everything, schema).dump(stored({"id": "i", "text": "", "number": 5}))["number"] == "5"
    )


@pytest.mark.parametrize(
    "declared",
    [
        {"number": Integer()},
        {"number": Integer(as_string=True)},
        {"number": ours.Number(as_string=True)},
        {"moment": ours.Timestamp(format="rfc")},
        {"moment": ours.Timestamp(format="%d.%m.%Y")},
        {"texts": ListOf(String())},
        {"texts": ListOf(Boolean())},
        {"texts": ours.Items(ours.Text())},
    ],
    ids=repr,
)
def test_a_declared_field_shows_what_marshmallow_shows(declared: dict[str, Any]) -> None:
    schema = schema_class(Everything, declared=declared)()
    shown = Representation(Everything, schema)
    item = stored({"id": "i", "text": ""})
    for number in ({"N": "5"}, {"N": "1E+2"}, {"N": "2.5"}, {"NULL": True}):
        for texts in ([], [{"S": "true"}, {"NULL": True}, {"S": "true"}]):
            moment = {"S": "2026-01-31T23:59:59.000000+0000"}
            one = {**item, "number": number, "moment": moment, "texts": {"L": texts}}
            assert shown.dump(one) == schema.dump(Everything.from_raw_data(dict(one)))


@pytest.mark.parametrize(
    ("name", "raw"), [("t", {"N": "1"}), ("moment", {"S": "yesterday"}), ("number", {"N": "one"})]
)
def test_an_attribute_that_holds_what_it_cannot_is_an_error(name: str, raw: dict[str, str]) -> None:
    with pytest.raises((ValueError, TypeError)):
        SHOWN.dump({**stored({"id": "i", "text": "x"}), name: raw})


class Leaf(MapAttribute[str, Any]):
    grown = NumberAttribute(default=lambda: 7)
    colour = UnicodeAttribute(default="green")


class Leaves(ListAttribute[Any]):
    """Of no common kind: shown as objects."""


class Tree(Model):
    class Meta:
        table_name = "trees"

    id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(null=True)
    planted = NumberAttribute(default=lambda: 7)
    felled = UTCDateTimeAttribute(default=datetime(2030, 1, 1))  # noqa: DTZ001
    tags: Any = ListAttribute(of=UnicodeAttribute, default=list)
    first = Leaf(null=True)
    leaves: Any = ListAttribute(of=Leaf, null=True)
    fallen: Any = Leaves(of=Leaf, null=True)


@pytest.mark.parametrize("nothing", [{}, {"NULL": True}], ids=["missing", "null"])
@pytest.mark.parametrize(
    "declared", [{}, {"name": Function(lambda tree: tree.id)}], ids=["by attribute", "by object"]
)
def test_what_is_missing_is_shown_by_one_rule_however_it_is_shown(
    declared: dict[str, Any], nothing: dict[str, Any]
) -> None:
    leaf = {"M": {one: nothing for one in ("grown", "colour") if nothing}}
    item: dict[str, Any] = {"id": {"S": "1"}, "name": {"S": "1"}, "first": leaf, "leaves": {"L": [leaf]}}
    item["fallen"] = item["leaves"]
    if nothing:
        item |= dict.fromkeys(("planted", "felled", "tags"), nothing)
    shown = Representation(Tree, schema_class(Tree, declared=declared)())
    # A function makes another value each time: it is for what is written.
    nested = {"grown": None, "colour": "green"}
    expected = {"planted": None, "felled": "2030-01-01T00:00:00Z", "tags": [], "first": nested}
    lists = {"leaves": [nested], "fallen": [nested]}
    assert shown.dump(item) == {"id": "1", "name": "1", **expected, **lists}
