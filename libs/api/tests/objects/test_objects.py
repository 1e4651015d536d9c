"""Objects: making, reading, changing, comparing."""

import base64
import copy
import json
import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.api.document.source import read_document
from libs.api.objects.folder import Models, models
from libs.api.objects.models import ApiModels
from libs.api.objects.views import ApiList, InvalidObject
from libs.api.wire.json_text import dump_json

HOME = Path(__file__).with_name("home.yaml")
home = ApiModels(read_document(HOME), "home")
NOW = datetime(2026, 1, 2, 3, 4, 5, 600, UTC)


def person(**properties):
    return home.Person(**{"name": "Ada", "age": 36, **properties})


def test_properties_are_attributes_and_items():
    ada = person(address={"city": "Bath"})
    assert ada.name == ada["name"] == "Ada"
    assert ada.address.city == ada["address"]["city"] == "Bath"
    assert (len(ada), list(ada), "address" in ada) == (3, ["name", "age", "address"], True)
    assert ada.items is None  # no method of a mapping hides a property
    assert home.Person.property_names()[:2] == ("name", "password")
    assert "address" in dir(ada)


def test_every_fault_is_told_and_no_value():
    with pytest.raises(InvalidObject, match=r"^Person: ") as caught:
        person(name=5, password="hunter2", adress="x", address={"city": ""}, others=[{"town": 1}])
    assert {one.pointer for one in caught.value.faults} >= {
        *("/name", "/password", "/adress", "/address/city", "/others/0/city", "/others/0/town"),
    }
    assert "hunter2" not in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301


VALUES = [
    ("born_at", NOW, "2026-01-02T03:04:05.000600Z"),
    ("born_at", datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2026-01-02T00:00:00+02:00"),
    ("price", Decimal("1E+2"), "100"),
    ("price", Decimal("0.10"), "0.10"),
    ("picture", b"\x00\xff", base64.b64encode(b"\x00\xff").decode()),
    ("others", [home.Address(city="Bath")], [{"city": "Bath"}]),
    ("grid", [[{"city": "Bath", "since": date(2020, 1, 2)}]], [[{"city": "Bath", "since": "2020-01-02"}]]),
    ("by_name", {"a": home.Address(city="Bath")}, {"a": {"city": "Bath"}}),
    ("inline", {"at": NOW}, {"at": "2026-01-02T03:04:05.000600Z"}),
    ("office", None, None),
]


@pytest.mark.parametrize(("name", "value", "text"), VALUES)
def test_python_values_go_in_and_come_out(name, value, text):
    ada = person(**{name: value})
    assert getattr(ada, name) == ada[name] == value
    assert ada.to_json()[name] == text
    assert person(**{name: text}) == ada
    assert home.Person.from_json(ada.to_json()).to_json() == ada.to_json()
    assert json.loads(dump_json(ada))[name] == text
    del ada[name]
    assert name not in ada
    setattr(ada, name, value)
    assert ada.to_json()[name] == text


def test_other_values_that_are_taken():
    some = UUID(int=5)
    ada = person(
        id=some, height=Decimal("1.5"), meta={"at": NOW, "who": home.Address(city="Bath")}, age=Decimal(3)
    )
    assert (ada.id, ada.height, ada.age) == (str(some), 1.5, 3)
    assert ada.meta == {"at": "2026-01-02T03:04:05.000600Z", "who": {"city": "Bath"}}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("born_at", datetime(2026, 1, 1), "without a zone"),  # noqa: DTZ001
        ("born_at", date(2026, 1, 1), "/born_at"),
        ("inline", {"day": NOW}, "/inline/day is a time, and only a date is kept"),
        ("price", Decimal("NaN"), "/price is not finite"),
        ("price", 1.5, "/price"),
        ("height", Decimal("0.1000000000000000000001"), "more digits"),
        ("height", Decimal("Infinity"), "not finite"),
        ("name", b"x", "has no JSON form"),
        ("name", {1, 2}, "has no JSON form"),
        ("meta", {1: 2}, "no text"),
        ("by_name", {1: {"city": "Bath"}}, "no text"),
        ("age", None, "/age"),
        ("age", "5", "/age"),
        ("nme", 5, "/nme is not a known field"),
    ],
)
def test_values_that_do_not_fit_are_refused_everywhere(name, value, told):
    ada = person()
    for change in (
        lambda: person(**{name: value}),
        lambda: ada.__setitem__(name, value),
        lambda: ada.update_from_dict({"name": "Bob", name: value}),
    ):
        with pytest.raises(InvalidObject, match=told):
            change()
    assert ada == {"name": "Ada", "age": 36}


