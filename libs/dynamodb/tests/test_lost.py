"""Writes whose answers are lost: done once, and told as done."""

import contextlib
import itertools
import os
import uuid

import pytest
from botocore.exceptions import ReadTimeoutError
from pynamodb.attributes import (
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    VersionAttribute,
)
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.expressions.operand import Path
from pynamodb.models import Model

from libs.dynamodb import Change, ConditionFailed, Put, Remove, Table, is_condition_failure
from libs.dynamodb.lost import needs_token, update_was_done
from libs.resilience import CircuitBreaker, RetryBudget

MANY = int(os.environ.get("WRITES", "60"))
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems")


class Claim(Model):
    class Meta:
        table_name = "claims"

    id = UnicodeAttribute(hash_key=True)
    holder = UnicodeAttribute(null=True)
    count = NumberAttribute(default=0)
    other = NumberAttribute(null=True)
    log = ListAttribute(default=list)
    tags = UnicodeSetAttribute(null=True)


class Page(Model):
    class Meta:
        table_name = "pages"

    id = UnicodeAttribute(hash_key=True)
    text = UnicodeAttribute(null=True)
    left = NumberAttribute(null=True)
    least = NumberAttribute(null=True)
    first = NumberAttribute(null=True)
    log = ListAttribute(null=True)
    version = VersionAttribute()


@pytest.fixture(scope="module")
def stored(module_database):
    return module_database(Claim, Page)


@pytest.fixture
def losing(stored):
    """Lose the answer to each n-th write that is sent, from the n-th on.

    All are done; or those are not, but ``instead`` is called.
    """
    connection = stored.connection
    connection.calls.budget = RetryBudget(share=1.0)
    connection.calls.breaker = CircuitBreaker(least=10**9)
    client = connection.client

    @contextlib.contextmanager
    def lose(each=1, most=None, instead=None):
        sent, lost = itertools.count(1), []

        def send(request, **_):
            if next(sent) % each == 0 and (most is None or len(lost) < most):
                lost.append(request)
                if instead is None:
                    client._endpoint.http_session.send(request)
                else:
                    instead()
                raise ReadTimeoutError(endpoint_url=request.url)

        for operation in WRITES:
            client.meta.events.register(f"before-send.dynamodb.{operation}", send)
        try:
            yield lost
        finally:
            for operation in WRITES:
                client.meta.events.unregister(f"before-send.dynamodb.{operation}", send)
        assert lost, "nothing was lost, and the test shows nothing"

    return lose


@pytest.fixture
def key():
    return uuid.uuid4().hex


def test_a_versioned_save_is_told_as_done(losing, key):
    page = Page(key, text="a")
    with losing(most=1):
        page.save()
    assert (page.version, Page.get(key).version) == (1, 1)
    page.text = "b"
    with losing(most=1):
        page.save()
    assert (page.version, Page.get(key).text) == (2, "b")
    with losing(most=1):
        page.update([Page.text.set("c")])
    assert (page.version, page.text) == (3, "c")


def test_a_versioned_save_after_anothers_is_a_conflict_still(losing, key):
    Page(key, text="a").save()
    mine, other = Page.get(key), Page.get(key)
    other.text = mine.text = "b"
    other.save()
    mine.text = "c"
    with losing(most=1), pytest.raises(PutError) as caught:
        mine.save()
    assert is_condition_failure(caught.value)
    with losing(most=1), pytest.raises(UpdateError) as caught:
        mine.update([Page.text.set("c")])
    assert is_condition_failure(caught.value)
    assert Page.get(key).text == "b"


COMPUTED = [
    Page.left.set(Page.left - 1),
    Page.left.add(-1),
    Page.log.set(Page.log.append(["mine"])),
    Page.left.set(Page.least),
    Page.first.set(Page.first | 7),
]


