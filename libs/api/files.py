"""Where contracts are, and reading them."""

from pathlib import Path
from typing import Any

import orjson
import yaml

APIS = Path(__file__).parents[2] / "apis"
"""The folder of contracts: apis/<service>.yaml."""
PUBLISHED = APIS / "published"
"""The folder of complete documents: apis/published/<service>.json, written by `make contracts`."""


class ContractError(Exception):
    """A contract that cannot be served; the message lists every fault, one per line, with its place."""


class _Loader(yaml.CSafeLoader):
    """YAML as JSON has it: dates stay text, and a key given twice is an error (YAML 1.2, 3.2.1.3)."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value!r} stands here twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_document(path: Path) -> dict[str, Any]:
    """Read an OpenAPI document in YAML.

    :raises ContractError: if it cannot be read or is not an OpenAPI 3.1 document.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader
    except OSError as error:
        raise ContractError(f"{path}: cannot be read: {error.strerror}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContractError(f"{path}:{line}: {error.problem}") from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise ContractError(f"{path}: is not YAML in UTF-8: {str(error).splitlines()[0]}") from None
    if not isinstance(document, dict) or not str(document.get("openapi", "")).startswith("3.1"):
        raise ContractError(f"{path}:1: not an OpenAPI 3.1 document (`openapi: 3.1.0` is missing)")
    return document


def read_published(api: str) -> dict[str, Any]:
    """Read the complete document of a service: its contract, its resources, and what all services serve.

    :raises ContractError: if it cannot be read.
    """
    try:
        document: dict[str, Any] = orjson.loads((PUBLISHED / f"{api}.json").read_bytes())
    except OSError as error:
        fault = f"cannot be read: {error.strerror}"
    except orjson.JSONDecodeError:
        fault = "is not JSON"
    else:
        return document
    raise ContractError(f"apis/published/{api}.json {fault}; `make contracts` writes it")