def test_assignment_is_checked_and_the_whole_by_validate():
    ada = person(office={"city": "Bath"})
    ada.office = None
    ada.nickname = None
    assert ada.to_json()["office"] is None
    with pytest.raises(InvalidObject, match="/name is required"):
        del ada.name
    with pytest.raises(AttributeError, match=r"no property 'nam' \(did you mean 'name'\?\)"):
        ada.nam = "Bob"
    with pytest.raises(AttributeError, match="did you mean 'name'"):
        _ = ada.nam
    with pytest.raises(AttributeError, match="to_json"):
        ada.to_json = 5
    for name in ("age", "office", "nickname"):
        del ada[name]
    with pytest.raises(AttributeError, match="age is not set"):
        del ada.age
    with pytest.raises(KeyError):
        del ada["age"]
    with pytest.raises(InvalidObject, match="less than 2"):
        ada.validate()
    ada._own = 5  # a mixed-in class may keep something
    assert ada._own == 5
    assert "_own" not in ada


def test_what_is_inside_is_a_part_and_what_is_put_in_is_copied():
    bath = home.Address(city="Bath")
    given = {
        "tags": ["a"],
        "address": bath,
        "others": [bath],
        "by_name": {"x": bath},
        "inline": {"deeper": {}},
    }
    ada = person(**given)
    bath.city, given["tags"][0] = "York", "z"
    ada.address.city = "Ely"
    ada.tags.append("b")
    ada.others[0].city = "Rye"
    ada.others.append({"city": "Wells"})
    ada.others.insert(0, home.Address(city="Hull"))
    ada.by_name["x"].city = "Lyme"
    ada.by_name["y"] = {"city": "Eton"}
    ada.inline.deeper.n = 5
    assert ada.to_json() == {
        "name": "Ada",
        "age": 36,
        "nickname": None,
        "tags": ["a", "b"],
        "address": {"city": "Ely"},
        "others": [{"city": "Hull"}, {"city": "Rye"}, {"city": "Wells"}],
        "by_name": {"x": {"city": "Lyme"}, "y": {"city": "Eton"}},
        "inline": {"deeper": {"n": 5}},
    }
    for wrong in (lambda: ada.others.append({"city": ""}), lambda: ada.by_name.update(z={"town": "x"})):
        with pytest.raises(InvalidObject, match=r"/city|/town"):
            wrong()
    with pytest.raises(InvalidObject):
        ada.others[0] = 5
    with pytest.raises(InvalidObject, match="no text"):
        ada.by_name[5] = bath
    assert [one.city for one in ada.others[1:]] == ["Rye", "Wells"]
    del ada.others[0], ada.by_name["x"]
    ada.others[:] = []
    assert (len(ada.others), list(ada.by_name)) == (0, ["y"])
    assert "Eton" not in f"{ada!r}{ada.others!r}{ada.by_name!r}"
    assert json.loads(dump_json([ada.others, ada.by_name])) == [[], {"y": {"city": "Eton"}}]


def test_defaults_read_and_are_not_sent():
    ada = person()
    assert (ada.colour, ada.limits, ada.height) == ("red", [date(2020, 1, 1)], None)
    assert ada.options["a"] == [1]
    for change in (lambda: ada.limits.append("2020-02-02"), lambda: ada.options["a"].append(2)):
        with pytest.raises(TypeError, match="assign a value"):
            change()
    assert ada.to_json() == {"name": "Ada", "age": 36, "nickname": None}  # x-nullable is sent, unset or not
    with pytest.raises(KeyError):
        _ = ada["colour"]


def test_names_that_are_none_in_python_are_other_attributes():
    ada = person(class_="a", page_size=1, to_json_="x", **{"page-size": 2})
    assert (ada.class_, ada.page_size, ada.page_size_, ada.to_json_) == ("a", 1, 2, "x")
    assert (ada["class"], ada["page-size"], ada["to_json"]) == ("a", 2, "x")
    assert ada.to_json()["page-size"] == 2
    with pytest.raises(TypeError, match="by its name and by its attribute"):
        person(class_="a", **{"class": "b"})


