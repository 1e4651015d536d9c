"""What a class says of its storage is checked when it is made, and every fault named."""

import sys
from types import ModuleType
from typing import Any

import pytest

from libs.api import ApiModels, ContractError, Index, Persistent
from libs.api.tests.persistence.shelf import document

PROPERTIES: dict[str, Any] = {
    "id": {"type": "string"},
    "at": {"type": "string", "format": "date-time"},
    "size": {"type": "integer"},
    "weight": {"type": "number"},
    "tags": {"type": "array", "items": {"type": "string"}},
    "any": {},
    "flags": {"type": "array", "items": {"type": "boolean"}},
    "table": {"type": "string"},
    "version": {"type": "integer"},
    "load": {"type": "string"},
}


@pytest.fixture
def made(monkeypatch):
    """Make the class of a schema that is stored as a class with these attributes says."""

    def make(**attributes: Any) -> Any:
        module = ModuleType("declared_here")
        attributes = {name: value for name, value in attributes.items() if value is not None}
        module.Stored = type("Stored", (Persistent,), {"__module__": "declared_here", **attributes})
        monkeypatch.setitem(sys.modules, "declared_here", module)
        schema = {"type": "object", "x-persist": "declared_here.Stored", "properties": PROPERTIES}
        return ApiModels(document({"Thing": schema}), "things", lambda _: "things.yaml:7").Thing

    return make


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"table": None}, "table is missing"),
        ({"hash_key": None, "table": None}, "table is missing; hash_key is missing"),
        ({"hash_key": "ids"}, "hash_key: Thing has no property 'ids' .did you mean 'id'"),
        ({"range_key": "att"}, "range_key: Thing has no property 'att'"),
        ({"range_key": "id"}, "hash_key and range_key are the same"),
        ({"range_key": "any"}, "'any' cannot be a key"),
        ({"range_key": "tags"}, "'tags' cannot be a key"),
        ({"table": "a b"}, "table 'a b' is no name"),
        ({"indexes": {"by_x": Index("x")}}, r"indexes\['by_x'\]: Thing has no property 'x'"),
        ({"indexes": {"x": Index("size")}}, r"indexes\['x'\]: a name has 3 to 255"),
        ({"indexes": {"by_size": Index("size", "at", local=True)}}, "a local index has the table's hash key"),
        ({"indexes": {"by_size": Index("size", "size")}}, "its keys are the same"),
        ({"ttl": "tags"}, "ttl: 'tags' is neither a date-time nor a number"),
        ({"ttl": "id"}, "version and ttl are no keys"),
        ({"version": "weight"}, "version: 'weight' is not of type integer"),
        ({"sets": ("flags",)}, "sets: 'flags' is no array of strings, or of numbers"),
    ],
)
def test_a_wrong_declaration_stops_the_start(made, attributes, told):
    with pytest.raises(ContractError, match=told) as caught:
        made(**{"table": "things", "hash_key": "id", **attributes})
    assert str(caught.value).startswith("things.yaml:7: ")


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"hash_keys": "id"}, "declared_here.Stored: there is no hash_keys .did you mean 'hash_key'"),
        ({"indexes": ("by_size",)}, "indexes is no Mapping of Index"),
        ({"indexes": {"by_size": "size"}}, "indexes is no Mapping of Index"),
        ({"table": 7}, "table is no str"),
    ],
)
def test_a_wrong_attribute_is_told_where_it_is_written(made, attributes, told):
    with pytest.raises(TypeError, match=told):
        made(**attributes)


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"": {"type": "string"}}, "a property without a name cannot be stored"),
        ({f"p{n}": {"type": "string"} for n in range(340)}, "340 attributes are more than DynamoDB writes"),
        # Each text that stands for a number may have its text beside it.
        ({f"p{n}": {"type": "string", "format": "decimal"} for n in range(170)}, "340 attributes are more"),
    ],
)
def test_properties_that_cannot_be_stored_stop_the_start(made, monkeypatch, properties, told):
    monkeypatch.setitem(globals(), "PROPERTIES", {"id": {"type": "string"}, **properties})
    with pytest.raises(ContractError, match=told):
        made(table="things", hash_key="id")


def test_properties_may_have_the_names_of_the_facts(made):
    thing = made(table="things", hash_key="id", version="version")
    one = thing(id="x", table="round", version=3, load_="heavy")
    assert (one.table, one.version, one.load_) == ("round", 3, "heavy")
    assert callable(one.load)


def test_facts_are_inherited(monkeypatch):
    class Base(Persistent):
        table = "bases"
        hash_key = "id"

    class Timed(Base):
        ttl = "at"

    assert Timed._facts == {"table": "bases", "hash_key": "id", "ttl": "at"}
    assert Base._facts == {"table": "bases", "hash_key": "id"}
