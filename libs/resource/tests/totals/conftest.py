"""Stores that keep totals."""

import pytest

from libs.resource.scope import OwnedBy
from libs.resource.store.store import Store
from libs.resource.store.totals import KeptTotals, Totals
from libs.resource.tests.rows import Job, Parcel
from libs.resource.tests.totals.comparing import TOTALS


@pytest.fixture
def totals(parcels: str) -> KeptTotals:
    return TOTALS.check(Parcel, OwnedBy("owner"))


@pytest.fixture
def store(totals: KeptTotals) -> Store:
    return Store(Parcel, totals)


@pytest.fixture
def jobs(parcels: str) -> Store:
    return Store(Job, Totals(counts=("priority",), sums=("priority",)).check(Job, OwnedBy("team")))
