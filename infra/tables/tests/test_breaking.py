"""What is printed of changes, what is meant, and the exit code; in git repositories made for the test."""

import os
import subprocess
from pathlib import Path

import pytest
from pynamodb.attributes import UnicodeAttribute

from infra.contracts.base import History
from infra.contracts.intended import Intended, intended
from infra.local.errors import LocalError
from infra.tables.breaking import MEANT, NAME, check, findings
from infra.tables.templates import Template
from infra.tables.tests.things import things
from infra.tables.writing import FOLDER, text

ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


def git(root: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> History:
    """A repository whose tag v1 has the template of things."""
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    file = tmp_path / FOLDER / "shop.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text("shop", things()))
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=-")
    git(tmp_path, "tag", "v1")
    return History(tmp_path, FOLDER, ".yaml")


def now(**changed: object) -> dict[str, Template]:
    return {"shop": things(**changed)}


def test_nothing_has_changed(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(now(), [], history, None) == 0
    assert capsys.readouterr().out == "Table changes since v1 (the last tag): none\n"


def test_what_is_fine_is_told_and_passes(history: History, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(now(colour=UnicodeAttribute(null=True)), [], history, None) == 0
    assert capsys.readouterr().out == (
        "fine: shop.yaml: a new attribute, S? at #/Things/attributes/colour\n"
        "Table changes since v1 (the last tag): 1\n"
    )


def test_what_is_refused_is_told_with_what_to_write(
    history: History, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = now(title=None, by_branch=None)
    assert check(changed, [], history, "v1") == 1
    out = capsys.readouterr().out
    assert "refused: shop.yaml: the attribute is gone: " in out
    assert "Table changes since v1: 2, 2 of them dangerous, 0 of those meant\n" in out
    entries = out.split("table-changes.yaml:\n")[1]
    (tmp_path / "meant.yaml").write_text(entries)
    assert check(changed, intended(tmp_path / "meant.yaml"), history, "v1") == 0
    assert "meant (…): shop.yaml: the index is gone" in capsys.readouterr().out


def test_what_the_version_before_has_meant_lets_no_other_change_through(
    history: History, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / NAME
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("- {service: shop, at: '#/Things/attributes/title', reason: Nobody reads it.}")
    meant = intended(file)
    assert check(now(title=None), meant, history, None) == 0
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=-")
    git(tmp_path, "tag", "v2")
    assert check(now(title=None), meant, history, None) == 1
    assert "title of shop was meant by v2 (the last tag) already" in capsys.readouterr().out


def test_what_is_meant_of_one_thing_covers_no_other(history: History) -> None:
    meant = [Intended("shop", "#/Things/attributes/title", "Nobody reads it.")]
    assert check(now(title=None), meant, history, None) == 0
    assert check(now(title=None, size=None), meant, history, None) == 1


def test_what_is_meant_and_has_not_happened_is_warned_of(
    history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(now(), [Intended("shop", "#/Things/ttl", "-")], history, None) == 0
    assert (
        "warning: table-changes.yaml: nothing has changed at #/Things/ttl of shop" in capsys.readouterr().out
    )


def test_a_service_that_comes_is_fine_and_one_that_goes_takes_its_tables_along() -> None:
    ((_, came),) = findings({}, now())
    ((_, went),) = findings(now(), {})
    assert (came.level, went.level) == ("fine", "refused")


def test_what_was_no_template_then_is_told(history: History, tmp_path: Path) -> None:
    (tmp_path / FOLDER / "shop.yaml").write_text("- nothing\n")
    git(tmp_path, "commit", "--quiet", "--all", "--message=-")
    with pytest.raises(LocalError, match=r"shop.yaml was no template then; name another version \(BASE=…\)"):
        check(now(), [], history, "HEAD")


def test_the_changes_that_are_meant_can_be_read() -> None:
    assert isinstance(intended(MEANT), list)
