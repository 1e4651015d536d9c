"""Rows that are created for a request with an Idempotency-Key: once, whatever becomes of its attempts."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from libs.api import Claim, IdempotencyRecord
from libs.api.idempotency.records import claim, holding
from libs.errors import Conflict, NotFound
from libs.resource import Create, Delete, Everyone, ModelResource
from libs.resource.tests.conftest import Made
from libs.resource.tests.rows import bindings, restore, tables
from libs.resource.tests.test_resent import lost


class Leaf(Model):
    """Has an id that is another one each time."""

    class Meta:
        table_name = "leaves"

    id = UnicodeAttribute(hash_key=True, default_for_new=lambda: uuid.uuid4().hex)
    text = UnicodeAttribute()


class Leaves(Create, Delete, ModelResource):
    model = Leaf
    scope = Everyone()
    read_only = ("id",)


@pytest.fixture(scope="module")
def bound() -> Iterator[Any]:
    with tables(Leaf, IdempotencyRecord):
        yield bindings([Leaf, IdempotencyRecord])


@pytest.fixture
def leaves(make: Made, bound: Any) -> Any:
    restore(bound)
    return make(Leaves)


Attempt = Callable[[], Claim]


@pytest.fixture
def attempt(leaves: Any) -> Attempt:
    """Begin an attempt at a request; the one before it is as good as killed."""
    request = uuid.uuid4().hex

    def attempt() -> Claim:
        for record in IdempotencyRecord.query("ada"):
            record.update(actions=[IdempotencyRecord.lease_until.set(0)])
        made = claim("ada", request, "the same")
        assert isinstance(made, Claim)
        return made

    return attempt


def create(leaves: Any, held: Claim, *texts: str) -> list[str]:
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
    assert create(leaves, claim("eve", key, ""), *texts) != second  # type: ignore[arg-type]


def test_an_attempt_that_others_took_over_creates_nothing(leaves: Any, attempt: Attempt, key: str) -> None:
    slow = attempt()
    create(leaves, attempt(), key)
    with pytest.raises(Conflict) as caught:
        create(leaves, slow, key)
    assert (caught.value.code, stored(key)) == ("IDEMPOTENCY_KEY_IN_USE", [key])


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
