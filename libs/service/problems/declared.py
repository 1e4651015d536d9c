"""Files that declare something of problems, by code: what a code means, what a person is told of it."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from libs.service.settings import SettingsError


def entries(path: Path) -> Iterator[tuple[str, object, str]]:
    """Yield the entries of a YAML file, each with its key, its value and where it is (``file:line``).

    :raises SettingsError: if it is no mapping of texts, or one has two entries.
    """
    where = "/".join(path.parts[-3:])
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        raise SettingsError(f"{where}:{line}: This is not YAML.") from None
    if not isinstance(node, yaml.MappingNode):
        raise SettingsError(f"{where}:1: Not a mapping by code: write CODE: …")
    seen: set[str] = set()
    for key_node, value_node in node.value:
        place = f"{where}:{key_node.start_mark.line + 1}"
        key = key_node.value
        if not isinstance(key, str) or key in seen:
            raise SettingsError(f"{place}: {key} is there twice, or is no code.")
        seen.add(key)
        yield key, _value(value_node), place


def _value(node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _value(value) for key, value in node.value}
    # Of scalars the text: `no` and `1.0` are texts, too. A list is nothing that is declared.
    return node.value if isinstance(node, yaml.ScalarNode) else None
