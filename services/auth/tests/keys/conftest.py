"""Rings of keys, one for each process, on tables of their own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from libs.dynamodb import Database
from libs.service.testing import SECRET
from services.auth.keys import KeyRing
from services.auth.keys.models import Key
from services.auth.service import service
from services.auth.tests.keys.rings import Clock


@pytest.fixture(scope="module")
def tables(environ: dict[str, str]) -> Iterator[Database]:
    database = service.database(service.load_settings(environ))
    database.create_tables()
    yield database
    database.delete_tables()


@pytest.fixture
def table(tables: Database) -> Iterator[None]:
    """That of keys, empty at the end of each test."""
    yield
    for row in Key.scan(consistent_read=True):
        row.delete()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def process(clock: Clock) -> Callable[..., KeyRing]:
    """Make the ring of one more process."""

    def make(secret: str = SECRET, **options: Any) -> KeyRing:
        return KeyRing(secret, **{"clock": clock, "ages": clock, **options})

    return make
