"""docs/publishing.md says what is so."""

import re
import textwrap

import pytest

from infra.contracts.clients import SAMPLES
from infra.contracts.intended import intended
from infra.local.paths import ROOT

GUIDE = (ROOT / "docs" / "publishing.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", GUIDE, re.MULTILINE | re.DOTALL)
    return textwrap.dedent(found[1])


@pytest.mark.parametrize(("language", "sample"), [("typescript", "program.ts"), ("python", "program.py")])
def test_its_programs_are_those_that_are_compiled(language: str, sample: str):
    compiled = {line.strip() for line in (SAMPLES / sample).read_text().splitlines()}
    assert [line for line in block(language).splitlines() if line.strip() not in compiled] == []


def test_its_entry_of_a_meant_break_can_be_read(tmp_path):
    (tmp_path / "breaking-changes.yaml").write_text(block("yaml"))
    (one,) = intended(tmp_path / "breaking-changes.yaml")
    assert one.covers("todos", "#/paths/~1todos~1export/post/responses/202")
