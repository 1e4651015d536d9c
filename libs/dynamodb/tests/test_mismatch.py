"""A table that is there is compared with its model: keys, indexes, and what they hold."""

import pytest
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
    IncludeProjection,
    KeysOnlyProjection,
    LocalSecondaryIndex,
)
from pynamodb.models import Model

from libs.dynamodb import TableMismatch

ADVICE = {
    "local": (
        "DynamoDB adds and changes no local index of a table that is there:"
        " move its data to a new table, or remove it."
    ),
    "global": "A global index can be added, or removed and added anew (UpdateTable).",
}
KINDS = {"local": LocalSecondaryIndex, "global": GlobalSecondaryIndex}


def make_index(kind, *, projected=None, by=None, name="by-branch"):
    """Return an index of owner and branch."""

    class Index(KINDS[kind]):
        class Meta:
            index_name = name
            projection = projected or AllProjection()

        owner = UnicodeAttribute(hash_key=True)
        branch = by or UnicodeAttribute(range_key=True)

    return Index()


def make_model(*, hash_key=None, range_key=None, branch=None, **indexes):
    """Return a model of one table name, keyed by owner and id, with these indexes."""
    attributes = {
        "Meta": type("Meta", (), {"table_name": "things"}),
        "owner": hash_key or UnicodeAttribute(hash_key=True),
        "id": range_key or UnicodeAttribute(range_key=True),
        "branch": branch or UnicodeAttribute(null=True),
        **indexes,
    }
    return type(Model)("Thing", (Model,), attributes)


@pytest.fixture
def mismatch(connect):
    """Make the table of one model, then bind another to it; return what is told of it."""

    def told(before, after):
        connect(before).create_tables()
        with pytest.raises(TableMismatch) as caught:
            connect(after).create_tables()
        return str(caught.value).replace(connect.prefix, "")

    return told


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_like_its_model_is_none(connect, kind):
    for _ in range(2):
        connect(make_model(index=make_index(kind))).create_tables()


def test_the_order_in_which_keys_and_projected_attributes_are_written_is_none(connect):
    for names in (["a", "b"], ["b", "a"]):
        index = make_index("global", projected=IncludeProjection(names))
        connect(make_model(index=index)).create_tables()


@pytest.mark.parametrize("kind", KINDS)
def test_an_index_the_model_does_not_have_is_none(connect, kind):
    connect(make_model(index=make_index(kind))).create_tables()
    connect(make_model()).create_tables()


@pytest.mark.parametrize(
    ("changed", "keys"),
    [
        ({"hash_key": NumberAttribute(hash_key=True)}, "owner N, id S"),
        ({"range_key": NumberAttribute(range_key=True)}, "owner S, id N"),
        (
            {"range_key": UnicodeAttribute(), "branch": UnicodeAttribute(range_key=True)},
            "owner S, branch S",
        ),
        ({"range_key": UnicodeAttribute()}, "owner S"),
        (
            {"hash_key": UnicodeAttribute(range_key=True), "range_key": UnicodeAttribute(hash_key=True)},
            "id S, owner S",
        ),
    ],
)
def test_other_keys_are_told(mismatch, changed, keys):
    assert mismatch(make_model(), make_model(**changed)) == (
        f"table things has the keys owner S, id S, its model {keys}. DynamoDB changes no keys:"
        " move its data to a new table, or remove it."
    )


def test_every_missing_index_is_told_with_what_can_be_done(mismatch):
    indexes = {
        "first": make_index("local", name="a-local"),
        "second": make_index("global", name="a-global"),
        "third": make_index("global", name="there"),
    }
    before = make_model(third=make_index("global", name="there"))
    assert mismatch(before, make_model(**indexes)) == (
        "table things is not as its model: it has no local index a-local (owner S, branch S: ALL),"
        " no global index a-global (owner S, branch S: ALL)."
        f" {ADVICE['local']} {ADVICE['global']}"
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"projected": KeysOnlyProjection()}, "owner S, branch S: KEYS_ONLY"),
        ({"projected": IncludeProjection(["x", "a"])}, "owner S, branch S: INCLUDE a, x"),
        ({"by": NumberAttribute(range_key=True)}, "owner S, branch N: ALL"),
    ],
)
def test_an_index_of_other_keys_or_attributes_is_told(mismatch, kind, changed, told):
    branch = NumberAttribute(null=True) if "by" in changed else None
    after = make_model(index=make_index(kind, **changed), branch=branch)
    assert mismatch(make_model(index=make_index(kind)), after) == (
        f"table things is not as its model: it has the {kind} index by-branch (owner S, branch S: ALL)"
        f" and not ({told}). {ADVICE[kind]}"
    )


def test_an_index_of_the_other_kind_is_missing(mismatch):
    told = mismatch(make_model(index=make_index("global")), make_model(index=make_index("local")))
    assert "it has no local index by-branch" in told


def test_tables_as_their_models_pass_the_check_that_makes_none(connect):
    connect(make_model(index=make_index("global"))).create_tables()
    connect(make_model(index=make_index("global"))).check_tables()


def test_the_check_makes_no_table_and_tells_of_each_that_is_missing_or_differs(connect, models):
    connect(make_model()).create_tables()
    changed = make_model(index=make_index("global"))
    database = connect(*models, changed)
    for _ in range(2):
        with pytest.raises(TableMismatch) as caught:
            database.check_tables()
        assert str(caught.value).replace(connect.prefix, "").splitlines() == [
            "table accounts is missing.",
            "table entries is missing.",
            "table things is not as its model: it has no global index by-branch (owner S, branch S: ALL). "
            + ADVICE["global"],
        ]


@pytest.mark.parametrize("being_made", ["index", "table"])
def test_what_is_still_being_made_is_not_there_yet(connect, monkeypatch, being_made):
    database = connect(make_model(index=make_index("global")))
    database.create_tables()
    dispatch = type(database.connection).dispatch

    def told(self, operation, arguments):
        answer = dispatch(self, operation, arguments)
        if being_made == "index":
            answer["Table"]["GlobalSecondaryIndexes"][0]["IndexStatus"] = "CREATING"
        else:
            answer["Table"]["TableStatus"] = "CREATING"
        return answer

    monkeypatch.setattr(type(database.connection), "dispatch", told)
    parts = {
        "index": "it has the global index by-branch only in part, as DynamoDB is still filling it.",
        "table": "table things is still being made.",
    }
    with pytest.raises(TableMismatch) as caught:
        database.check_tables()
    assert parts[being_made] in str(caught.value).replace(connect.prefix, "")
    monkeypatch.undo()
