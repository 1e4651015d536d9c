"""x-parent, x-persist, and schemas of one name in several contracts."""

import json

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
        ({"parent": "services.nowhere.models.X"}, r"belongs to the service .* use clients.people.Person"),
        ({"parent": f"{HERE}.Missing"}, "is no class"),
        ({"parent": f"{HERE}.NUMBER"}, "is no class"),
        ({"parent": "Greets"}, "dotted name"),
        ({"persist": f"{HERE}.Greets"}, "no subclass of libs.api.Persistent"),
        ({"parent": "builtins.int"}, "cannot be made"),
    ],
)
def test_what_cannot_be_mixed_in_is_told(extensions, told):
    with pytest.raises(ContractError, match=told):
        _ = mixed(**extensions).Person


def test_an_import_inside_of_a_module_that_fails_is_told(tmp_path, monkeypatch):
    (tmp_path / "broken_behaviour.py").write_text("import not_there_at_all\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        ContractError, match="importing broken_behaviour fails: No module named 'not_there_at_all'"
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
    with pytest.raises(LookupError, match="no contract has"):
        folder.get_model("Nothing")


def test_no_schemas_of_this_repository_clash():
    assert models.clashes() == []
    documents = {name: models[name].document for name in models.names()}
    assert "Problem" in set.intersection(*(set(one["components"]["schemas"]) for one in documents.values()))
    assert clashes(documents) == []
