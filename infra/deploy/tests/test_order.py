from pathlib import Path

import pytest

from infra.aws.stage import load_stage
from infra.deploy.exits import DeployError
from infra.deploy.order import calls, release_order


def test_who_is_called_comes_first() -> None:
    called = calls("live", load_stage("live").services)
    assert called == {"auth": {"profiles", "todos"}, "profiles": set(), "todos": set()}
    assert release_order(called) == ["profiles", "todos", "auth"]
    assert release_order(called, consumers_first=True) == ["auth", "todos", "profiles"]


def test_what_all_are_told_counts_for_all(tmp_path: Path) -> None:
    (tmp_path / "live.yaml").write_text("all: {b_url: 'https://b'}\na:\nb: {c_url: 'https://c'}\n")
    assert calls("live", ("a", "b", "c"), tmp_path) == {"a": {"b"}, "b": {"c"}, "c": {"b"}}


def test_a_circle_is_told() -> None:
    with pytest.raises(DeployError, match=r"in a circle .*→.*SERVICE="):
        release_order({"a": {"b"}, "b": {"a"}})
