"""The documents say what is so."""

import re
import shlex
import subprocess
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent

import pytest

from libs.service import contracts

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "testaccept/*.md", "bench/*.md")
    for path in ROOT.glob(pattern)
)


MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
VARIABLES = set(re.findall(r"\$\((?:or |if )?(?:\$\()?([A-Z_]+)", MAKEFILE))


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
    named = re.findall(r"`(?:[A-Z]+=\S+ )?make ([a-z -]+)", document.read_text())
    assert {target for line in named for target in line.split()} - TARGETS == set()


def shell(document):
    """Return what a document tells to type in a shell."""
    blocks = re.findall(r"^( *)```(?:sh|bash)\n(.*?)^\1```$", document.read_text(), re.MULTILINE | re.DOTALL)
    return "\n".join(dedent(text) for _, text in blocks)


SHELL = {str(document.relative_to(ROOT)): shell(document) for document in DOCUMENTS if shell(document)}


@pytest.mark.parametrize("document", SHELL)
def test_what_is_to_be_typed_is_shell_and_names_what_there_is(document):
    """Calls of AWS, and the commands of the runbook, are looked at more closely in test_runbook.py."""
    read = subprocess.run(["bash", "-n"], input=SHELL[document], capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")
    assert unknown(SHELL[document]) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_programs_exist(document):
    named = set(re.findall(r"\bpython3? -m ([\w.]*\w)", document.read_text()))
    assert [name for name in named if find_spec(name) is None] == []


def unknown(text):
    """Return what `make` is told in some shell, and is neither a target nor a variable of the Makefile."""
    made = re.findall(r"(?:^|[(;&|]) *make\b((?:\"[^\"]*\"|[^;&|)#\n])*)", text, re.MULTILINE)
    words = [word.partition("=") for line in made for word in shlex.split(line)]
    return [name for name, sign, _ in words if name not in (VARIABLES if sign else TARGETS)]


def test_a_target_or_a_variable_that_is_not_there_is_noticed():
    assert unknown('A=$(make deplyo STAG=live ARGS="--now no")\nmake up && make don') == [
        "deplyo",
        "STAG",
        "don",
    ]


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