def test_equality_copies_and_hash():
    ada = person(address={"city": "Bath"}, born_at=NOW)
    same = {"name": "Ada", "age": 36, "address": home.Address(city="Bath"), "born_at": NOW}
    assert ada == same == ada
    assert ada != {**same, "age": 37}
    assert ada not in (None, 5, ["name"])
    for other in (copy.deepcopy(ada), ada.clone(), copy.copy(ada)):
        assert (other, type(other)) == (ada, home.Person)
        other.name = "Bob"
        assert ada.name == "Ada"
    ada.clone().address.city = "York"
    assert ada.address.city == "Bath"
    for thing in (ada, person(others=[]).others):
        with pytest.raises(TypeError, match="unhashable"):
            hash(thing)
    assert copy.deepcopy(person(others=[{"city": "Bath"}]).others) == [{"city": "Bath"}]
    assert repr(ada) == str(ada) == "<Person name, age, address, born_at>"


def test_changes_from_a_dict_and_differences():
    ada = person(born_at=NOW)
    ada.update_from_dict({"age": None, "name": "Bob", "born_at": None}, ignore_none=True)
    ada.update_from_dict(home.Person(name="Eve", age=1))
    assert ada == {"name": "Eve", "age": 1, "born_at": NOW}
    assert ada.diff({"name": "Eve", "age": 2, "tags": ["a"]}) == {
        "age": (1, 2), "born_at": (NOW, None), "tags": (None, ["a"])
    }  # fmt: skip
    assert ada.diff(ada.clone()) == {}
    assert person(office=None).diff(person()) == {"office": (None, None)}
    with pytest.raises(InvalidObject):
        ada.diff({"name": b""})


def test_maps_patterns_and_recursion():
    scores = home.Scores(a={"city": "Bath"})
    assert scores["a"].city == "Bath"
    scores["b"] = home.Address(city="York")
    with pytest.raises(InvalidObject, match="/c/city"):
        scores["c"] = {}
    assert scores == {"a": {"city": "Bath"}, "b": {"city": "York"}}
    thing = home.Open(a="x", b=5, at_noon=NOW)
    assert (thing["b"], thing["at_noon"]) == (5, NOW)
    with pytest.raises(AttributeError, match=r"it is the item \['b'\]"):
        _ = thing.b
    assert person(boss=person(boss=person(name="Eve"))).boss.boss.name == "Eve"


def test_the_class_is_the_one_that_is_named_or_fits():
    assert type(home.Pet(kind="katze", lives=9)) is home.Cat
    assert type(home.Pet.from_json({"kind": "katze", "lives": 9})) is home.Cat
    assert type(home.Pet(kind="Pet")) is home.Pet
    with pytest.raises(InvalidObject, match="/lives"):
        home.Pet(kind="katze")
    assert type(home.Figure(side=2)) is home.Square
    with pytest.raises(InvalidObject):
        home.Figure(edge=2)
    drawing = home.Drawing(
        figure={"side": 1}, told={"shape": "round", "radius": 2}, when=NOW, pet={"kind": "katze", "lives": 1}
    )
    assert [type(drawing[name]) for name in ("figure", "told", "pet")] == [home.Square, home.Circle, home.Cat]
    assert (drawing.when, drawing.to_json()["when"]) == (NOW, "2026-01-02T03:04:05.000600Z")
    drawing.when = 5
    assert drawing.when == 5
    drawing.pet.lives = 8
    assert drawing.to_json()["pet"] == {"kind": "katze", "lives": 8}


def test_a_choice_of_schemas_takes_what_the_choice_does():
    both = {"side": 1, "radius": 2}
    for make in (home.Figure.from_json, lambda data: home.Figure(**data)):
        with pytest.raises(InvalidObject, match="Figure: fits more than one of its alternatives"):
            make(both)
    with pytest.raises(InvalidObject, match="/figure fits more than one"):
        home.Drawing(figure=both)


