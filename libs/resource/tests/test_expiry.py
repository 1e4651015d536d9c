"""Times to live are stored in whole seconds, and asked for by any moment."""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.models import Model

from libs.dynamodb import Put
from libs.errors import NotFound
from libs.jwt import Caller
from libs.resource import Within
from libs.resource.query.condition import condition_for, filter_for, settled
from libs.resource.query.where import FALSE, TRUE, WhereParser
from libs.resource.schema.fields import Expiry
from libs.resource.store.row import Row
from libs.resource.store.store import Store
from libs.resource.tests.conftest import Made
from libs.resource.tests.library import NoteResource
from libs.resource.tests.rows import tables

PARSER = WhereParser({"expires": Expiry()})
SECONDS = range(4)
BASE = 2_000_000_000


class Lease(Model):
    class Meta:
        table_name = "leases"

    id = UnicodeAttribute(hash_key=True)
    text = UnicodeAttribute(null=True)
    expires = TTLAttribute(null=True)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with tables(Lease):
        made = Store(Lease)
        for second in SECONDS:
            made.table.write(Put({"id": {"S": str(second)}, "expires": {"N": str(BASE + second)}}))
        made.table.write(Put({"id": {"S": "none"}}))
        yield made


def at(second: float) -> str:
    """Return so many seconds after `BASE`, which is 03:33:20."""
    return f"2033-05-18T03:33:{20 + second:06.3f}Z"


MOMENTS = [at(one) for one in (0.5, 1, 1.5, 2.001)]
ASKED: list[Any] = [
    *({sign: one} for sign in ("$eq", "$ne", "$lt", "$lte", "$gt", "$gte") for one in MOMENTS),
    *({"$between": list(pair)} for pair in product(MOMENTS, MOMENTS) if pair[0] <= pair[1]),
    *({sign: operands} for sign in ("$in", "$nin") for operands in (MOMENTS, MOMENTS[:1])),
]


@pytest.mark.parametrize("asked", [*ASKED, *({"$not": one} for one in ASKED)], ids=json.dumps)
def test_a_condition_holds_for_the_rows_that_are_found(store: Store, asked: Any) -> None:
    expression = PARSER.read({"expires": asked})
    rows = {row("id"): row for row in (Row(store.codec, one) for one in store.table.scan().items)}
    expected = {key for key, row in rows.items() if expression.matches(row)}
    conditions = [filter_for(expression, store.codec)]
    if settled(expression, store.codec) in (TRUE, FALSE):
        assert not expected
    else:
        conditions.append(condition_for(expression, store.codec))
    for condition in conditions:
        found = {item["id"]["S"] for item in store.table.scan(filter_condition=condition).items}
        assert found == expected or (condition is None and not expected)


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        ({"$gt": at(1.5)}, "23"),
        ({"$lt": at(1.5)}, "01"),
        ({"$between": [at(0.5), at(2.5)]}, "12"),
        ({"$eq": at(1.5)}, ""),
        ({"$ne": at(1.5)}, "0123"),
    ],
    ids=json.dumps,
)
def test_rows_in_a_scope_by_a_moment_are_read_and_written(
    store: Store, make: Made, asked: Any, reached: str
) -> None:
    class Leases(NoteResource):
        model = Lease
        scope = Within(lambda caller: {"expires": asked})
        queryable = ("expires",)
        sortable = groupable = measurable = complete_indexes = ()

    leases, ada = make(Leases), Caller("ada")
    for second in map(str, SECONDS):
        for act in (
            lambda key: leases.retrieve(key, ada),
            lambda key: leases.update(key, {"text": "x"}, ada),
        ):
            if second in reached:
                assert act(second)("id") == second
            else:
                with pytest.raises(NotFound):
                    act(second)