@pytest.mark.parametrize("action", COMPUTED, ids=str)
def test_what_was_not_done_is_not_told_as_done_for_anothers_version(losing, key, action):
    Page(key, left=5, least=2, log=[]).save()
    mine, other = Page.get(key), Page.get(key)

    def count_on():
        other.update([Page.text.set("b")])

    with losing(most=1, instead=count_on), pytest.raises(UpdateError) as caught:
        mine.update([action])
    assert is_condition_failure(caught.value)
    page = Page.get(key)
    assert (page.version, page.text, page.left, page.log, page.first) == (2, "b", 5, [], None)


@pytest.mark.parametrize("action", COMPUTED, ids=str)
def test_what_was_computed_is_told_as_done(losing, key, action):
    page = Page(key, left=5, least=2, log=[])
    page.save()
    with losing(most=1):
        page.update([action])
    again = Page.get(key)
    assert page.version == again.version == 2
    made = {"left": again.left, "log": again.log, "first": again.first}
    assert made in (
        {"left": 5, "log": [], "first": None} | one
        for one in ({"left": 4}, {"log": ["mine"]}, {"left": 2}, {"first": 7})
    )


def test_what_counts_is_counted_once(losing, key):
    claim = Claim(key)
    claim.save()
    with losing(most=1):
        claim.update([Claim.count.add(1)])
    assert claim.count == 1
    with losing(most=1):
        claim.update([Claim.count.set(Claim.count + 1)], condition=Claim.id.exists())
    with losing(most=1):
        claim.update([Claim.log.set(Claim.log.append(["x"]))])
    assert (claim.count, claim.log) == (2, ["x"])
    assert Claim.get(key).count == 2


def test_what_counts_is_refused_as_any_other_update(losing, key):
    Claim(key).save()
    for condition in (Claim.id.does_not_exist(), Claim.count == 7):
        with pytest.raises(UpdateError) as caught:
            Claim(key).update([Claim.log.set(Claim.log.append(["x"]))], condition=condition)
        assert is_condition_failure(caught.value)


def test_an_update_without_a_condition_is_done_again(losing, key):
    claim = Claim(key, tags={"a"})
    claim.save()
    with losing(most=1):
        claim.update([Claim.holder.set("me"), Claim.tags.add({"b"})])
    assert (claim.holder, claim.tags) == ("me", {"a", "b"})


def test_a_claim_that_says_whose_it_is_is_told_as_ones_own(losing, key):
    Claim(key).save()
    me = uuid.uuid4().hex
    claim = Claim(key)
    with losing(most=1):
        claim.update([Claim.holder.set(me)], condition=Claim.holder.does_not_exist())
    assert claim.holder == me
    with losing(most=1):
        claim.update([Claim.holder.remove(), Claim.log.set([me])], condition=Claim.holder == me)
    with losing(most=1), pytest.raises(UpdateError):  # its list could be anybody's: it is not told as done
        claim.update([Claim.log.set([])], condition=Claim.log == [me])


def test_a_flag_is_no_claim(losing, key):
    """Two that set it at the same moment would both have it."""
    Claim(key).save()
    with losing(most=1), pytest.raises(UpdateError):
        Claim(key).update([Claim.holder.set("taken")], condition=Claim.holder.does_not_exist())


def test_a_claim_of_another_stays_anothers(losing, key):
    Claim(key, holder=uuid.uuid4().hex).save()
    with losing(most=1), pytest.raises(UpdateError):
        Claim(key).update([Claim.holder.set(uuid.uuid4().hex)], condition=Claim.holder.does_not_exist())
    with losing(most=1), pytest.raises(UpdateError):
        Claim(key + "x").update([Claim.holder.set(uuid.uuid4().hex)], condition=Claim.id.exists())


def test_an_item_that_is_there_already_is_a_conflict_unless_it_is_the_same(losing, key):
    table = Table(Claim)
    absent = Path("id").does_not_exist()
    item = {"id": {"S": key}, "count": {"N": "1.0"}, "tags": {"SS": ["b", "a"]}}
    with losing(most=1):
        table.write(Put(item, absent))
    with pytest.raises(ConditionFailed):
        table.write(Put(item, absent))
    with losing(most=1), pytest.raises(ConditionFailed):
        table.write(Put({**item, "count": {"N": "2"}}, absent))
    with losing(most=1), pytest.raises(PutError):
        Claim(key).save(Claim.id.does_not_exist())


