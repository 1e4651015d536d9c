"""Rows that are created for a request with an Idempotency-Key: once, whatever becomes of its attempts."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from libs.api import HeldKey, IdempotencyRecord
from libs.api.idempotency.records import hold_key, holding
from libs.dynamodb import Item, Table
from libs.errors import Conflict, NotFound
from libs.resource import Create, Delete, Everyone, ModelResource, after, before
from libs.resource.tests.conftest import Made
from libs.resource.tests.rows import bindings, restore, tables
from libs.resource.tests.test_resent import lost


class Leaf(Model):
    """Has an id that is another one each time."""

    class Meta:
        table_name = "leaves"

    id = UnicodeAttribute(hash_key=True, default_for_new=lambda: uuid.uuid4().hex)
    text = UnicodeAttribute()


TOLD: list[str] = []


class Leaves(Create, Delete, ModelResource):
    model = Leaf
    scope = Everyone()
    read_only = ("id",)

    @before("create")
    def texts_are_told_apart(self, values: dict[str, Any]) -> None:
        if values["text"] in (one.text for one in Leaf.scan()):
            raise Conflict("There is one with this text.")

    @after("create")
    def tell(self, values: dict[str, Any]) -> None:
        TOLD.append(values["text"])


@pytest.fixture(scope="module")
def bound() -> Iterator[Any]:
    with tables(Leaf, IdempotencyRecord):
        yield bindings([Leaf, IdempotencyRecord])


@pytest.fixture
def leaves(make: Made, bound: Any) -> Any:
    restore(bound)
    return make(Leaves)


Attempt = Callable[[], HeldKey]


@pytest.fixture
def attempt(leaves: Any) -> Attempt:
    """Begin an attempt at a request; the one before it is as good as killed."""
    request = uuid.uuid4().hex

    def attempt() -> HeldKey:
        for record in IdempotencyRecord.query("ada"):
            record.update(actions=[IdempotencyRecord.lease_until.set(0)])
        made = hold_key("ada", request, "the same")
        assert isinstance(made, HeldKey)
        return made

    return attempt


def create(leaves: Any, held: HeldKey, *texts: str) -> list[str]:
    """Create a row for each text; return their ids."""
    with holding(held):
        return [leaves.create({"text": text}, None).body("id") for text in texts]


def stored(*texts: str) -> list[str]:
    return sorted(one.text for one in Leaf.scan() if one.text in texts)


def test_each_row_is_created_once_and_in_its_order(leaves: Any, attempt: Attempt, key: str) -> None:
    texts = [f"{key} {number}" for number in range(3)]
    first = create(leaves, attempt(), *texts[:2])
    second = create(leaves, attempt(), *texts)
    assert second[:2] == first
    assert create(leaves, attempt(), *texts) == second
    assert stored(*texts) == texts
    with pytest.raises(Conflict, match="with this text"):  # so the hook was left out for those
        create(leaves, hold_key("eve", key, ""), texts[0])  # type: ignore[arg-type]
    assert TOLD[-8:] == [*texts[:2], *texts, *texts]


def test_an_attempt_that_others_took_over_creates_nothing(leaves: Any, attempt: Attempt, key: str) -> None:
    slow = attempt()
    create(leaves, attempt(), key)
    with pytest.raises(Conflict) as caught:
        create(leaves, slow, f"{key} late")
    assert (caught.value.code, stored(key, f"{key} late")) == ("IDEMPOTENCY_KEY_IN_USE", [key])


def test_a_row_stored_while_its_key_is_taken_over_is_found(
    leaves: Any, attempt: Attempt, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, ids = attempt(), []
    get = Table.get

    def store_after(self: Table, of: Item, **options: Any) -> Any:
        found = get(self, of, **options)
        if self.name == IdempotencyRecord.Meta.table_name and not ids:
            ids.extend(create(leaves, late, key))
        return found

    monkeypatch.setattr(Table, "get", store_after)
    assert create(leaves, attempt(), key) == ids
    assert stored(key) == [key]


def test_rows_that_are_marked_are_known_when_the_key_is_free_again(
    leaves: Any, attempt: Attempt, key: str
) -> None:
    failed = attempt()
    made = create(leaves, failed, key)
    failed.release()
    assert create(leaves, attempt(), key) == made


def test_a_row_that_is_gone_since_is_not_created_again(leaves: Any, attempt: Attempt, key: str) -> None:
    (made,) = create(leaves, attempt(), key)
    leaves.delete(made, None)
    with pytest.raises(NotFound):
        create(leaves, attempt(), key)
    assert stored(key) == []


def test_one_whose_answer_was_lost_is_created_once(leaves: Any, attempt: Attempt, key: str) -> None:
    with lost(Leaf, "TransactWriteItems"):
        made = create(leaves, attempt(), key)
    assert create(leaves, attempt(), key) == made
    assert stored(key) == [key]
