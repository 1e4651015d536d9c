"""A table as DynamoDB sees it: raw items, conditional writes, and errors that can be told from each other."""

import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.operand import Path
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from libs.dynamodb import Change, ConditionFailed, Database, Put, Remove, Table, as_problem
from libs.errors import BodyTooLarge, ServiceUnavailable


class ByKind(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by-kind"
        projection = AllProjection()

    kind = UnicodeAttribute(hash_key=True)


class Entry(Model):
    class Meta:
        table_name = "table-entries"

    owner = UnicodeAttribute(hash_key=True)
    at = NumberAttribute(range_key=True)
    kind = UnicodeAttribute(null=True)
    by_kind = ByKind()


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    database = Database(
        [Entry],
        region="eu-west-1",
        endpoint=os.environ["TEST_DYNAMODB_ENDPOINT"],
        table_prefix=f"test-{uuid.uuid4().hex}-",
    )
    database.create_tables()
    yield Table(Entry)
    database.delete_tables()


@pytest.fixture
def owner() -> str:
    """A partition that is empty yet."""
    return uuid.uuid4().hex


def key(owner: str, at: int) -> dict[str, Any]:
    return {"owner": {"S": owner}, "at": {"N": str(at)}}


def item(owner: str, at: int, **more: Any) -> dict[str, Any]:
    return {**key(owner, at), **{name: {"S": value} for name, value in more.items()}}


IS_NEW = Path(["owner"]).does_not_exist()
IS_STORED = Path(["owner"]).exists()


def fill(table: Table, owner: str, ats: range, **more: Any) -> None:
    for at in ats:
        table.write(Put(item(owner, at, **more)))


def test_its_name_is_that_of_the_environment(table: Table) -> None:
    assert table.name.startswith("test-")
    assert table.name.endswith("-table-entries")


def test_what_was_put_is_got_with_what_it_cost(table: Table, owner: str) -> None:
    assert table.get(key(owner, 1))[0] is None
    assert table.write(Put({**item(owner, 1), "raw": {"B": b"\x00\xff"}})) is None
    assert table.get(key(owner, 1)) == ({**item(owner, 1), "raw": {"B": b"\x00\xff"}}, 1.0)
    assert table.get(key(owner, 1), consistent=False)[1] == 0.5


def test_a_partition_is_read_in_order_and_in_parts(table: Table, owner: str) -> None:
    fill(table, owner, range(5))
    mine = Path(["owner"]) == {"S": owner}
    first = table.query(mine, limit=2)
    assert [one["at"]["N"] for one in first.items] == ["0", "1"]
    assert (first.examined, first.last_key) == (2, key(owner, 1))
    assert first.capacity > 0
    rest = table.query(mine, start=first.last_key, consistent=True)
    assert [one["at"]["N"] for one in rest.items] == ["2", "3", "4"]
    assert rest.last_key is None
    back = table.query(mine & (Path(["at"]) < {"N": "3"}), forward=False)
    assert [one["at"]["N"] for one in back.items] == ["2", "1", "0"]


def test_what_a_filter_leaves_out_was_examined(table: Table, owner: str) -> None:
    fill(table, owner, range(3), kind="a")
    fill(table, owner, range(3, 5), kind="b")
    mine = Path(["owner"]) == {"S": owner}
    found = table.query(mine, filter_condition=Path(["kind"]) == {"S": "b"})
    assert (len(found.items), found.examined) == (2, 5)
    everything = table.scan(filter_condition=Path(["owner"]) == {"S": owner})
    assert len(everything.items) == 5
    assert everything.examined >= 5
    part = table.scan(limit=1)
    assert part.examined == 1
    assert part.last_key is not None
    assert table.scan(start=part.last_key, limit=1).items != part.items


def test_an_index_is_read_by_its_key(table: Table, owner: str) -> None:
    fill(table, owner, range(2), kind=owner)
    fill(table, owner, range(2, 4))
    assert len(table.query(Path(["kind"]) == {"S": owner}, index="by-kind").items) == 2


def test_a_put_on_condition(table: Table, owner: str) -> None:
    table.write(Put(item(owner, 1, kind="a"), IS_NEW))
    with pytest.raises(ConditionFailed) as caught:
        table.write(Put(item(owner, 1, kind="b"), IS_NEW))
    assert caught.value.index == 0
    assert table.get(key(owner, 1))[0] == item(owner, 1, kind="a")


def test_a_change_tells_what_it_made_of_the_item(table: Table, owner: str) -> None:
    kind, count = Path(["kind"]), Path(["count"])
    with pytest.raises(ConditionFailed):
        table.write(Change(key(owner, 1), [kind.set({"S": "a"})], IS_STORED))
    assert table.get(key(owner, 1))[0] is None
    table.write(Put(item(owner, 1, name="x")))
    changed = table.write(Change(key(owner, 1), [kind.set({"S": "a"}), count.add({"N": "2"})], IS_STORED))
    assert changed == {**item(owner, 1, name="x", kind="a"), "count": {"N": "2"}}
    with pytest.raises(ConditionFailed):
        table.write(Change(key(owner, 1), [kind.remove()], kind == {"S": "b"}))
    assert table.get(key(owner, 1))[0] == changed


def test_a_removal_tells_what_it_removed(table: Table, owner: str) -> None:
    table.write(Put(item(owner, 1, kind="a")))
    with pytest.raises(ConditionFailed):
        table.write(Remove(key(owner, 1), Path(["kind"]) == {"S": "b"}))
    assert table.write(Remove(key(owner, 1), IS_STORED)) == item(owner, 1, kind="a")
    assert table.get(key(owner, 1))[0] is None
    with pytest.raises(ConditionFailed):
        table.write(Remove(key(owner, 1), IS_STORED))
    assert table.write(Remove(key(owner, 1))) is None


def test_a_transaction_does_all_or_names_the_first_that_failed(table: Table, owner: str) -> None:
    table.write(Put(item(owner, 1)))
    kind = Path(["kind"])
    with pytest.raises(ConditionFailed) as caught:
        table.transact(
            [
                (table, Put(item(owner, 2), IS_NEW)),
                (table, Change(key(owner, 1), [kind.set({"S": "a"})], kind.exists())),
                (table, Remove(key(owner, 3), IS_STORED)),
            ]
        )
    assert caught.value.index == 1
    assert table.get(key(owner, 2))[0] is None
    table.transact(
        [
            (table, Put(item(owner, 2), IS_NEW)),
            (table, Change(key(owner, 3), [kind.set({"S": "a"})])),
            (table, Remove(key(owner, 1), IS_STORED)),
        ]
    )
    assert [table.get(key(owner, at))[0] for at in (1, 2, 3)] == [
        None,
        item(owner, 2),
        item(owner, 3, kind="a"),
    ]


def test_a_transaction_that_is_refused_for_something_else_is_no_failed_condition(
    table: Table, owner: str
) -> None:
    twice = (table, Put(item(owner, 1)))
    with pytest.raises(TransactWriteError) as caught:
        table.transact([twice, twice])
    assert as_problem(caught.value) is None


LARGE = "x" * 410_000


@pytest.mark.parametrize(
    "write",
    [
        lambda table, owner: table.write(Put(item(owner, 1, text=LARGE))),
        lambda table, owner: table.write(Change(key(owner, 1), [Path(["text"]).set({"S": LARGE})])),
        lambda table, owner: table.transact([(table, Put(item(owner, 1, text=LARGE)))]),
    ],
    ids=["put", "change", "transaction"],
)
def test_an_item_too_large_is_the_clients_to_know(
    table: Table, owner: str, write: Callable[[Table, str], Any]
) -> None:
    with pytest.raises((ClientError, TransactWriteError)) as caught:
        write(table, owner)
    assert isinstance(as_problem(caught.value), BodyTooLarge)


@pytest.mark.parametrize(
    "use",
    [
        lambda table: table.get({"email": {"S": "a"}}),
        lambda table: table.query(Path(["email"]) == {"S": "a"}),
        lambda table: table.scan(limit=1),
        lambda table: table.write(Put({"email": {"S": "a"}})),
        lambda table: table.write(Remove({"email": {"S": "a"}})),
        lambda table: table.transact([(table, Put({"email": {"S": "a"}}))]),
    ],
    ids=["get", "query", "scan", "put", "remove", "transaction"],
)
def test_a_database_that_does_not_answer_is_a_503(
    closed_endpoint: str, models: Any, use: Callable[[Table], Any]
) -> None:
    account, _ = models
    Database([account], region="eu-west-1", endpoint=closed_endpoint)
    with pytest.raises(Exception) as caught:  # noqa: PT011
        use(Table(account))
    assert isinstance(as_problem(caught.value), ServiceUnavailable)


def test_what_is_wrong_with_our_own_request_is_no_problem_of_the_client(table: Table) -> None:
    with pytest.raises(ClientError) as caught:
        table.query(Path(["kind"]) == {"S": "a"})  # no key of the table
    assert as_problem(caught.value) is None