def test_under_a_key_of_ones_own_whatever_is_there_is_ones_own(losing, key):
    """As of an operation that a worker has begun with before its writer has heard that it is stored."""
    table, absent = Table(Claim), Path("id").does_not_exist()
    one, other = ({"id": {"S": key}, "count": {"N": number}} for number in "12")
    table.write(Put(one))
    with losing(most=1):
        assert table.write(Put(other, absent, own_key=True)) is None
    with pytest.raises(ConditionFailed):  # its answer was not lost
        table.write(Put(other, absent, own_key=True))
    with losing(most=1), pytest.raises(ConditionFailed):
        table.write(Put(other, absent))


def test_a_deletion_is_told_as_done_where_the_item_was_seen(losing, key):
    table, there, item = Table(Claim), Path("id").exists(), {"id": {"S": key}, "holder": {"S": "a"}}
    table.write(Put(item))
    with losing(most=1):
        assert table.write(Remove({"id": {"S": key}}, there, seen=item)) == item
    table.write(Put(item))
    with losing(most=1), pytest.raises(ConditionFailed):
        table.write(Remove({"id": {"S": key}}, there))  # it may never have been there
    table.write(Put({**item, "holder": {"S": "b"}}))
    with losing(most=1), pytest.raises(ConditionFailed):
        table.write(Remove({"id": {"S": key}}, Path("holder") == "a", seen=item))
    assert table.get({"id": {"S": key}})[0] is not None


def test_a_change_that_makes_a_whole_item_is_told_by_it(losing, key):
    table, place = Table(Claim), {"id": {"S": key}}
    free, take = Path("holder").does_not_exist(), [Path("holder").set("a")]
    for makes, done in (({**place, "holder": {"S": "a"}}, True), ({**place, "holder": {"S": "b"}}, False)):
        table.write(Put(place))
        with losing(most=1), contextlib.nullcontext() if done else pytest.raises(ConditionFailed):
            assert table.write(Change(place, take, free, makes)) == makes


def test_a_change_returns_what_it_made_of_the_item(losing, key):
    table = Table(Page)
    Page(key, text="a").save()
    change = Change({"id": {"S": key}}, [Path("text").set("b"), Path("version").add(1)], Path("version") == 1)
    with losing(most=1):
        assert table.write(change) == {"id": {"S": key}, "text": {"S": "b"}, "version": {"N": "2"}}


@pytest.mark.parametrize("kind", ["save", "update", "create", "counter", "delete"])
def test_of_many_writes_none_is_doubled_and_none_refused(losing, key, kind):
    """Every tenth answer is lost. ``WRITES=500`` for more of each kind."""
    page, claim, refused = Page(key), Claim(key), []
    page.save()
    claim.save()
    with losing(each=10) as lost:
        for number in range(MANY):
            try:
                if kind == "save":
                    page.text = str(number)
                    page.save()
                elif kind == "update":
                    page.update([Page.text.set(str(number))])
                elif kind == "create":
                    Claim(f"{key}-{number}").save(Claim.id.does_not_exist())
                elif kind == "counter":
                    claim.update([Claim.count.add(1)])
                else:
                    Claim(f"{key}-{number}").delete()
            except (PutError, UpdateError) as error:
                refused.append(error)
    assert len(lost) >= MANY // 10
    assert refused == []
    if kind in ("save", "update"):
        assert (Page.get(key).version, Page.get(key).text) == (MANY + 1, str(MANY - 1))
    elif kind == "counter":
        assert Claim.get(key).count == MANY


