"""What is saved is what is loaded, exactly."""

import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.api import ApiModels
from libs.api.tests.persistence.shelf import HERE, document
from libs.dynamodb import Put, Table, as_problem
from libs.errors import BodyTooLarge, InvalidBody

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)
integers = st.integers(-(10**38) + 1, 10**38 - 1)
floats = st.floats(-1e125, 1e125).filter(lambda x: x == 0 or abs(x) > 1e-130)
scalars = st.none() | st.booleans() | integers | floats | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
digits = st.text("0123456789", min_size=1, max_size=19)
decimals = st.builds(
    lambda sign, whole, part: sign + whole + (f".{part}" if part else ""),
    st.sampled_from(["", "-"]),
    digits,
    st.just("") | digits,
)
zones = st.sampled_from(["Z", "z", "+00:00", "-00:00", "+01:00", "-11:30", "+14:00"])
times = st.builds(
    lambda time, part, zone: time.strftime("%Y-%m-%dT%H:%M:%S") + part + zone,
    st.datetimes(datetime(1900, 1, 2), datetime(9998, 12, 30)),  # noqa: DTZ001 - the zone is added
    st.just("") | digits.map(lambda d: f".{d[:9]}"),
    zones,
)
base64 = st.sampled_from(["", "QQ==", "QUI=", "QUJD", "QR==", "////"])

PROPERTIES: list[tuple[dict[str, Any], st.SearchStrategy[Any]]] = [
    ({}, values),
    ({"type": "string"}, texts),
    ({"type": ["string", "null"]}, st.none() | texts),
    ({"type": "integer"}, integers),
    ({"type": "number"}, integers | floats),
    ({"type": "boolean"}, st.booleans()),
    ({"type": "string", "format": "date-time"}, times),
    ({"type": ["string", "null"], "format": "date-time"}, st.none() | times),
    ({"type": "string", "format": "date"}, st.dates().map(str)),
    ({"type": "string", "format": "decimal"}, decimals),
    ({"type": "string", "format": "byte"}, base64),
    ({"type": "array", "items": {"type": "number"}}, st.lists(integers | floats, max_size=4)),
    (
        {"type": "array", "items": {"type": "array", "items": {}}},
        st.lists(st.lists(values, max_size=2), max_size=2),
    ),
    ({"type": "array", "items": {"type": "string", "format": "date-time"}}, st.lists(times, max_size=3)),
    ({"type": "object", "additionalProperties": True}, st.dictionaries(names, values, max_size=3)),
    (
        {"type": "object", "properties": {"price": {"type": "string", "format": "decimal"}, "at": {}}},
        st.fixed_dictionaries({}, optional={"price": decimals, "at": values, "more": values}),
    ),
    (
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}, {"type": "integer"}]},
        st.none() | times | integers,
    ),
]


