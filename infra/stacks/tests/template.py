"""Templates as tests read them."""

from pathlib import Path
from typing import Any

from infra.stacks.template import parse


def read(template: Path) -> dict[str, Any]:
    """Return what is in a template."""
    return parse(template.read_text())