@pytest.mark.parametrize("given", [None, [1], "x", 5, home.Figure(side=2)])
def test_what_is_no_dict_is_told_and_not_an_accident(given):
    for made in (home.Person, home.Figure, home.Pet, home.Told):
        with pytest.raises(InvalidObject, match="is not of type object"):
            made.from_json(given)
    if not isinstance(given, home.Square):
        for use in (person().update_from_dict, person().diff):
            with pytest.raises(InvalidObject, match="Person: is not of type object"):
                use(given)


def test_an_object_is_not_made_of_a_dict_by_its_position():
    for made in (home.Person, home.Figure):
        with pytest.raises(TypeError, match=rf"by name; {made.schema_name}.from_json takes them in a dict"):
            made({"name": "Ada"})


@pytest.mark.parametrize(
    "name",
    ["schema_name", "api_name", "reserved_names", "_shape", "__class__", "__qualname__", "__classcell__"],
)
def test_a_property_of_any_name_leaves_the_class_what_it_is(name):
    schema = {"type": "object", "properties": {name: {"type": "string"}}}
    made = ApiModels({"info": {"title": "T"}, "components": {"schemas": {"Thing": schema}}}, "things").Thing
    thing = made(**{name: "x"})
    assert (thing[name], getattr(thing, f"{name}_"), thing.to_json()) == ("x", "x", {name: "x"})
    assert (made.schema_name, made.api_name, repr(thing)) == ("Thing", "things", f"<Thing {name}>")


def test_wrapping_takes_over_and_checks_nothing():
    data = {"name": 5, "address": {"city": "Bath"}}
    made = home.wrap({"$ref": "#/components/schemas/Person"}, data)
    made.address.city = "York"
    assert data["address"]["city"] == "York"
    several = home.wrap(
        {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}, [{"kind": "katze", "lives": 1}]
    )
    assert (type(several), type(several[0])) == (list, home.Cat)
    assert home.wrap({"type": "string", "format": "date-time"}, "2026-01-02T03:04:05.0006Z") == NOW
    inline = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert type(home.wrap(inline, {"a": "x"})) is dict
    assert home.wrap({"$ref": "#/components/schemas/Texts"}, ["a"]) == ["a"]
    for schema in (None, True, {}):
        assert home.wrap(schema, {"a": 1}) == {"a": 1}


def test_what_has_no_class_is_wrapped_to_dicts_and_lists_of_what_its_schemas_say():
    day, address = {"type": "string", "format": "date"}, {"$ref": "#/components/schemas/Address"}
    schema = {
        "type": "object",
        "properties": {
            "day": day,
            "inner": {"type": "object", "properties": {"days": {"type": "array", "items": day}}},
            "by_name": {"type": "object", "additionalProperties": address},
            "either": {"anyOf": [day, {"type": "integer"}]},
            "of_another": {"$ref": "#/components/schemas/Person/properties/address"},
            "pet": {"$ref": "#/components/schemas/Pet"},
        },
        "additionalProperties": day,
    }
    bath = {"city": "Bath"}
    data = {
        "day": "2026-01-02",
        "inner": {"days": ["2026-01-02"]},
        "by_name": {"a": bath},
        "either": "2026-01-02",
        "of_another": bath,
        "pet": {"kind": "katze", "lives": 1},
        "more": "2026-01-02",
    }
    made = home.wrap(schema, data)
    assert {type(one) for one in (made, made["inner"], made["by_name"])} == {dict}
    assert made["day"] == made["either"] == made["more"] == date(2026, 1, 2)
    assert made["inner"] == {"days": [date(2026, 1, 2)]}
    assert type(made["by_name"]["a"]) is type(made["of_another"]) is home.Address
    assert type(made["pet"]) is home.Cat
    other = {"type": "object", "properties": {"day": {"type": "string"}}}
    assert home.wrap(other, {"day": "2026-01-02"}) == {"day": "2026-01-02"}
    assert home.wrap(schema, {"either": 5}) == {"either": 5}


def test_wrapping_by_a_schema_takes_nothing_from_the_class_it_stands_in():
    schema = {"$ref": "#/components/schemas/Person/properties/inline"}
    assert type(home.wrap(schema, {"deeper": {"n": 1}})) is dict
    fresh = ApiModels(read_document(HOME), "home")
    fresh.wrap(schema, {"deeper": {"n": 1}})
    made = fresh.Person(name="Ada", age=1, inline={"deeper": {"n": 1}})
    assert type(made.inline).__name__ == "Person_inline"


