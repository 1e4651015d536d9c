"""Writes that happen together or not at all."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from pynamodb.exceptions import TransactWriteError

from libs.dynamodb import as_problem, current_transaction
from libs.dynamodb.transaction import MAX_ITEMS
from libs.errors import Conflict, ServiceUnavailable

TAKEN = Conflict("This e-mail is taken.", code="EMAIL_TAKEN")


@pytest.fixture
def account(database, models):
    return models[0]


def emails(account):
    return {one.email for one in account.scan(consistent_read=True)}


def commit(transaction):
    """End the block of `transaction`."""
    with transaction:
        pass


@pytest.fixture
def sent(database, monkeypatch):
    """Every call to DynamoDB that would write a transaction; they go through."""
    calls, send = [], database.connection.transact_write_items
    monkeypatch.setattr(
        database.connection, "transact_write_items", lambda **items: calls.append(items) or send(**items)
    )
    return calls


def test_all_writes_of_a_block_are_stored_at_its_end(database, models, sent):
    account, entry = models
    with database.transaction() as transaction:
        transaction.create(account("ada@x.test", name="Ada"))
        transaction.save(entry("ada@x.test", "1"))
        assert sent == []
        assert emails(account) == set()
    assert len(sent) == 1
    assert account.get("ada@x.test").name == "Ada"
    assert entry.get("ada@x.test", "1")


def test_one_write_that_is_refused_takes_all_others_with_it(database, account):
    account("ada@x.test", name="first").save()
    transaction = database.transaction()
    transaction.create(account("bob@x.test"))
    transaction.create(account("ada@x.test", name="second"), conflict=TAKEN)
    transaction.save(account("eve@x.test"))
    with pytest.raises(Conflict):
        commit(transaction)
    assert emails(account) == {"ada@x.test"}
    assert account.get("ada@x.test").name == "first"


def test_the_conflict_of_the_refused_item_is_raised(database, account):
    account("ada@x.test").save()
    other = Conflict(code="OTHER")
    transaction = database.transaction()
    transaction.create(account("bob@x.test"), conflict=other)
    transaction.create(account("ada@x.test"), conflict=TAKEN)
    with pytest.raises(Conflict) as caught:
        commit(transaction)
    assert caught.value is TAKEN
    assert isinstance(caught.value.__cause__, TransactWriteError)


def test_an_update_and_a_put_keep_their_conflicts_apart(database, account):
    gone, no = Conflict(code="GONE"), Conflict(code="NO")
    transaction, there = database.transaction(), account.email.exists()
    # PynamoDB sends the put first, though it comes second here.
    transaction.update(account("ada@x.test"), [account.logins.add(1)], condition=there, conflict=gone)
    transaction.create(account("bob@x.test"), conflict=no)
    with pytest.raises(Conflict) as caught:
        commit(transaction)
    assert caught.value is gone


def test_a_refused_write_without_a_conflict_raises_what_dynamodb_says(database, account):
    account("ada@x.test").save()
    with pytest.raises(TransactWriteError) as caught, database.transaction() as transaction:
        transaction.create(account("ada@x.test"))
    assert caught.value.cancellation_reasons[0].code == "ConditionalCheckFailed"
    assert as_problem(caught.value) is None


numbers = itertools.count()


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.sampled_from(["create", "save", "update"]), st.booleans()), min_size=1, max_size=8)
)
def test_the_reasons_of_a_cancellation_come_in_the_order_of_the_conflicts(database, account, writes):
    run, conflicts = next(numbers), []
    transaction = database.transaction()
    for number, (kind, refuse) in enumerate(writes):
        item = account(f"{run}-{number}@x.test")
        if refuse and kind == "create":
            item.save()
        exists = account.email.exists() if refuse else account.email.does_not_exist()
        problem = Conflict(code=f"ITEM_{number}")
        if kind == "create":
            transaction.create(item, conflict=problem)
        elif kind == "save":
            transaction.save(item, condition=exists, conflict=problem)
        else:
            transaction.update(item, [account.logins.set(1)], condition=exists, conflict=problem)
        if refuse:
            conflicts.append((kind == "update", number, problem))
    if not conflicts:
        commit(transaction)
        return
    with pytest.raises(Conflict) as caught:
        commit(transaction)
    assert caught.value is min(conflicts)[2], "puts before updates, each in the order they were made"


def test_an_update_changes_what_it_names_and_no_more(database, account):
    account("ada@x.test", name="Ada").save()
    with database.transaction() as transaction:
        transaction.update(account("ada@x.test"), [account.logins.add(2)])
    found = account.get("ada@x.test")
    assert (found.name, found.logins) == ("Ada", 2)


def test_nothing_is_sent_when_the_block_raises(database, account, sent):
    called = []
    transaction = database.transaction()
    transaction.create(account("ada@x.test"))
    transaction.after_commit(lambda: called.append(1))
    with pytest.raises(ZeroDivisionError), transaction:
        _ = 1 / 0
    assert (sent, called, current_transaction()) == ([], [], None)
    assert emails(account) == set()


def test_nothing_is_sent_for_a_block_that_writes_nothing(database, sent):
    called = []
    with database.transaction() as transaction:
        transaction.after_commit(lambda: called.append(1))
    assert (sent, called) == ([], [1])


def test_calls_after_the_commit_run_in_order_when_all_is_stored(database, account):
    seen = []
    with database.transaction() as transaction:
        transaction.after_commit(lambda: seen.append(("first", emails(account), current_transaction())))
        transaction.after_commit(lambda: seen.append("second"))
        transaction.create(account("ada@x.test"))
        assert seen == []
    assert seen == [("first", {"ada@x.test"}, None), "second"]


def test_calls_after_the_commit_do_not_run_when_it_failed(database, account):
    account("ada@x.test").save()
    called = []
    transaction = database.transaction()
    transaction.create(account("ada@x.test"), conflict=TAKEN)
    transaction.after_commit(lambda: called.append(1))
    with pytest.raises(Conflict):
        commit(transaction)
    assert called == []


def test_the_transaction_is_current_inside_its_block_only(database):
    assert current_transaction() is None
    with database.transaction() as transaction:
        assert current_transaction() is transaction
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(current_transaction).result() is None
    assert current_transaction() is None


def test_transactions_do_not_nest(database, account):
    with database.transaction() as outer:
        outer.create(account("ada@x.test"))
        with pytest.raises(RuntimeError, match="do not nest"), database.transaction():
            pass
        assert current_transaction() is outer
    assert emails(account) == {"ada@x.test"}


def test_a_hundred_items_fit_and_one_more_does_not(database, account, sent):
    with database.transaction() as transaction:
        for number in range(MAX_ITEMS):
            transaction.create(account(f"{number}@x.test"))
    assert len(emails(account)) == MAX_ITEMS == 100
    sent.clear()
    transaction = database.transaction()
    for number in range(60):
        transaction.create(account(f"new-{number}@x.test"))
    for number in range(41):
        transaction.update(account(f"{number}@x.test"), [account.logins.set(1)])
    with pytest.raises(ValueError, match="at most 100 items, not 101"):
        commit(transaction)
    assert sent == []


def test_another_writer_on_the_same_item_is_a_503(database, account, monkeypatch):
    # DynamoDB Local never reports this reason: it lets transactions wait for each other.
    reasons = [{"Code": "None"}, {"Code": "TransactionConflict"}]
    answer = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}

    def conflict(*args, **kwargs):
        raise ClientError(answer, "TransactWriteItems")

    transaction = database.transaction()
    transaction.create(account("ada@x.test"), conflict=TAKEN)
    transaction.create(account("bob@x.test"), conflict=TAKEN)
    monkeypatch.setattr(database.connection.client, "_make_api_call", conflict)
    with pytest.raises(TransactWriteError) as caught:
        commit(transaction)
    assert isinstance(as_problem(caught.value), ServiceUnavailable)
