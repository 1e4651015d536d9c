"""The documents say what is so."""

import re
from pathlib import Path

import pytest

from libs.service import contracts

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "testaccept/*.md", "bench/*.md")
    for path in ROOT.glob(pattern)
)


def test_the_settings_are_documented_as_they_are():
    if contracts.SETTINGS_PAGE.read_text() != contracts.settings_text():
        pytest.fail("docs/settings.md is not what the settings are: run `make contracts`, look, commit")


def test_the_codes_of_problems_are_documented_as_they_are():
    if contracts.PROBLEMS_PAGE.read_text() != contracts.problems_text():
        pytest.fail("docs/problems.md is not what problems.yaml say: run `make contracts`, look, commit")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_merge_was_left_half_done(document):
    assert re.findall(r"^(?:<<<<<<<|=======|>>>>>>>).*", document.read_text(), re.MULTILINE) == []


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


def test_guides_are_all_in_the_index():
    listed = re.findall(r"\(([\w-]+\.md)[)#]", (ROOT / "docs/README.md").read_text())
    assert {path.name for path in ROOT.glob("docs/*.md")} - {"README.md"} == set(listed)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_headings(document):
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", document.read_text())
    named = [(document.parent / path if path else document, heading) for path, heading in links]
    assert [(path.name, heading) for path, heading in named if heading not in headings(path)] == []


def headings(path):
    """Return what the headings of a document are called in links, as GitHub makes it."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


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
