"""The documents say what is so."""

import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from libs.service import Service, Settings
from tests.services import SERVICES

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "testaccept/*.md", "bench/*.md")
    for path in ROOT.glob(pattern)
)


def settings_table(heading: str) -> dict[str, str]:
    """Return the defaults that docs/settings.md gives under `heading`, by variable."""
    text = (ROOT / "docs/settings.md").read_text()
    assert f"\n## {heading}\n" in text, f"docs/settings.md has no heading '## {heading}'"
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(APP_\w+)` \| (.*?) ?\|", section, re.MULTILINE))


def as_documented(default: object) -> str:
    if default is MISSING or default is None:
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_the_settings_of_every_service_are_documented_with_their_defaults():
    expected = {f"APP_{one.name.upper()}": as_documented(one.default) for one in fields(Settings)}
    assert settings_table("Every service") == expected


@pytest.mark.parametrize("name", SERVICES)
def test_the_settings_of_a_service_are_documented_with_their_defaults(name):
    common = {one.name for one in fields(Settings)}
    own = [one for one in fields(Service.named(name).settings_class) if one.name not in common]
    expected = {f"APP_{one.name.upper()}": as_documented(one.default) for one in own}
    assert (settings_table(name) if own else {}) == expected


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_exist(document):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"`(?:[A-Z]+=\S+ )?make ([a-z ]+)", document.read_text())
    assert {target for line in named for target in line.split()} - targets == set()


def test_decisions_are_all_in_the_list():
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (ROOT / "docs/decisions/README.md").read_text())
    assert listed == sorted(path.name for path in ROOT.glob("docs/decisions/0*.md"))


def test_the_tests_that_the_threat_model_names_are_there():
    named = re.findall(
        r"`((?:libs|services|tests|testaccept)/[\w./-]+)`", (ROOT / "docs/threat-model.md").read_text()
    )
    assert len(named) > 20
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_folder_is_explained_in_the_readme():
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    explained = set(re.findall(r"^\| \[`(\w+)/`\]", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert folders - {"__pycache__", "dist"} == explained
