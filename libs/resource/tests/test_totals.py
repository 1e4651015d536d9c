"""Totals are those of the rows, at any time, whoever writes at the same time."""

import json
import os
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from decimal import Context, Decimal
from fractions import Fraction
from multiprocessing import get_context
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    VersionAttribute,
)
from pynamodb.exceptions import CancellationReason, TransactWriteError, VerboseClientError
from pynamodb.models import Model

from libs.dynamodb import Database, Item, Put
from libs.errors import Conflict, Forbidden, InvalidBody, NotFound, PreconditionFailed, ServiceUnavailable
from libs.resource.query.operators import OPERATORS
from libs.resource.query.where import TRUE, Exists, Test, all_of
from libs.resource.scope import Everyone, Extent, OwnedBy, Scope, Within
from libs.resource.store.countable import token_of
from libs.resource.store.row import Row
from libs.resource.store.store import Store
from libs.resource.store.tally import is_summable
from libs.resource.store.totals import MOST_CHANGES, KeptTotals, Total, Totals

REGION = "eu-west-1"


class Task(Model):
    """Without a version: what a write returns is read again."""

    class Meta:
        table_name = "tasks"

    owner = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    title = UnicodeAttribute(null=True)
    done = BooleanAttribute(null=True, attr_name="d")
    tags: Any = ListAttribute(of=UnicodeAttribute, null=True)
    labels = UnicodeSetAttribute(null=True)
    ports = NumberSetAttribute(null=True)
    estimate = NumberAttribute(null=True)


class Job(Model):
    class Meta:
        table_name = "jobs"

    id = UnicodeAttribute(hash_key=True)
    team = UnicodeAttribute(null=True)
    priority = NumberAttribute(null=True)
    version = VersionAttribute()


class Session(Model):
    class Meta:
        table_name = "sessions"

    id = UnicodeAttribute(hash_key=True)
    place: Any = MapAttribute(null=True)
    things: Any = ListAttribute(null=True)


class Fading(Session):
    class Meta:
        table_name = "fading"

    expires = TTLAttribute(null=True)


TASKS = Totals(counts=("done", "tags", "labels", "ports", "estimate"), sums=("estimate",))


def bound(prefix: str) -> Database:
    endpoint = os.environ["TEST_DYNAMODB_ENDPOINT"]
    return Database([Task, Job, Total], region=REGION, endpoint=endpoint, table_prefix=prefix)


@pytest.fixture(scope="module")
def prefix() -> Iterator[str]:
    prefix = f"test-{uuid.uuid4().hex}-"
    database = bound(prefix)
    database.create_tables()
    yield prefix
    database.delete_tables()


@pytest.fixture
def totals(prefix: str) -> KeptTotals:
    return TASKS.check(Task, OwnedBy("owner"))


@pytest.fixture
def store(totals: KeptTotals) -> Store:
    return Store(Task, totals)


@pytest.fixture
def owner() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def extent(owner: str) -> Extent:
    return Extent.of({"owner": owner})


@pytest.fixture
def jobs(prefix: str) -> Store:
    return Store(Job, Totals(counts=("priority",), sums=("priority",)).check(Job, OwnedBy("team")))


def groups(totals: KeptTotals, fixed: Any, field: str) -> dict[str, int]:
    """By the values as JSON, since to Python 1 and true are one."""
    found = totals.groups(fixed, field)
    assert found.exact
    assert all(count > 0 for _, count in found.values)
    return {json.dumps(value): count for value, count in found.values}


def told(totals: KeptTotals, fixed: Any) -> Any:
    sums = {name: totals.sum(fixed, name) for name in totals.sums}
    return (
        totals.count(fixed),
        {name: groups(totals, fixed, name) for name in totals.counts},
        {name: (one.sum, one.number) for name, one in sums.items()},
    )


def counted(store: Store, totals: KeptTotals, fixed: Any) -> Any:
    """The same by reading all rows, in plain Python."""
    rows = list(store.all_rows(Extent.of(fixed)))
    by_value: dict[str, Counter[str]] = {}
    for name in totals.counts:
        by_value[name] = Counter()
        for row in rows:
            value = row(name)
            members = list(value) if isinstance(value, list | set) else [value]
            by_value[name].update({json.dumps(one) for one in members})
    sums = {}
    for name in totals.sums:
        numbers = [Fraction(str(row(name))) for row in rows if row(name) is not None]
        sums[name] = (sum(numbers), len(numbers))
    return len(rows), by_value, sums


