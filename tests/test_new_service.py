"""docs/new-service.md, followed to the letter."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from infra.local.paths import LOCAL, make_folder

ROOT = Path(__file__).parents[1]
PARTS = (
    "apis",
    "bench",
    "config",
    "docs",
    "infra",
    "libs",
    "services",
    "testaccept",
    "tests",
    "conftest.py",
    "pyproject.toml",
    "Makefile",
)
BLOCK = re.compile(r"<!-- (file|append): (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)


@pytest.fixture
def clone(tmp_path):
    """The repository, and the service of the guide in it; if you followed the guide here, not yours."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            tests = [] if part == "tests" else ["tests"]
            ignored = shutil.ignore_patterns("__pycache__", "notes", "notes.*", *tests)
            shutil.copytree(ROOT / part, tmp_path / part, ignore=ignored)
        else:
            shutil.copy(ROOT / part, tmp_path)
    blocks = BLOCK.findall((ROOT / "docs/new-service.md").read_text())
    assert len(blocks) == 7
    for how, name, text in blocks:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text() if how == "append" else ""
        path.write_text(before if text in before else before + text)
    return tmp_path


def python(clone, *arguments):
    """Run a Python program in `clone`; return whether it ended well, and what it said."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    run = subprocess.run(
        [sys.executable, *arguments],
        cwd=clone,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return run.returncode == 0, run.stdout + run.stderr


def copy_if_there(source, target):
    """Copy a file, but one that somebody has removed meanwhile."""
    with suppress(FileNotFoundError):
        shutil.copy2(source, target)


LINT_IMPORTS = ("-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache")


def test_the_service_of_the_guide_works_and_passes_the_checks(clone):
    done, told = python(clone, "-m", "libs.service.contracts")
    assert (done, told) == (True, "apis/published: notes.json\ndocs/settings.md: has changed\n"), told
    done, told = python(clone, "-m", "infra.tables", "write")
    assert (done, told) == (True, "infra/stacks/data: notes.yaml\n"), told
    tables = "tests/test_stored_tables.py::test_a_template_is_what_the_models_are"
    settings = "tests/test_documents.py::test_the_settings_are_documented_as_they_are"
    round_trips = "tests/test_round_trip.py::test_what_is_sent_arrives_and_so_does_the_answer"
    tests = (
        "services/notes",
        "tests/test_contracts.py",
        settings,
        f"{tables}[notes]",
        f"{round_trips}[notes-get_latest_note]",
    )
    done, told = python(clone, "-m", "pytest", "-p", "no:cacheprovider", *tests)
    assert done, told
    (clone / ".local").symlink_to(make_folder(LOCAL))  # the programs are fetched once
    if (ROOT / ".mypy_cache").is_dir():  # what `make lint` has learnt of all that is the same here
        shutil.copytree(ROOT / ".mypy_cache", clone / ".mypy_cache", copy_function=copy_if_there)
    contracts = ("-m", "infra.contracts", "lint")
    ruff = (("-m", "ruff", "check"), ("-m", "ruff", "format", "--check"))
    for check in (contracts, *ruff, ("-m", "mypy"), LINT_IMPORTS):
        done, told = python(clone, *check)
        assert done, told


def test_a_service_that_imports_another_is_found(clone):
    with (clone / "services/notes/handlers.py").open("a") as file:
        file.write("\n\nfrom services.todos.models import Todo\n")
    done, told = python(clone, *LINT_IMPORTS)
    assert not done
    assert "services.notes is not allowed to import services.todos" in told
