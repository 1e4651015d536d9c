"""Typed objects made from the schemas of a contract."""

import copy
import json
import re

import pytest

from libs.api import ApiModels, ContractError, Models, dump_json, models, read_document
from libs.api.tests.books import BOOKS


@pytest.fixture(scope="module")
def books():
    return ApiModels(read_document(BOOKS))


def make(books, **properties):
    return books.NewBook(**{"title": "Emma", "password": "correct horse", **properties})


def test_properties_are_attributes_and_items(books):
    book = make(books, author={"name": "Jane", "born": 1775})
    assert book.title == book["title"] == "Emma"
    assert book.author.born == book["author"]["born"] == 1775
    assert (len(book), list(book)) == (3, ["title", "password", "author"])
    assert "author" in book


def test_a_property_that_was_not_given_is_none_as_attribute_and_absent_as_item(books):
    book = make(books)
    assert book.author is None
    assert "author" not in book
    with pytest.raises(KeyError):
        book["author"]


def test_no_method_of_a_mapping_hides_a_property(write):
    names = ["items", "keys", "values", "get", "pop", "update", "copy"]
    schema = {"type": "object", "properties": {name: {"type": "integer"} for name in names}}
    document = {"openapi": "3.1.0", "info": {"title": "Box"}, "components": {"schemas": {"Box": schema}}}
    box = ApiModels(read_document(write(document))).Box(**dict.fromkeys(names[:-1], 1))
    assert [getattr(box, name) for name in names] == [1, 1, 1, 1, 1, 1, None]
    with pytest.raises(AttributeError, match="Box has no property 'clear'"):
        _ = box.clear


def test_a_property_the_schema_does_not_have_is_an_attribute_error(books):
    with pytest.raises(AttributeError, match="NewBook has no property 'autor'"):
        _ = make(books).autor


def test_every_fault_of_the_construction_is_told_and_no_value(books):
    with pytest.raises(ValueError, match=r"^NewBook: ") as caught:
        books.NewBook(title=5, password="hunter2", colour="red", author={"name": ""})
    told = str(caught.value)
    for fault in ("/title is not of type string", "/password is shorter than 12 characters",
                  "/colour is not a known field", "/author/name is shorter than 1 character"):  # fmt: skip
        assert fault in told
    assert "hunter2" not in told
    assert "red" not in told


@pytest.mark.parametrize("value", [object(), b"x", {1, 2}])
def test_a_value_that_has_no_json_form_is_a_value_error(value, books):
    with pytest.raises(ValueError, match="Unsupported type"):
        make(books, title=value)


def test_nested_objects_may_be_objects_or_plain(books):
    jane = books.Author(name="Jane")
    book = make(books, author=jane, others=[jane, {"name": "Cassandra"}])
    assert isinstance(book.author, books.Author)
    assert [type(one) for one in book.others] == [books.Author, books.Author]
    assert [one.name for one in book.others] == ["Jane", "Cassandra"]
    assert book.to_json()["others"] == [{"name": "Jane"}, {"name": "Cassandra"}]


def test_items_of_an_array_that_is_a_schema_of_its_own_are_objects(write):
    schemas = {
        "Cat": {"type": "object", "properties": {"name": {"type": "string"}}},
        "Cats": {"type": "array", "items": {"$ref": "#/components/schemas/Cat"}},
        "Home": {"type": "object", "properties": {"cats": {"$ref": "#/components/schemas/Cats"}}},
    }
    document = {"openapi": "3.1.0", "info": {"title": "Cats"}, "components": {"schemas": schemas}}
    cats = ApiModels(read_document(write(document)))
    assert cats.Home(cats=[{"name": "Tom"}]).cats[0].name == "Tom"


def test_an_object_cannot_be_changed(books):
    book = make(books, labels=["a"])
    with pytest.raises(AttributeError, match="NewBook cannot be changed"):
        book.title = "Persuasion"
    with pytest.raises(TypeError):
        book["title"] = "Persuasion"
    with pytest.raises(TypeError):
        del book["title"]
    book.labels.append("b")
    book.to_json()["title"] = "Persuasion"
    assert (book.title, book.labels) == ("Emma", ["a"])


def test_an_object_does_not_change_with_what_it_was_made_of(books):
    data = {"title": "Emma", "password": "correct horse", "labels": ["a"]}
    made, read = books.NewBook(**data), books.NewBook.from_json(data)
    data["title"] = "Persuasion"
    assert made.title == read.title == "Emma"
    labels = ["a"]
    made = make(books, labels=labels)
    labels.append("b")
    assert made.labels == ["a"]


def test_its_text_names_its_fields_and_shows_no_value(books):
    book = make(books, password="hunter2hunter2")
    for text in (repr(book), str(book), f"{book}"):
        assert text == "<NewBook title, password>"


def test_objects_are_equal_when_they_hold_the_same(books):
    assert make(books) == make(books)
    assert make(books) != make(books, title="Persuasion")
    assert make(books, author={"name": "Jane"}) == make(books, author=books.Author(name="Jane"))
    assert make(books) == make(books).to_json()
    assert make(books, author={"name": "Jane"}) == {
        **make(books).to_json(),
        "author": books.Author(name="Jane"),
    }
    assert make(books) not in (None, "NewBook", ["title", "password"], [("title", "Emma")])


def test_an_object_goes_to_json_and_back(books):
    book = make(books, author={"name": "Jane"}, labels=["é"])
    assert json.loads(dump_json(book)) == book.to_json()
    assert json.loads(dump_json({"books": [book]})) == {"books": [book.to_json()]}
    assert books.NewBook.from_json(json.loads(dump_json(book))) == book
    assert copy.copy(book) == copy.deepcopy(book) == book


def test_a_class_is_made_once(books):
    assert books.Author is books.Author
    assert books.Author.__name__ == "Author"


def test_a_schema_that_is_not_there_is_an_attribute_error(books):
    with pytest.raises(AttributeError, match="Books has no schema 'Bok'"):
        _ = books.Bok


def test_the_contracts_of_a_folder_are_attributes(tmp_path):
    (tmp_path / "books.yaml").write_text(BOOKS.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("a: 1\na: 2\n", encoding="utf-8")
    folder = Models(tmp_path)
    assert folder.books is folder.books
    assert folder.books.Author(name="Jane").name == "Jane"
    with pytest.raises(AttributeError, match=re.escape("there is no contract apis/boks.yaml")):
        _ = folder.boks
    with pytest.raises(ContractError):
        _ = folder.broken


def test_the_objects_of_this_repository_are_at_hand():
    assert models.profiles.NewProfile(profile_id="u1", name="Ada").name == "Ada"
    with pytest.raises(ValueError, match="/name is required"):
        models.profiles.NewProfile(profile_id="u1")