def key_of(owner: str, key: str) -> Item:
    return {"owner": {"S": owner}, "id": {"S": key}}


def test_a_row_counts_from_its_creation_until_it_is_deleted(
    store: Store, totals: KeptTotals, owner: str, extent: Extent
) -> None:
    fixed = {"owner": owner}
    assert told(totals, fixed) == (0, {name: {} for name in totals.counts}, {"estimate": (0, 0)})
    values = {"owner": owner, "id": "1", "done": True, "tags": ["a", "b", "a"], "estimate": 0.1}
    store.create(store.new(values), extent)
    store.create(store.new({"owner": owner, "id": "2", "estimate": 0.2, "ports": {80, 443}}), extent)
    store.create(store.new({"owner": owner + "2", "id": "3", "estimate": 5}), Extent())
    assert totals.count(fixed) == 2
    assert groups(totals, fixed, "done") == {"true": 1, "null": 1}
    assert groups(totals, fixed, "tags") == {'"a"': 1, '"b"': 1, "null": 1}
    assert groups(totals, fixed, "ports") == {"80": 1, "443": 1, "null": 1}
    assert (totals.sum(fixed, "estimate").sum, totals.sum(fixed, "estimate").number) == (Decimal("0.3"), 2)
    changed = store.update(
        key_of(owner, "1"), {"tags": ["b", "c"], "done": None, "estimate": 7, "title": "x"}, extent
    )
    assert (changed("tags"), changed("done"), changed("estimate"), changed("title")) == (
        ["b", "c"],
        None,
        7,
        "x",
    )
    assert groups(totals, fixed, "tags") == {'"b"': 1, '"c"': 1, "null": 1}
    assert told(totals, fixed) == counted(store, totals, fixed)
    store.update(key_of(owner, "2"), {"tags": []}, extent)
    assert groups(totals, fixed, "tags") == {'"b"': 1, '"c"': 1}
    assert store.delete(key_of(owner, "1"), extent)("title") == "x"
    store.delete(key_of(owner, "2"), extent)
    assert told(totals, fixed) == (0, {name: {} for name in totals.counts}, {"estimate": (0, 0)})
    assert totals.count({"owner": owner + "2"}) == 1


VALUES = {
    "title": st.none() | st.text("abc", max_size=3),
    "done": st.none() | st.booleans(),
    "tags": st.none() | st.lists(st.sampled_from(["", "a", "1", "null", "true", "#", "x" * 600, "x" * 601])),
    "labels": st.none() | st.sets(st.sampled_from(["a", "b", "a:b"])),
    "ports": st.none() | st.sets(st.sampled_from([1, 10, 1.5])),
    "estimate": st.none()
    | st.sampled_from([0, 1, 0.1, 0.2, 0.3, -3, 1e-18, 999999999999, 123456789012.5, 0.30000000000000004]),
}
some_values = st.fixed_dictionaries({}, optional=VALUES)
all_writes = st.lists(
    st.tuples(st.sampled_from(["create", "update", "update", "delete"]), st.sampled_from("abc"), some_values),
    max_size=12,
)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(writes=all_writes)
def test_whatever_is_written_totals_are_those_of_the_rows(
    store: Store, totals: KeptTotals, writes: list[tuple[str, str, dict[str, Any]]]
) -> None:
    owner = uuid.uuid4().hex
    fixed, extent = {"owner": owner}, Extent.of({"owner": owner})
    for action, key, values in writes:
        write(store, action, owner, key, values, extent)
    assert told(totals, fixed) == counted(store, totals, fixed)
    before = told(totals, fixed)
    assert totals.recount(store.all_rows(extent), fixed) == before[0]
    assert told(totals, fixed) == before


def write(store: Store, action: str, owner: str, key: str, values: Any, extent: Extent) -> None:
    try:
        if action == "create":
            store.create(store.new({"owner": owner, "id": key, **values}), extent)
        elif action == "update":
            store.update(key_of(owner, key), values, extent)
        else:
            store.delete(key_of(owner, key), extent)
    except (Conflict, NotFound):
        pass


