"""Stages as they are shipped, and with what a test changes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from infra.aws.stage import Stage, load_stage
from infra.bundle.images import Images, reference

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MakeStage = Callable[..., Stage]


@pytest.fixture
def make_stage() -> MakeStage:
    """A stage, of which the fleet of todos is changed."""

    def make(name: str = "live", **changes: Any) -> Stage:
        stage = load_stage(name)
        return replace(
            stage, services={**stage.services, "todos": replace(stage.services["todos"], **changes)}
        )

    return make


@pytest.fixture
def live(make_stage: MakeStage) -> Stage:
    return make_stage()


@pytest.fixture
def images(live: Stage) -> Images:
    return Images(
        reference(live, "todos", f"sha256:{'1' * 64}"), reference(live, "proxy", f"sha256:{'2' * 64}")
    )
