"""A collector that tests send spans to."""

from collections.abc import Iterator

import pytest

from libs.service.tests.tracing.collecting import CollectorStub, collecting


@pytest.fixture
def collector() -> Iterator[CollectorStub]:
    with collecting() as stub:
        yield stub