@pytest.mark.parametrize(
    ("actions", "condition", "token"),
    [
        ([Claim.count.add(1)], None, True),
        ([Claim.count.add(1)], Claim.id.exists(), True),
        ([Claim.count.add(1)], Claim.count == 3, False),
        ([Claim.count.add(1)], (Claim.count == 3) | (Claim.count == 4), True),
        ([Claim.count.add(1)], Claim.count.is_in(3, 4), True),
        ([Claim.count.add(1), Claim.holder.set("b")], Claim.holder == "a", False),
        ([Claim.count.add(1), Claim.holder.set("a")], Claim.holder == "a", True),
        ([Claim.count.add(1), Claim.holder.remove()], Claim.holder == "a", False),
        ([Claim.count.set(Claim.count - 1)], None, True),
        ([Claim.log.set(Claim.log.prepend(["x"]))], None, True),
        ([Claim.count.set(5)], None, False),
        ([Claim.tags.add({"x"})], None, False),
        ([Claim.tags.delete({"x"})], None, False),
        ([Claim.holder.remove()], None, False),
        ([Claim.count.add(1), Claim.other.add(1)], Claim.count == 3, True),
        ([Claim.count.add(1), Claim.log.set(Claim.log.append(["x"]))], Claim.count == 3, True),
        ([Claim.count.add(1), Claim.other.set(Claim.count)], Claim.count == 3, True),
        ([Claim.count.add(1), Claim.other.set(Claim.other | 5)], Claim.count == 3, True),
        ([Claim.count.set(Claim.other + 1)], Claim.count == 3, True),
        ([Claim.count.add(1), Claim.other.set(5), Claim.tags.add({"x"})], Claim.count == 3, False),
        ([Claim.other.set(Claim.count)], Claim.id.exists(), False),
    ],
)
def test_what_needs_a_token(actions, condition, token):
    assert needs_token(actions, condition) is token


OWN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("actions", "condition", "item", "done"),
    [
        ([Claim.holder.set(OWN)], None, {"holder": {"S": OWN}}, True),
        ([Claim.holder.set(OWN)], None, None, False),
        ([Claim.holder.set(OWN)], None, {"holder": {"S": OWN[1:]}}, False),
        ([Claim.holder.set(OWN[1:])], None, {"holder": {"S": OWN[1:]}}, False),
        ([Claim.holder.set(OWN)], Claim.count == 1, {"holder": {"S": OWN}, "count": {"N": "1.0"}}, True),
        ([Claim.holder.set(OWN)], Claim.count == 1, {"holder": {"S": OWN}, "count": {"N": "2"}}, False),
        ([Claim.holder.set(OWN), Claim.log.remove()], None, {"holder": {"S": OWN}}, True),
        ([Claim.holder.set(OWN), Claim.log.remove()], None, {"holder": {"S": OWN}, "log": {"L": []}}, False),
        ([Claim.count.add(2)], Claim.count == 1, {"count": {"N": "3"}}, True),
        ([Claim.count.add(2)], Claim.count == 1, {"count": {"N": "5"}}, False),
        ([Claim.count.add(2)], Claim.count.is_in(1, 4), {"count": {"N": "6"}}, True),
        ([Claim.count.set(Claim.count - 2)], Claim.count == 1, {"count": {"N": "-1"}}, True),
        ([Claim.count.add(2)], None, {"count": {"N": "3"}}, False),
        ([Claim.count.add(2)], Claim.count == 1, {}, False),
        ([Claim.count.add(2), Claim.other.add(1)], Claim.count == 1, {"count": {"N": "3"}}, False),
        ([Claim.count.add(2), Claim.other.set(Claim.count)], Claim.count == 1, {"count": {"N": "3"}}, False),
        (
            [Claim.count.add(2), Claim.other.add(1), Claim.holder.set(OWN)],
            Claim.count == 1,
            {"count": {"N": "3"}, "holder": {"S": OWN}},
            True,
        ),
        ([Claim.tags.add({"a"}), Claim.holder.set(OWN)], None, {"holder": {"S": OWN}}, False),
        ([Claim.tags.delete({"a"}), Claim.holder.set(OWN)], None, {"holder": {"S": OWN}}, True),
        (
            [Claim.tags.delete({"a"}), Claim.holder.set(OWN)],
            None,
            {"holder": {"S": OWN}, "tags": {"SS": ["a"]}},
            False,
        ),
        ([Claim.log[0].set(OWN)], None, {"log": {"L": [{"S": OWN}]}}, False),
    ],
)
def test_what_shows_that_an_update_was_done(actions, condition, item, done):
    assert update_was_done(item, actions, condition) is done
