"""Templates as tests read them."""

from pathlib import Path
from typing import Any

import yaml


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, each of which is read as what it is given."""


Loader.add_multi_constructor(
    "!",
    lambda loader, _, node: (
        loader.construct_sequence(node, deep=True)
        if isinstance(node, yaml.SequenceNode)
        else loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.MappingNode)
        else loader.construct_scalar(node)
    ),
)


def read(template: Path) -> dict[str, Any]:
    """Return what is in a template."""
    return yaml.load(template.read_text(), Loader)  # noqa: S506  # a SafeLoader
