"""infra/stacks/data/: the templates as files, written by `make tables` and committed."""

from pathlib import Path
from typing import Any

import yaml

from infra.local.paths import ROOT
from infra.tables.templates import Template, templates

FOLDER = "infra/stacks/data"
_HEAD = """\
# The tables of {service}, written by `make tables` from its models: change those, and not this file.
# What a change does to a table in use: docs/table-changes.md.
"""


class _Dumper(yaml.SafeDumper):
    """Lists are indented, and what is written twice is written out."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def text(service: str, template: Template) -> str:
    """Return a template as the text of its file: the same for the same models, to the last byte."""
    parts = [_HEAD.format(service=service), _yaml({k: v for k, v in template.items() if k != "Resources"})]
    tables = [_yaml({name: table}) for name, table in template["Resources"].items()]
    indented = ["".join(f"  {line}" for line in table.splitlines(keepends=True)) for table in tables]
    return "".join([*parts, "\nResources:\n", "\n".join(indented)])


def write(folder: Path = ROOT / FOLDER) -> list[str]:
    """Make `folder` hold the templates of all services and no others; return the files that changed.

    :raises UnfitModels: if several models of one table do not agree; nothing is written then.
    """
    texts = {folder / f"{name}.yaml": text(name, one) for name, one in templates().items()}
    folder.mkdir(parents=True, exist_ok=True)
    before = {path: path.read_text() for path in folder.glob("*.yaml")}
    for path in before.keys() - texts.keys():
        path.unlink()
    for path, one in texts.items():
        path.write_text(one)
    return sorted({path.name for path, _ in before.items() ^ texts.items()})


def _yaml(value: Any) -> str:
    made: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=105)
    return made
