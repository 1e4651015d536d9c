import re

from infra.deploy.exits import Exit
from infra.deploy.journal import KINDS
from infra.local.paths import ROOT


def test_every_exit_code_is_documented_as_it_is() -> None:
    text = (ROOT / "docs/delivery.md").read_text()
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (.*) \|$", text, re.MULTILINE)
    assert rows == [(str(int(code)), code.name, code.meaning) for code in Exit]


def test_every_kind_of_line_is_declared() -> None:
    told = set()
    for file in (ROOT / "infra/deploy").glob("*.py"):
        told |= set(re.findall(r'\btell\(\s*"(\w+)"', file.read_text()))
    assert told == set(KINDS)