@pytest.mark.parametrize("of", ["address", "inline", "inline.deeper", "grid.0.0", "boss"])
def test_objects_survive_pickle(of):
    ada = person(
        inline={"deeper": {"n": 1}},
        grid=[[{"city": "Bath"}]],
        address={"city": "Bath"},
        boss={"name": "E", "age": 1},
    )
    for step in of.split("."):
        ada = ada[int(step)] if step.isdigit() else ada[step]
    again = pickle.loads(pickle.dumps(ada))  # noqa: S301
    assert (again, type(again).__name__) == (ada, type(ada).__name__)


def test_objects_of_this_repository_are_of_the_same_class_after_pickle():
    made = models.profiles.NewProfile(profile_id="u1", name="Ada")
    again = pickle.loads(pickle.dumps(made))  # noqa: S301
    assert (again, type(again)) == (made, models.profiles.NewProfile)


def test_leap_seconds_and_texts_python_has_no_value_for():
    ada = person(born_at="2016-12-31t23:59:60.5z")
    assert ada.born_at == datetime(2017, 1, 1, 0, 0, 0, 500000, UTC)
    old = home.wrap({"$ref": "#/components/schemas/Person"}, {"born_at": "0000-01-01T00:00:00Z"})
    with pytest.raises(ValueError, match=r"Person\.born_at: Python has no value"):
        _ = old.born_at


@given(
    st.datetimes(
        datetime(1, 1, 3),  # noqa: DTZ001
        datetime(9999, 12, 29),  # noqa: DTZ001
        timezones=st.timezones(),
    ),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.binary(),
)
def test_times_decimals_and_bytes_survive(time, price, picture):
    ada = person(born_at=time, price=price, picture=picture)
    again = home.Person.from_json(json.loads(dump_json(ada)))
    assert again.born_at.astimezone(UTC) == time.astimezone(UTC)
    assert (again.price, again.picture) == (price, picture)


ADDRESS = st.fixed_dictionaries({"city": st.text(min_size=1)}, optional={"since": st.dates()})
PERSON = st.recursive(
    st.fixed_dictionaries({"name": st.text(), "age": st.integers(0, 2**53)}),
    lambda boss: st.fixed_dictionaries(
        {"name": st.text(), "age": st.integers(0, 2**53), "boss": boss},
        optional={
            "others": st.lists(ADDRESS),
            "by_name": st.dictionaries(st.text(), ADDRESS),
            "office": ADDRESS,
        },
    ),
)


@given(PERSON)
def test_any_object_goes_to_json_and_back(properties):
    made = home.Person(**properties)
    made.validate()
    assert made == properties
    assert home.Person.from_json(made.to_json()) == made.to_json()
    assert json.loads(dump_json(made)) == made.to_json()
    assert made.clone().diff(made) == {}


def test_lists_of_what_python_has_as_json_has_it_are_lists():
    assert type(person(tags=["a"]).tags) is list
    assert isinstance(person(others=[]).others, ApiList)


def test_the_contracts_of_a_folder(tmp_path):
    (tmp_path / "home.yaml").write_text(HOME.read_text(encoding="utf-8"), encoding="utf-8")
    folder = Models(tmp_path)
    assert folder.home is folder["home"]
    assert folder.names() == ["home"]
    assert "Person" in dir(folder.home)
    assert "Texts" not in folder.home.names()
    assert folder.home.Person is folder.home["Person"]
    for wrong, told in (
        (lambda: folder.hme, "home"),
        (lambda: folder.home.Persn, "Person"),
        (lambda: folder.home.Texts, "no objects"),
    ):
        with pytest.raises(AttributeError, match=told):
            wrong()


def test_a_resource_is_in_the_models_of_its_service_and_a_running_service_completes_them():
    assert models.todos.NewTodo(title="x").title == "x"
    document = {"info": {"title": "x"}, "components": {"schemas": {
        "NewProfile": {"type": "object"}, "Extra": {"type": "object"}}}}  # fmt: skip
    complete = models.profiles.completed(document)
    assert complete.NewProfile is models.profiles.NewProfile
    assert complete.Extra(a=1)["a"] == 1
