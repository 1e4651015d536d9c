"""Loading, in batches, by indexes and page by page."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest

from libs.api import ApiModels, table_models
from libs.api.tests.persistence.shelf import AT, HERE, document, shelf
from libs.dynamodb import CursorSigner, Position
from libs.errors import Conflict, InvalidParameters, NotFound, ServiceUnavailable

SIGNER = CursorSigner("only-for-tests-and-32-characters-long")


@pytest.fixture(scope="module")
def log(entries) -> str:
    """A log of 25 entries, a minute apart."""
    name = uuid.uuid4().hex
    for number in range(25):
        entries(log=name, at=AT + timedelta(minutes=number), level=number % 3, text=f"t{number}").create()
    return name


def texts(page):
    return [int(one.text[1:]) for one in page]


@pytest.mark.parametrize("key", ["", "x" * 2049, "\ud800", "nothing-has-this-key"])
def test_what_is_not_there_is_a_404(books, key):
    with pytest.raises(NotFound):
        books.load(key)
    assert not books.exists(key)
    assert books.load_many([key]) == {}


def test_a_key_is_told_if_it_is_none(books, entries):
    with pytest.raises(TypeError, match="the key of Entry is log, at: 1 values were given"):
        entries.load("x")
    with pytest.raises(TypeError, match=r"Book\.isbn has no int for a key"):
        books.load(7)
    with pytest.raises(NotFound):
        entries.load("x", "yesterday")


def test_a_number_that_no_key_can_be_is_a_404(bind):
    schema = {
        "type": "object",
        "x-persist": f"{HERE}.StoredThing",
        "properties": {"id": {"type": "integer"}},
    }
    models = ApiModels(document({"Thing": schema}), "numbered")
    bind(models)
    for key in (10**38, -(10**40), 1e200, float("nan")):
        assert not models.Thing.exists(key)
        assert models.Thing.load_many([key]) == {}
        assert len(models.Thing.query(key)) == 0
        with pytest.raises(NotFound):
            models.Thing.delete(key)
    with pytest.raises(TypeError, match=r"Thing\.id has no bool for a key"):
        models.Thing.load(True)


def test_a_key_is_the_same_however_it_is_written(entries, log):
    assert entries.load(log, "2026-01-01T02:00:00+02:00") == entries.load(log, AT)
    assert entries.load(log, AT, consistent=False).text == "t0"


def test_many_are_loaded_at_once(books):
    names = [uuid.uuid4().hex for _ in range(230)]
    for name in names:
        books(isbn=name, title=name, tags=[]).create()
    found = books.load_many([*names, *names[:3], "missing", ""])
    assert list(found) == names
    assert all(found[name].title == name for name in names)


def test_many_with_a_range_key(entries, log):
    keys = [(log, AT + timedelta(minutes=n)) for n in (3, 99, 1)]
    assert {key: one.text for key, one in entries.load_many(keys).items()} == {keys[0]: "t3", keys[2]: "t1"}


def test_what_is_left_unprocessed_is_asked_for_again(books, database, monkeypatch):
    names = [uuid.uuid4().hex for _ in range(20)]
    for name in names:
        books(isbn=name, title="t", tags=[]).create()
    dispatch = database.connection.dispatch
    asked = []

    def sparing(operation, arguments):
        """Answer for three keys at a time, and the second time for none."""
        ((table, request),) = arguments["RequestItems"].items()
        keys = request["Keys"]
        asked.append(len(keys))
        done = keys[:3] if len(asked) != 2 else []
        answer = {"Responses": {}}
        if done:
            answer = dispatch(operation, {"RequestItems": {table: {**request, "Keys": done}}})
        left = keys[len(done) :]
        return {**answer, "UnprocessedKeys": {table: {**request, "Keys": left}} if left else {}}

    monkeypatch.setattr(database.connection, "dispatch", sparing)
    assert set(books.load_many(names)) == set(names)
    assert asked[:4] == [20, 17, 17, 14]


def test_what_stays_unprocessed_is_a_503(books, database, monkeypatch):
    def refusing(operation, arguments):
        return {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}

    monkeypatch.setattr(database.connection, "dispatch", refusing)
    with pytest.raises(ServiceUnavailable):
        books.load_many(["x"])


# Queries


def test_a_query_is_in_the_order_of_the_range_key(entries, log):
    assert texts(entries.query(log)) == list(range(25))
    assert texts(entries.query(log, descending=True, limit=3)) == [24, 23, 22]
    assert texts(entries.query("nothing")) == []
    assert texts(entries.query("")) == []


def test_a_query_is_narrowed_by_the_range_key(entries, log):
    at = entries.field("at")

    def minute(number):
        return AT + timedelta(minutes=number)

    for condition, expected in [
        (at == minute(3), [3]),
        (at < minute(3), [0, 1, 2]),
        (at <= minute(3), [0, 1, 2, 3]),
        (at > minute(22), [23, 24]),
        (at >= "2026-01-01T01:22:00+01:00", [22, 23, 24]),
        (at.between(minute(2), minute(4)), [2, 3, 4]),
        (at.between(minute(2), minute(2)), [2]),
    ]:
        assert texts(entries.query(log, range_condition=condition)) == expected
    with pytest.raises(TypeError, match="one condition on at"):
        entries.query(log, range_condition=entries.field("level") == 1)
    with pytest.raises(TypeError, match="one condition on at"):
        entries.query(log, range_condition=(at < minute(1)) | (at > minute(9)))


def test_a_local_index(entries, log):
    level = entries.field("level")
    assert {n % 3 for n in texts(entries.query(log, index="by_level", range_condition=level == 2))} == {2}
    page = entries.query(log, index="by_level", descending=True, limit=9)
    assert {one.level for one in page} == {2, 1}
    rest = entries.query(log, index="by_level", descending=True, after=page.last_key)
    assert len(page) + len(rest) == 25
    assert rest.last_key is None


def test_global_indexes_by_time_and_by_number(books):
    author, language = uuid.uuid4().hex, uuid.uuid4().hex
    for number in (2, 10, 1):
        books(
            isbn=uuid.uuid4().hex,
            title=f"{number}",
            tags=[],
            author=author,
            language=language,
            published_at=AT + timedelta(days=number),
            price=Decimal(number) / 4,
        ).create()
    books(isbn=uuid.uuid4().hex, title="not in the index", tags=[], author=author).create()
    assert [one.title for one in books.query(author, index="by_author")] == ["1", "2", "10"]
    cheap = books.query(language, index="by_price", range_condition=books.field("price") < Decimal("2.5"))
    assert [one.price for one in cheap] == [Decimal("0.25"), Decimal("0.5")]
    with pytest.raises(LookupError, match="no index 'by_title'; it has by_author, by_price"):
        books.query("x", index="by_title")


@pytest.mark.parametrize("limit", [1, 7, 24, 25, 26])
def test_pages_hold_everything_once(entries, log, limit):
    found, after, pages = [], None, 0
    while True:
        page = entries.query(log, limit=limit, after=after)
        found += texts(page)
        pages += 1
        after = page.last_key
        if after is None:
            break
    assert found == list(range(25))
    assert pages == -(-25 // limit), "the last page is known to be the last"


def test_a_filter_does_not_make_pages_short(entries, log):
    rare = entries.field("text") == "t20"
    page = entries.query(log, filter_condition=rare, limit=5)
    assert (texts(page), page.last_key) == ([20], None)
    bounded = entries.query(log, filter_condition=rare, limit=5, most_examined=10)
    assert (texts(bounded), bounded.examined) == ([], 10)
    rest = entries.query(log, filter_condition=rare, limit=5, after=bounded.last_key)
    assert texts(rest) == [20]
    assert len(entries.query(log, limit=1000)) == 25
    for read in (
        lambda: entries.query(log, limit=10, most_examined=10),
        lambda: entries.scan(limit=10, most_examined=10),
    ):
        with pytest.raises(ValueError, match=r"most_examined \(10\) has to be more than limit \(10\)"):
            read()


def test_cursors_go_on_and_are_good_for_one_question(entries, log):
    page = entries.query(log, limit=20, cursors=SIGNER)
    assert page.cursor is not None
    rest = entries.query(log, limit=20, cursors=SIGNER, cursor=page.cursor)
    assert (texts(rest), rest.cursor) == ([20, 21, 22, 23, 24], None)
    at = entries.field("at")
    for question in (
        {"descending": True},
        {"range_condition": at > AT},
        {"index": "by_level"},
        {"filter_condition": entries.field("level") == 1},
    ):
        with pytest.raises(InvalidParameters):
            entries.query(log, cursors=SIGNER, cursor=page.cursor, **question)
    with pytest.raises(InvalidParameters):
        entries.query("other", cursors=SIGNER, cursor=page.cursor)
    with pytest.raises(InvalidParameters):
        entries.query(log, cursors=SIGNER, cursor=SIGNER.sign(["x"], Position(0, None)))
    with pytest.raises(TypeError, match="cursors="):
        entries.query(log, cursor=page.cursor)


def test_a_cursor_without_a_signer_is_told_and_does_not_end_the_list(entries, log):
    for page in (entries.query(log, limit=20), entries.scan(limit=1)):
        assert page.last_key is not None
        with pytest.raises(TypeError, match=r"needs a CursorSigner: query\(…, cursors=cursors\)"):
            _ = page.cursor
    assert entries.query(log, limit=25).cursor is None


def test_a_scan_is_bounded(entries, log):
    found, after = [], None
    mine = entries.field("log") == log
    while True:
        page = entries.scan(limit=10, filter_condition=mine, after=after)
        found += texts(page)
        after = page.last_key
        if after is None:
            break
    assert sorted(found) == list(range(25))
    assert len(entries.scan(limit=3)) == 3
    for limit in (0, 1001):
        with pytest.raises(ValueError, match="1 to 1000 objects"):
            entries.scan(limit=limit)


# Conditions


def test_fields_inside_of_properties(models, database, books, isbn):
    book = books(
        isbn=isbn, title="t", tags=["x"], readers=["eve", "bob"], publisher={"city": "Bath", "founded": AT}
    )
    book.create()
    everything = [
        books.field("publisher", "city") == "Bath",
        books.field("publisher", "founded") == AT,
        books.field("publisher", "name").does_not_exist(),
        books.field("readers", 1) == "bob",
        books.field("readers").contains("eve"),
        books.field("tags").contains("x"),
        books.field("title").is_in("s", "t"),
        books.field("title") != "u",
        books.field("subtitle") != "u",
        books.field("publisher").exists(),
        books.field("page_count").does_not_exist(),
    ]
    for condition in everything:
        book.save(condition=condition)
    with pytest.raises(TypeError, match="order is not that of its values"):
        books.field("publisher", "founded") < AT  # noqa: B015
    with pytest.raises(TypeError, match="no JSON form"):
        books.field("title") == object()  # noqa: B015
    thing = models.Thing(id=isbn, more={"a": [1]})
    thing.create()
    thing.save(condition=models.Thing.field("more", "a", 0) == 1)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        # It would hold whatever is stored.
        (lambda of: of("titel") != "t", r"Book has no property 'titel' \(did you mean 'title'\?\)"),
        (lambda of: of("loans") != "0", r"Book\.loans: the operand is of another type than its values"),
        (lambda of: of("tags") != "a", r"Book\.tags: the operand is of another type"),
        (lambda of: of("tags").contains(5), "the operand is of another type"),
        (lambda of: of("readers", 0) == 5, "the operand is of another type"),
        (lambda of: of("title", "de") == "t", r"Book\.title has nothing inside of it"),
        (lambda of: of("price", "amount") == "t", r"Book\.price has nothing inside of it"),
        (lambda of: of("title").startswith(5), "with no int"),
        (lambda of: of("title").between("b", "a"), "title: nothing is between the two, for the lower"),
        (lambda of: of("title").between("\U00010000", "\uffff"), "title: nothing is between"),
        (lambda of: of("price").between("10", "9"), "price: nothing is between"),
        (lambda of: of("loans").between(10, 9.5), "loans: nothing is between"),
        (lambda of: of("published_at").between(AT, AT - timedelta(seconds=1)), "published_at: nothing"),
        (lambda of: of("loans").between(None, 5), "loans: between takes two texts, two numbers, or two of"),
        (lambda of: of("title") == "a" and of("loans") == 1, r"joined by &, \| and ~, each in parentheses"),
        (lambda of: 1 < of("loans") < 5, "1 < b < 2 cannot join them"),
        (lambda of: not of("title").exists(), "Python's and, or, not"),
        (lambda of: of("title") == "a" if ~(of("loans") == 1) else None, "Python's and, or, not"),
        (lambda of: (of("title") == "a") & (of("loans") == 1) or None, "Python's and, or, not"),
        (lambda of: (of("title") == "a") | (of("loans") == 1) or None, "Python's and, or, not"),
        (lambda of: of("title").is_in(), "is_in takes 1 to 100 values, not 0"),
        (lambda of: of("title").is_in(*map(str, range(101))), "is_in takes 1 to 100 values, not 101"),
    ],
)
def test_what_is_no_condition_on_a_property(books, make, told):
    with pytest.raises((TypeError, ValueError), match=told):
        make(books.field)


def test_what_is_no_condition_at_all_is_told(books, isbn):
    book = books(isbn=isbn, title="t", tags=[], loans=1)
    for use, name in [
        (lambda: book.save(condition=book.loans >= 1), "condition"),
        (lambda: books.update(isbn, {"loans": 2}, condition=book.loans >= 1), "condition"),
        (lambda: books.delete(isbn, condition="loans = 1"), "condition"),
        (lambda: books.query(isbn, filter_condition=book.loans == 1), "filter_condition"),
        (lambda: books.query(isbn, range_condition=book.loans == 1), "range_condition"),
        (lambda: books.scan(limit=1, filter_condition=book.loans == 1), "filter_condition"),
    ]:
        with pytest.raises(TypeError, match=rf"^{name} is made of the class's field"):
            use()


def test_a_field_may_be_compared_with_null(books, isbn):
    book = books(isbn=isbn, title="t", tags=[], loans=None)
    book.create()
    book.save(condition=books.field("loans") == None)  # noqa: E711 - it makes a condition
    with pytest.raises(Conflict):
        book.save(condition=books.field("loans") != None)  # noqa: E711


def test_a_class_that_is_bound_to_nothing_does_not_ask_aws():
    with pytest.raises(RuntimeError, match="Book is bound to no database"):
        shelf().Book.load("x")


def test_the_models_of_classes_make_their_tables():
    classes = shelf().persistent()
    assert sorted({one.Meta.table_name for one in table_models(classes)}) == [
        "books",
        "entries",
        "pets",
        "things",
    ]


@pytest.mark.parametrize(
    ("node", "keys"),
    [
        (
            {"type": "string", "format": "decimal"},
            ["1.50", Decimal("0.1234567890123456789012345678901234567")],
        ),
        ({"type": "string", "format": "decimal"}, [Decimal("0.1234567890123456789012345678901234568"), 7]),
        ({"type": "string", "format": "byte"}, [b"\x00", b"\xff\x00"]),
        ({"type": "number"}, [0.1, 10**37, -1, 1e-100]),
        ({"type": "string", "format": "date"}, [AT.date(), "2026-02-01"]),
        ({"type": "string", "format": "date-time"}, [AT, "2026-02-01T00:00:00.000001+01:00"]),
    ],
)
def test_keys_of_every_kind(bind, node, keys):
    schema = {
        "type": "object",
        "x-persist": f"{HERE}.StoredThing",
        "required": ["id"],
        "properties": {"id": node},
    }
    models = ApiModels(document({"Thing": schema}), "keyed")
    bind(models)
    for key in keys:
        models.Thing(id=key, at=str(key)).create()
    found = models.Thing.load_many(keys)
    assert [found[key]["at"] for key in keys] == [str(key) for key in keys]
    assert all(models.Thing.load(key) == found[key] for key in keys)
    assert [one["at"] for one in models.Thing.query(keys[0])] == [str(keys[0])]
    for key in keys:
        models.Thing.delete(key)
