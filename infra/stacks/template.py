"""Templates of CloudFormation, read for what stands in them."""

from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, each of which is read as what it is given."""


_Loader.add_multi_constructor(
    "!",
    lambda loader, _, node: (
        loader.construct_sequence(node, deep=True)
        if isinstance(node, yaml.SequenceNode)
        else loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.MappingNode)
        else loader.construct_scalar(node)
    ),
)


def parse(text: str) -> dict[str, Any]:
    """Return what is in a template, in YAML or JSON."""
    found: dict[str, Any] = yaml.load(text, _Loader)  # noqa: S506  # a SafeLoader
    return found