def churn(prefix: str, owners: list[str], seed: int, writes: int) -> int:
    """Write at random, in a process of its own; return how many writes were refused for the others."""
    if Task.Meta.table_name != f"{prefix}tasks":
        bound(prefix)
    store = Store(Task, TASKS.check(Task, OwnedBy("owner")))
    chance, refused = random.Random(seed), 0  # noqa: S311 - a test is to be repeatable
    for _ in range(writes):
        owner = chance.choice(owners)
        values = {
            "done": chance.choice([True, False, None]),
            "tags": chance.sample("abcdef", 2),
            "estimate": chance.choice([None, 0.1, 0.2, 3]),
            "title": chance.choice("xyz"),
        }
        sent = dict(chance.sample(sorted(values.items(), key=lambda one: one[0]), 2))
        action = chance.choice(["create", "update", "update", "delete"])
        try:
            write(store, action, owner, chance.choice("1234"), sent, Extent.of({"owner": owner}))
        except ServiceUnavailable:
            refused += 1
    return refused


def test_processes_that_write_the_same_rows_at_once_lose_no_count(
    prefix: str, store: Store, totals: KeptTotals
) -> None:
    owners = [uuid.uuid4().hex for _ in range(2)]
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        refused = sum(pool.map(churn, [prefix] * 4, [owners] * 4, range(4), [60] * 4))
    assert refused < 24
    for owner in owners:
        assert told(totals, {"owner": owner}) == counted(store, totals, {"owner": owner})


def test_of_writers_that_turn_the_same_thing_over_each_counts(store: Store, totals: KeptTotals) -> None:
    owner = uuid.uuid4().hex
    extent = Extent.of({"owner": owner})
    store.create(store.new({"owner": owner, "id": "1", "done": False}), extent)

    def turn(number: int) -> None:
        store.update(key_of(owner, "1"), {"done": number % 2 == 0, "estimate": number}, extent)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(turn, range(40)))
    assert told(totals, {"owner": owner}) == counted(store, totals, {"owner": owner})


def test_what_is_refused_counts_nothing(
    store: Store, totals: KeptTotals, jobs: Store, owner: str, extent: Extent
) -> None:
    fixed = {"owner": owner}
    store.create(store.new({"owner": owner, "id": "1", "done": True}), extent)
    for done in (True, False):
        with pytest.raises(Conflict):
            store.create(store.new({"owner": owner, "id": "1", "done": done}), extent)
    undone = Extent.of(fixed, Test("done", OPERATORS["$eq"], False, negated=False))
    with pytest.raises(NotFound):
        store.update(key_of(owner, "1"), {"done": False}, undone)
    with pytest.raises(NotFound):
        store.delete(key_of(owner, "1"), undone)
    only_done = Extent.of(fixed, Test("done", OPERATORS["$eq"], True, negated=False))
    with pytest.raises(Forbidden):
        store.update(key_of(owner, "1"), {"done": False}, only_done)
    untitled = Extent.of(fixed, Exists("title", wanted=False))
    with pytest.raises(Forbidden):
        store.update(key_of(owner, "1"), {"done": False, "title": "x"}, untitled)
    assert (totals.count(fixed), groups(totals, fixed, "done")) == (1, {"true": 1})
    job = jobs.create(jobs.new({"id": owner, "team": owner, "priority": 1}), Extent())
    for change in (
        lambda: jobs.update(jobs.key_of(job), {"priority": 2}, Extent(), versions=(2,)),
        lambda: jobs.delete(jobs.key_of(job), Extent(), versions=(2,)),
    ):
        with pytest.raises(PreconditionFailed):
            change()
    assert jobs.totals
    assert groups(jobs.totals, {"team": owner}, "priority") == {"1": 1}
    changed = jobs.update(jobs.key_of(job), {"priority": 2}, Extent(), versions=(1,))
    assert (jobs.version_of(changed), changed.item) == (2, jobs.get(jobs.key_of(job), Extent()).item)
    assert groups(jobs.totals, {"team": owner}, "priority") == {"2": 1}


def test_a_row_that_changes_its_owner_counts_for_the_new_one(jobs: Store, owner: str) -> None:
    assert (totals := jobs.totals)
    job = jobs.create(jobs.new({"id": owner, "team": owner + "a", "priority": 3}), Extent())
    jobs.update(jobs.key_of(job), {"team": owner + "b"}, Extent())
    for team, number in ((owner + "a", 0), (owner + "b", 1)):
        assert (totals.count({"team": team}), totals.sum({"team": team}, "priority").number) == (
            number,
            number,
        )
    jobs.update(jobs.key_of(job), {"team": None}, Extent())
    assert totals.count({"team": owner + "b"}) == 0
    assert totals.count({"team": None}) == 1
    jobs.delete(jobs.key_of(job), Extent())
    assert totals.count({"team": None}) == 0


