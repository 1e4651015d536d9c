"""What cannot be counted or summed is refused with the reason; what can is told apart."""

import json
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.attributes import (
    TTLAttribute,
    UnicodeAttribute,
)
from pynamodb.models import Model

from libs.dynamodb import Put
from libs.errors import InvalidBody
from libs.resource.scope import Everyone, Extent, OwnedBy, Scope, Within
from libs.resource.store.countable import token_of
from libs.resource.store.store import Store
from libs.resource.store.tally import is_summable
from libs.resource.store.totals import MOST_CHANGES, Totals
from libs.resource.tests.rows import Parcel
from libs.resource.tests.totals.comparing import key_of


class Fading(Model):
    class Meta:
        table_name = "fading"

    id = UnicodeAttribute(hash_key=True)
    expires = TTLAttribute(null=True)


def test_what_changes_too_many_totals_is_refused_with_the_reason(
    store: Store, owner: str, extent: Extent
) -> None:
    row = store.new({"owner": owner, "id": "1", "tags": [str(n) for n in range(MOST_CHANGES)]})
    with pytest.raises(
        InvalidBody, match=f"may change {MOST_CHANGES}: change fewer values at once in open, tags"
    ):
        store.create(row, extent)
    most = MOST_CHANGES - 5  # of the other fields, and of the rows
    store.create(store.new({"owner": owner, "id": "1", "tags": [str(n) for n in range(most)]}), extent)


@pytest.mark.parametrize("number", [1e12, -1e12, 1e-19, 0.0012345678901234567, 1e100])
def test_what_could_not_be_summed_exactly_is_refused_by_its_field(
    store: Store, owner: str, extent: Extent, number: float
) -> None:
    with pytest.raises(InvalidBody) as caught:
        store.create(store.new({"owner": owner, "id": "1", "price": number}), extent)
    assert [fault.pointer for fault in caught.value.errors] == ["/price"]
    # One that is stored already can be left, and left behind.
    store.table.write(Put(store.new({"owner": owner, "id": "1", "price": number}).item))
    totals = store.totals
    assert totals
    with pytest.raises(ValueError, match="/price"):
        totals.recount(store.all_rows(extent), {"owner": owner})
    store.update(key_of(owner, "1"), {"open": True}, extent)
    store.update(key_of(owner, "1"), {"price": 2}, extent)
    assert totals.sum({"owner": owner}, "price").sum == 2


@given(st.integers(), st.integers(-40, 20))
def test_sums_of_what_is_summable_have_38_digits_at_most(digits: int, exponent: int) -> None:
    number = Decimal(digits).scaleb(exponent, Context(prec=200))
    if is_summable(number):
        assert Fraction(number) * 10**18 % 1 == 0
        assert abs(Fraction(number)) * 10**18 * 10**8 < 10**38


@pytest.mark.parametrize(
    ("totals", "model", "scope", "message"),
    [
        (Totals(counts=("none",)), Parcel, Everyone(), "Parcel has no attribute 'none'"),
        (Totals(sums=("none",)), Parcel, Everyone(), "Parcel has no attribute 'none'"),
        (Totals(sums=("place",)), Parcel, Everyone(), "Parcel.place cannot be summed"),
        (Totals(counts=("box",)), Parcel, Everyone(), "Parcel.box cannot be counted"),
        (Totals(counts=("bag",)), Parcel, Everyone(), "Parcel.bag cannot be counted"),
        (Totals(), Fading, Everyone(), "Fading.expires: .*TTL"),
        (Totals(), Parcel, Within(lambda caller: {}), "Within"),
        (Totals(), Parcel, OwnedBy("tags"), "Parcel.tags must be"),
        (Totals(), Parcel, OwnedBy("none"), "Parcel has no attribute 'none'"),
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