def is_same(one: Any, other: Any) -> bool:
    """Equality that tells 1 from True."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


@pytest.fixture(scope="module")
def odds(bind):
    """A class with a property of each kind."""
    schema = {
        "type": "object",
        "x-persist": f"{HERE}.StoredThing",
        "required": ["id"],
        "properties": {
            "id": {"type": "string"},
            **{f"p{number}": node for number, (node, _) in enumerate(PROPERTIES)},
        },
    }
    models = ApiModels(document({"Odd": schema}), "odds")
    bind(models)
    return models.Odd


@settings(max_examples=150)
@given(
    data=st.fixed_dictionaries(
        {},
        optional={
            **{f"p{number}": strategy for number, (_, strategy) in enumerate(PROPERTIES)},
            "undeclared": values,
            "$text": values,
            "p6$text ": texts,
        },
    )
)
def test_what_is_saved_is_what_is_loaded(odds, data):
    saved = odds.from_json({"id": uuid.uuid4().hex, **data})
    saved.create()
    loaded = odds.load(saved.id)
    assert is_same(loaded.to_json(), saved.to_json())
    # Saved over what is there, by another write, it is the same again.
    loaded.save()
    assert is_same(odds.load(saved.id).to_json(), saved.to_json())
    # What one does not have is gone when it is replaced.
    bare = odds(id=saved.id)
    bare.replace()
    assert odds.load(saved.id).to_json() == {"id": saved.id}


@settings(max_examples=60)
@given(
    data=st.fixed_dictionaries(
        {}, optional={f"p{number}": strategy for number, (_, strategy) in enumerate(PROPERTIES)}
    ).filter(bool)
)
def test_what_an_update_sets_is_what_is_loaded(odds, data):
    saved = odds(id=uuid.uuid4().hex)
    saved.create()
    updated = odds.update(saved.id, data)
    assert is_same(updated.to_json(), {"id": saved.id, **data})
    assert is_same(odds.load(saved.id).to_json(), {"id": saved.id, **data})


def test_python_values_come_back(books, isbn):
    at = datetime(2026, 1, 31, 12, 30, 15, 250_001, tzinfo=timezone(timedelta(hours=1)))
    book = books(
        isbn=isbn,
        title="t",
        tags=[],
        published_at=at,
        price=Decimal("12.50"),
        cover=b"\x00\xff",
        weight=0.1 + 0.2,
        loans=10**37 + 1,
        publisher={"name": "", "founded": at},
    )
    book.create()
    loaded = books.load(isbn)
    assert loaded == book
    assert (loaded.published_at, loaded.published_at.utcoffset()) == (at, timedelta(hours=1))
    assert (str(loaded.price), loaded.cover, loaded.weight) == ("12.50", b"\x00\xff", 0.1 + 0.2)
    assert (loaded.loans, loaded.publisher.founded, loaded.publisher.name) == (10**37 + 1, at, "")


def test_an_object_has_the_methods_of_its_class(books, isbn):
    book = books(isbn=isbn, title="Notes", tags=[], author="Ada", update_="u")
    book.create()
    assert (books.load(isbn).label(), books.load(isbn).update_) == ("Ada: Notes", "u")


def test_dynamodb_can_compare_and_count_with_what_is_stored(books, isbn):
    at = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=1)))
    books(isbn=isbn, title="t", tags=["b", "a"], published_at=at, price=Decimal("1.50"), cover=b"x").create()
    item, _ = books._storage.table.get({"isbn": {"S": isbn}})
    assert item["published_at"] == {"S": "2026-01-31T11:00:00.000000+0000"}
    assert item["published_at$text"] == {"S": "2026-01-31T12:00:00+01:00"}
    assert (item["price"], item["cover"]) == ({"N": "1.5"}, {"B": b"x"})
    assert sorted(item["tags"]["SS"]) == ["a", "b"]
    # Of what comes back by itself there is no second copy.
    books.update(isbn, {"published_at": datetime(2026, 1, 1, tzinfo=UTC), "price": Decimal("2.5")})
    item, _ = books._storage.table.get({"isbn": {"S": isbn}})
    assert {name for name in item if "$" in name} == set()


def test_a_text_that_another_program_made_stale_does_not_count(books, isbn):
    books(isbn=isbn, title="t", tags=[], price="1.50").create()
    table: Table = books._storage.table
    item, _ = table.get({"isbn": {"S": isbn}})
    table.write(Put({**item, "price": {"N": "7"}}))
    assert books.load(isbn)["price"] == Decimal(7)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (float("nan"), "is not a number"),
        (float("inf"), "is not a number"),
        (10**38, "has more than 38 digits"),
        (1e126, "is a number too large, or too near to 0, to be stored"),
        (1e-131, "is a number too large, or too near to 0, to be stored"),
        ("\ud800", "is not valid Unicode"),
        ([[1, {"a": float("nan")}]], "is not a number"),
        ({"": 1}, "has a name that is empty, or longer than 65535 bytes"),
    ],
)
def test_what_dynamodb_cannot_hold_is_told_before_it_is_asked(models, database, isbn, value, told):
    thing = models.Thing._of({"id": isbn, "value": value})
    with pytest.raises(InvalidBody) as caught:
        thing.create()
    (fault,) = caught.value.errors
    assert fault.detail == told
    assert fault.pointer.startswith("/value")
    assert not models.Thing.exists(isbn)


def test_what_is_nested_too_deeply_is_told(models, database, isbn):
    def nested(levels: int) -> Any:
        value: Any = 1
        for _ in range(levels):
            value = [value]
        return value

    models.Thing(id=isbn, value=nested(31)).create()
    assert models.Thing.load(isbn).value == nested(31)
    with pytest.raises(InvalidBody, match="cannot be stored") as caught:
        models.Thing(id=isbn, value=nested(32)).save()
    assert caught.value.errors[0].detail == "is nested too deeply"


def test_more_than_400_kb_is_told(books, isbn):
    books(isbn=isbn, title="x" * 409_000, tags=[]).create()
    with pytest.raises(BodyTooLarge):
        books(isbn=isbn, title="x" * 410_000, tags=[]).save()
    with pytest.raises(BodyTooLarge):
        books.update(isbn, {"title": "x" * 410_000})
    with pytest.raises(Exception, match="maximum allowed size") as caught:  # together with what is stored
        books.update(isbn, {"subtitle": "x" * 200_000})
    assert isinstance(as_problem(caught.value), BodyTooLarge)


@pytest.mark.parametrize(
    ("data", "pointer", "told"),
    [
        (
            {"isbn": "é" * 1025},
            "/isbn",
            "is longer than 2048 bytes, the most that a key of the table books has",
        ),
        ({"author": ""}, "/author", "is empty, which a key of the index by_author cannot be"),
        (
            {"price": "1" * 39},
            "/price",
            "has more than 38 digits",
        ),
    ],
)
def test_keys_have_limits_of_their_own(books, isbn, data, pointer, told):
    with pytest.raises(InvalidBody) as caught:
        books(**{"isbn": isbn, "title": "t", "tags": [], **data}).create()
    assert [(one.pointer, one.detail) for one in caught.value.errors] == [(pointer, told)]


@pytest.mark.parametrize("seconds", ["253402300800", "1e20", "99999999999999999999"])
def test_a_later_time_to_live_of_another_program_is_its_end(entries, seconds):
    key = {"log": {"S": uuid.uuid4().hex}, "at": {"S": "2026-01-01T00:00:00.000000+0000"}}
    entries._storage.table.write(Put({**key, "expires_at": {"N": seconds}}))
    entry = entries.load(key["log"]["S"], "2026-01-01T00:00:00Z")
    assert entry.to_json()["expires_at"] == "9999-12-31T23:59:59Z"
    entry.text = "changed"
    entry.replace()
    assert entries.load(key["log"]["S"], "2026-01-01T00:00:00Z").text == "changed"


def test_a_time_to_live_ends_with_the_year_9999(entries):
    log = uuid.uuid4().hex
    entry = entries(log=log, at="2026-01-01T00:00:00Z", expires_at="9999-12-31T23:59:59Z")
    entry.create()
    assert entries.load(log, entry.at) == entry
    entry["expires_at"] = "9999-12-31T23:59:59.5Z"  # rounded up, it is after that
    with pytest.raises(InvalidBody) as caught:
        entry.save()
    assert caught.value.errors[0].to_json() == {
        "pointer": "/expires_at",
        "detail": "is after the year 9999",
    }


def test_an_object_as_a_whole_has_to_keep_to_its_schema(books, isbn):
    with pytest.raises(ValueError, match="/title is required"):
        books._of({"isbn": isbn, "tags": []}).save()


def test_attributes_the_schema_does_not_know_stay(books, isbn):
    table: Table = books._storage.table
    books(isbn=isbn, title="t", tags=[], subtitle="s").create()
    item, _ = table.get({"isbn": {"S": isbn}})
    table.write(Put({**item, "of_others": {"SS": ["x"]}}))
    book = books.load(isbn)
    assert "of_others" not in book
    del book["subtitle"]
    book.save()
    books.update(isbn, {"title": "u"})
    item, _ = table.get({"isbn": {"S": isbn}})
    assert (item["of_others"], item["title"]) == ({"SS": ["x"]}, {"S": "u"})
    assert "subtitle" not in item


def test_a_discriminator_names_the_class_that_is_loaded(models, database):
    name = uuid.uuid4().hex
    models.Pet(name=name, kind="Cat", born_on="2026-01-01").create()
    cat = models.Pet.load(name)
    assert type(cat) is models.Cat
    assert cat.to_json() == {"name": name, "kind": "Cat", "born_on": "2026-01-01"}


@pytest.mark.parametrize(("kind", "number"), [({}, 319), ({"type": "string", "format": "decimal"}, 159)])
def test_as_many_properties_as_the_start_allows_are_saved(bind, kind, number):
    names = [f"p{n}" for n in range(number)]
    schema = {
        "type": "object",
        "x-persist": f"{HERE}.StoredThing",
        "properties": {"id": {"type": "string"}, **dict.fromkeys(names, kind)},
    }
    models = ApiModels(document({"Wide": schema}), "wide")
    bind(models)
    wide = models.Wide.from_json({"id": "1", **dict.fromkeys(names, "1.50"), "undeclared": 1})
    wide.save()
    assert models.Wide.load("1").to_json() == wide.to_json()
    models.Wide.update("1", dict.fromkeys(names, "2.50"), condition=models.Wide.field("p0") == "1.50")
    models.Wide(id="1").save(condition=models.Wide.field("p0").exists())
    assert models.Wide.load("1").to_json() == {"id": "1"}