def test_a_write_that_changes_no_total_reads_nothing_and_is_one_request(
    store: Store, owner: str, extent: Extent, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(store.new({"owner": owner, "id": "1", "done": True}), extent)
    calls: list[str] = []
    call = type(store.table)._call

    def noted(table: Any, operation: str, arguments: Any) -> Any:
        calls.append(operation)
        return call(table, operation, arguments)

    monkeypatch.setattr(type(store.table), "_call", noted)
    store.update(key_of(owner, "1"), {"title": "x"}, extent)
    assert calls == ["UpdateItem"]
    calls.clear()
    store.update(key_of(owner, "1"), {"title": "y", "done": True}, extent)
    assert calls == ["GetItem", "UpdateItem"]


def test_what_was_changed_between_the_read_and_the_write_is_read_again(
    store: Store, totals: KeptTotals, owner: str, extent: Extent, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(store.new({"owner": owner, "id": "1", "done": True}), extent)
    other, get, others = Store(Task, totals), store.get, [{"done": False}, {"done": None}]

    def read(key: Item, extent: Extent) -> Row:
        row = get(key, extent)
        if others:
            other.update(key, others.pop(), extent)
        return row

    monkeypatch.setattr(store, "get", read)
    # What it would change nothing of, had nobody come between.
    store.update(key_of(owner, "1"), {"done": True}, extent)
    assert groups(totals, {"owner": owner}, "done") == {"true": 1}
    others += [{"estimate": 5}, {"done": False}]
    store.delete(key_of(owner, "1"), extent)
    assert told(totals, {"owner": owner}) == counted(store, totals, {"owner": owner})


def test_what_left_the_extent_between_the_read_and_the_write_is_left_alone(
    store: Store, totals: KeptTotals, owner: str, extent: Extent, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create(store.new({"owner": owner, "id": "1", "done": True, "title": "mine"}), extent)
    other, get, others = Store(Task, totals), store.get, [{"title": "theirs"}]

    def read(key: Item, asked: Extent) -> Row:
        row = get(key, asked)
        if others:
            other.update(key, others.pop(), extent)
        return row

    monkeypatch.setattr(store, "get", read)
    mine = Extent.of({"owner": owner}, Test("title", OPERATORS["$eq"], "mine", negated=False))
    with pytest.raises(NotFound):
        store.update(key_of(owner, "1"), {"done": False}, mine)
    assert groups(totals, {"owner": owner}, "done") == {"true": 1}
    # What it does not count may change meanwhile, and the answer shows it.
    others.append({"title": "ours"})
    changed = store.update(key_of(owner, "1"), {"done": False}, extent)
    assert (changed("done"), changed("title")) == (False, "ours")


def test_long_values_stay_apart(store: Store, totals: KeptTotals, owner: str, extent: Extent) -> None:
    long = ["é" * 250, "é" * 600, "é" * 600 + "x", "é" * 600 + "y"]
    store.create(store.new({"owner": owner, "id": "1", "tags": long}), extent)
    store.create(store.new({"owner": owner, "id": "2", "tags": long[2:]}), extent)
    assert dict(totals.groups({"owner": owner}, "tags").values) == dict(zip(long, [1, 1, 2, 2], strict=True))


def collision() -> TransactWriteError:
    reason = CancellationReason(code="TransactionConflict", message="")
    answer = {"Error": {"Code": "TransactionCanceledException"}}
    error = VerboseClientError(answer, "TransactWriteItems", cancellation_reasons=[None, reason])
    return TransactWriteError("", error)


def test_collisions_are_tried_again_and_in_the_end_a_503(
    store: Store, totals: KeptTotals, owner: str, extent: Extent, monkeypatch: pytest.MonkeyPatch
) -> None:
    transact, errors = store.table.transact, [collision() for _ in range(3)]

    def crowded(writes: Any) -> None:
        if errors:
            raise errors.pop()
        transact(writes)

    monkeypatch.setattr(store.table, "transact", crowded)
    store.create(store.new({"owner": owner, "id": "1", "done": True}), extent)
    errors += [collision() for _ in range(3)]
    store.update(key_of(owner, "1"), {"done": False}, extent)
    assert groups(totals, {"owner": owner}, "done") == {"false": 1}
    errors += [collision() for _ in range(1000)]
    with pytest.raises(ServiceUnavailable):
        store.delete(key_of(owner, "1"), extent)
    with pytest.raises(TransactWriteError):  # a 503, too: libs.dynamodb.as_problem
        store.create(store.new({"owner": owner, "id": "2"}), extent)
    assert totals.count({"owner": owner}) == 1


def test_a_transaction_whose_answer_was_lost_counts_once(
    prefix: str, store: Store, totals: KeptTotals, owner: str, extent: Extent
) -> None:
    client = Task._get_connection().connection.client
    lost: list[str] = []

    def send(request: Any, **_: Any) -> None:
        """Send it as it is, and lose the answer."""
        if lost:
            return
        lost.append(json.loads(request.body)["ClientRequestToken"])
        client._endpoint.http_session.send(request)
        raise ReadTimeoutError(endpoint_url=request.url)

    events = client.meta.events
    events.register("before-send.dynamodb.TransactWriteItems", send)
    try:
        store.create(store.new({"owner": owner, "id": "1", "estimate": 5}), extent)
        assert lost
        lost.clear()
        store.update(key_of(owner, "1"), {"estimate": 7}, extent)
    finally:
        events.unregister("before-send.dynamodb.TransactWriteItems", send)
    assert totals.count({"owner": owner}) == 1
    assert totals.sum({"owner": owner}, "estimate").sum == 7


def test_what_changes_too_many_totals_is_refused_with_the_reason(
    store: Store, owner: str, extent: Extent
) -> None:
    row = store.new({"owner": owner, "id": "1", "tags": [str(n) for n in range(MOST_CHANGES)]})
    with pytest.raises(
        InvalidBody, match=f"may change {MOST_CHANGES}: send fewer values at once in done, tags"
    ):
        store.create(row, extent)
    most = MOST_CHANGES - 5  # of the other fields, and of the rows
    store.create(store.new({"owner": owner, "id": "1", "tags": [str(n) for n in range(most)]}), extent)


@pytest.mark.parametrize("number", [1e12, -1e12, 1e-19, 0.0012345678901234567, 1e100])
def test_what_could_not_be_summed_exactly_is_refused_by_its_field(
    store: Store, owner: str, extent: Extent, number: float
) -> None:
    with pytest.raises(InvalidBody) as caught:
        store.create(store.new({"owner": owner, "id": "1", "estimate": number}), extent)
    assert [fault.pointer for fault in caught.value.errors] == ["/estimate"]
    # One that is stored already can be left, and left behind.
    store.table.write(Put(store.new({"owner": owner, "id": "1", "estimate": number}).item))
    totals = store.totals
    assert totals
    with pytest.raises(ValueError, match="/estimate"):
        totals.recount(store.all_rows(extent), {"owner": owner})
    store.update(key_of(owner, "1"), {"done": True}, extent)
    store.update(key_of(owner, "1"), {"estimate": 2}, extent)
    assert totals.sum({"owner": owner}, "estimate").sum == 2


@given(st.integers(), st.integers(-40, 20))
def test_sums_of_what_is_summable_have_38_digits_at_most(digits: int, exponent: int) -> None:
    number = Decimal(digits).scaleb(exponent, Context(prec=200))
    if is_summable(number):
        assert Fraction(number) * 10**18 % 1 == 0
        assert abs(Fraction(number)) * 10**18 * 10**8 < 10**38


def test_rows_from_before_are_counted_by_a_recount(store: Store, totals: KeptTotals, owner: str) -> None:
    fixed = {"owner": owner}
    store.create(store.new({"owner": owner, "id": "0", "tags": ["gone"]}), Extent())
    store.delete(key_of(owner, "0"), Extent())
    with Task.batch_write() as batch:
        for number in range(30):
            batch.save(Task(owner, str(number), done=number % 3 == 0, estimate=number))
        batch.save(Task(owner + "2", "1"))
    assert totals.count(fixed) == 0
    assert totals.recount(store.all_rows(Extent.of(fixed)), fixed) == 30
    assert told(totals, fixed) == counted(store, totals, fixed)
    # Also of what is there no more.
    assert totals.groups(fixed, "tags").examined == 1
    with pytest.raises(ValueError, match="none of the rows"):
        totals.recount(store.all_rows(Extent.of({"owner": owner + "2"})), fixed)


def test_rows_found_by_an_index_only_are_recounted_by_what_is_stored(jobs: Store, owner: str) -> None:
    assert jobs.totals
    Job(owner, team=owner, priority=1).save()
    assert jobs.totals.recount(jobs.all_rows(Extent.of({"team": owner})), {"team": owner}) == 1
    assert groups(jobs.totals, {"team": owner}, "priority") == {"1": 1}


def test_groups_are_bounded(store: Store, totals: KeptTotals, owner: str, extent: Extent) -> None:
    for number in range(12):
        store.create(store.new({"owner": owner, "id": str(number), "tags": [str(number)]}), extent)
    found = totals.groups({"owner": owner}, "tags", most=10)
    assert (len(found.values), found.exact, found.examined) == (10, False, 10)
    assert totals.groups({"owner": owner}, "tags", most=13).exact


def test_everyones_rows_are_counted_together(prefix: str, owner: str) -> None:
    totals = Totals(counts=("done",)).check(Task, Everyone())
    assert totals.fixed_by(TRUE) == {}
    store = Store(Task, totals)
    before = totals.count({})
    for number in range(3):
        store.create(store.new({"owner": owner + str(number), "id": "1"}), Extent())
    # Other tests write tasks, too, and count them elsewhere.
    assert totals.count({}) == before + 3


def test_totals_answer_for_what_the_scope_fixes_and_nothing_else(totals: KeptTotals) -> None:
    own, done = Extent.of({"owner": "ann"}).expression, Extent.of({"done": True}).expression
    other = Test("owner", OPERATORS["$ne"], "ann", negated=True)
    assert totals.fixed_by(own) == {"owner": "ann"}
    for wanted in (TRUE, done, all_of(own, done), all_of(own, Exists("owner", wanted=True)), other):
        assert totals.fixed_by(wanted) is None


@pytest.mark.parametrize(
    ("totals", "model", "scope", "message"),
    [
        (Totals(counts=("none",)), Task, Everyone(), "Task has no attribute 'none'"),
        (Totals(sums=("none",)), Task, Everyone(), "Task has no attribute 'none'"),
        (Totals(sums=("title",)), Task, Everyone(), "Task.title cannot be summed"),
        (Totals(counts=("place",)), Session, Everyone(), "Session.place cannot be counted"),
        (Totals(counts=("things",)), Session, Everyone(), "Session.things cannot be counted"),
        (Totals(), Fading, Everyone(), "Fading.expires: .*TTL"),
        (Totals(), Task, Within(lambda caller: {}), "Within"),
        (Totals(), Task, OwnedBy("tags"), "Task.tags must be"),
        (Totals(), Task, OwnedBy("none"), "Task has no attribute 'none'"),
    ],
)
def test_what_cannot_be_kept_is_told_at_the_start(
    totals: Totals, model: type[Model], scope: Scope, message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        totals.check(model, scope)


raw_values = st.one_of(
    st.just(None),
    st.booleans().map(lambda value: {"BOOL": value}),
    st.text().map(lambda value: {"S": value}),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda value: {"N": json.dumps(value)}),
    st.integers(-(10**37), 10**37).map(lambda value: {"N": json.dumps(value)}),
)


@given(raw_values, raw_values)
def test_two_values_have_one_token_only_if_they_are_equal(one: Any, other: Any) -> None:
    def identity(raw: Any) -> Any:
        ((kind, value),) = (raw or {"NULL": True}).items()
        return kind, Decimal(value) if kind == "N" else value

    assert (token_of(one) == token_of(other)) == (identity(one) == identity(other))


def test_equal_numbers_have_one_token() -> None:
    assert len({token_of({"N": text}) for text in ("5", "5.0", "5e0", "0.5e1", "+5", "50E-1")}) == 1
    assert {token_of({"N": text}) for text in ("0", "-0", "0.00")} == {"0"}
    assert token_of({"N": "1" * 38}) != token_of({"N": "1" * 37 + "2"})


def test_other_errors_go_on(
    store: Store, owner: str, extent: Extent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        answer = {"Error": {"Code": "ValidationException", "Message": ""}}
        raise TransactWriteError("", VerboseClientError(answer, "TransactWriteItems"))

    store.create(store.new({"owner": owner, "id": "1"}), extent)
    monkeypatch.setattr(store.table, "transact", broken)
    for write in (
        lambda: store.create(store.new({"owner": owner, "id": "2"}), extent),
        lambda: store.update(key_of(owner, "1"), {"done": True}, extent),
        lambda: store.delete(key_of(owner, "1"), extent),
    ):
        with pytest.raises((TransactWriteError, ClientError)):
            write()
