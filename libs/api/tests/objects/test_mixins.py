"""x-parent, x-persist, and schemas of one name in several contracts."""

import json
import re

import pytest

from libs.api.document.errors import ContractError
from libs.api.objects.clashes import clashes
from libs.api.objects.folder import Models, models
from libs.api.objects.models import ApiModels
from libs.api.tests.objects import behaviour

HERE = behaviour.__name__


def mixed(**extensions):
    named = {f"x-{name}": value for name, value in extensions.items()}
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "version": {"type": "integer"}},
        **named,
    }
    return ApiModels({"info": {"title": "T"}, "components": {"schemas": {"Person": schema}}}, "people")


def test_behaviour_is_mixed_in():
    ada = mixed(parent=f"{HERE}.Greets").Person(name="Ada")
    assert (ada.greet(), ada.shout) == ("Hello Ada", "ADA")
    assert ada.to_json() == {"name": "Ada", "greeting": "Hello Ada"}
    ada.shout = "EVE"
    assert ada.name == "eve"
    with pytest.raises(AttributeError):
        ada.greet = 5


def test_storage_comes_before_behaviour_and_its_names_are_reserved():
    people = mixed(parent=f"{HERE}.Greets", persist=f"{HERE}.Stored")
    assert [one.__name__ for one in people.Person.__mro__[:4]] == ["Person", "Stored", "Greets", "ApiObject"]
    ada = people.Person(name="Ada", version=1)
    assert (ada.greet(), ada.version, ada.version_, ada["version"]) == ("stored: Hello Ada", 5, 1, 1)
    assert people.persistent() == [people.Person]


@pytest.mark.parametrize(
    ("extensions", "told"),
    [
        ({"parent": f"{HERE}.Hides"}, "behaviour.Hides.name would hide the property 'name' of Person"),
        (
            {"parent": "services.nowhere.models.X"},
            r"there is no module services.nowhere; .* use clients.people.Person",
        ),
        ({"parent": f"{HERE}.Greet"}, r"no 'Greet' in .*behaviour.py \(did you mean 'Greets'\?\)"),
        ({"parent": f"{HERE}.NUMBER"}, "is no class"),
        ({"parent": "Greets"}, "dotted name"),
        ({"persist": f"{HERE}.Greets"}, "no subclass of libs.api.Persistent"),
        ({"parent": f"{HERE}.Makes"}, "x-parent of Person: .*behaviour.Makes has its own __init__"),
        ({"parent": f"{HERE}.Slotted"}, "x-parent: .*behaviour.Slotted of Person: multiple bases"),
    ],
)
def test_what_cannot_be_mixed_in_is_told(extensions, told):
    with pytest.raises(ContractError, match=told):
        _ = mixed(**extensions).Person


def test_what_is_mixed_in_is_looked_for_wherever_it_is_named_and_all_of_it_told():
    parent, good = {"x-parent": f"{HERE}.Nowhere"}, {"x-parent": f"{HERE}.Greets"}
    one = {"type": "object", "properties": {"a": {"type": "string"}}}
    schemas = {
        "One": one,
        "Alone": {**one, **parent},
        "Inner": {"type": "object", "properties": {"in": {**one, **parent}}},
        "Choice": {
            "oneOf": [{"$ref": "#/components/schemas/One"}],
            "anyOf": [one],
            "x-parent": f"{HERE}.Greets",
        },
        "Text": {"type": "string", **good},
        "Right": {**one, **good},
    }
    people = ApiModels({"info": {"title": "T"}, "components": {"schemas": schemas}}, "people")
    told = [fault.removeprefix("people#/components/schemas/").partition(":") for fault in people.faults()]
    assert [where for where, _, _ in told] == ["Alone", "Inner/properties/in", "Choice", "Text"]
    assert "there is no 'Nowhere'" in told[0][2]
    assert "there is no 'Nowhere'" in told[1][2]
    assert "does nothing: its objects are of the classes One, Choice.2: name it there" in told[2][2]
    assert "the values of the schema 'Text' are no objects" in told[3][2]
    assert models.profiles.faults() == []


REQUIRED = [
    ({"properties": {"price": {}}, "required": ["price", "prize"]}, "'prize', .* (did you mean 'price'?)"),
    ({"properties": {"price": {}}, "required": ["name"], "additionalProperties": False}, "'name', and"),
    ({"properties": {"price": {}}, "required": ["name"]}, None),
    ({"allOf": [{"properties": {"price": {}}, "required": ["prize"]}, {"properties": {"prize": {}}}]}, None),
]


@pytest.mark.parametrize(("schema", "told"), REQUIRED)
def test_a_property_that_is_required_and_misspelt_is_told(schema, told):
    document = {"info": {"title": "T"}, "components": {"schemas": {"Thing": {"type": "object", **schema}}}}
    faults = ApiModels(document, "things").faults()
    number = len(schema.get("required", ())) - 1
    where = f"things#/components/schemas/Thing/required/{number}: requires "
    assert len(faults) == (told is not None)
    for fault in faults:
        assert re.match(re.escape(where) + told.replace("(", r"\(").replace("?)", r"\?\)"), fault)


def test_an_import_inside_of_a_module_that_fails_is_told(tmp_path, monkeypatch):
    (tmp_path / "broken_behaviour.py").write_text("import not_there_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        ContractError,
        match=r"broken_behaviour\.py:1: ModuleNotFoundError: No module named 'not_there_at_all'",
    ):
        _ = mixed(parent="broken_behaviour.X").Person


def contract(folder, name, **schemas):
    document = {
        "openapi": "3.1.0",
        "info": {"title": name, "version": "1"},
        "paths": {},
        "components": {"schemas": schemas},
    }
    (folder / f"{name}.json").write_text(json.dumps(document))


def test_schemas_of_one_name_that_differ_are_a_clash_with_a_diff(tmp_path):
    thing = {
        "type": "object",
        "required": ["a", "b"],
        "properties": {"a": {"type": "string"}, "description": {"type": "string"}},
    }
    told = {**thing, "description": "A thing.", "required": ["b", "a"], "x-more": 1}
    other = {**thing, "properties": {"a": {"type": "string"}, "description": {"type": "integer"}}}
    contract(tmp_path, "one", Thing=thing, Only={"type": "object"})
    contract(tmp_path, "two", Thing=told)
    folder = Models(tmp_path)
    assert folder.clashes() == []
    assert folder.get_model("Thing") is folder.one.Thing
    contract(tmp_path, "three", Thing=other)
    folder = Models(tmp_path)
    found = folder.clashes()
    assert len(found) == 2
    assert "--- one.Thing" in found[0]
    assert '-      "type": "string"' in found[0]
    assert '+      "type": "integer"' in found[0]
    with pytest.raises(LookupError, match=r"\+\+\+ three.Thing|--- one.Thing"):
        folder.get_model("Thing")
    assert folder.get_model("Only") is folder.one.Only
    with pytest.raises(LookupError, match=r"has a schema 'Tinng' of objects \(did you mean 'Thing'"):
        folder.get_model("Tinng")
    contract(tmp_path, "four", Only={"$ref": "one.json#/components/schemas/Only"})
    folder = Models(tmp_path)
    assert folder.get_model("Only").api_name == "four"


def test_no_schemas_of_this_repository_clash():
    assert models.clashes() == []
    documents = {name: models[name].document for name in models.names()}
    assert "Problem" in set.intersection(*(set(one["components"]["schemas"]) for one in documents.values()))
    assert clashes(documents) == []
