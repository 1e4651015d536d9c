"""Where contracts are, and the value of a file as it stands there."""

import re
from pathlib import Path
from typing import Any

import orjson

from libs.api.document.errors import ContractError, suggestion
from libs.api.document.json_text import read_json
from libs.api.document.places import Places
from libs.api.document.yaml_text import read_yaml

APIS = Path(__file__).parents[3] / "apis"
"""The folder of contracts: apis/<service>.yaml, in folders below it, too."""
PUBLISHED = APIS / "published"
"""The folder of complete documents: apis/published/<service>.json, written by `make contracts`."""
MAX_BYTES = 10 * 1024 * 1024
"""The largest file that is read."""
_SUFFIXES = (".yaml", ".yml", ".json")
_DECLARED = re.compile(
    rb"""^[ \t{]*+["']?(openapi|swagger)["']?[ \t]*+:|"(openapi|swagger)"\s*+:""", re.MULTILINE
)


def contract_names(folder: Path = APIS) -> list[str]:
    """Return the names of the contracts in `folder` and those below it: file names without suffix, sorted.

    What lies in ``published/``, files that begin with ``.`` or ``#`` (an editor's), and files that only
    hold parts of contracts (no line says ``openapi:`` or ``swagger:``) are left out.
    """
    return sorted({path.stem for path in _files(folder) if _is_contract(path)})


def contract_path(api: str, folder: Path = APIS) -> Path:
    """Return the file of the contract named `api`.

    :raises ContractError: if there is none, or more than one.
    """
    named = [path for path in _files(folder) if path.stem == api]
    found = [path for path in named if _is_contract(path)] or named
    if not found:
        known = contract_names(folder)
        raise ContractError(
            f"{folder.name}/{api}.yaml: there is no such contract{suggestion(api, known)}; "
            f"there are {', '.join(known) or 'none'}"
        )
    if len(found) > 1:
        several = " and ".join(str(path.relative_to(folder.parent)) for path in found)
        raise ContractError(f"{several} have the same name; a contract's name is its file's without suffix")
    return found[0]


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in _SUFFIXES
        and not path.name.startswith((".", "#"))
        and PUBLISHED.name not in path.relative_to(folder).parts[:-1]
        and path.is_file()
    )


def _is_contract(path: Path) -> bool:
    return _DECLARED.search(path.read_bytes()) is not None


def read_published(api: str, folder: Path | None = None) -> dict[str, Any]:
    """Read the complete document of a service: its contract, its resources, and what all services serve.

    :raises ContractError: if it cannot be read.
    """
    try:
        document: dict[str, Any] = orjson.loads(((folder or PUBLISHED) / f"{api}.json").read_bytes())
    except OSError as error:
        fault = f"cannot be read: {error.strerror}"
    except orjson.JSONDecodeError:
        fault = "is not JSON"
    else:
        return document
    raise ContractError(f"apis/published/{api}.json {fault}; `make contracts` writes it")


def parse(path: Path, file: str, places: Places) -> Any:
    """Return the value of a file as it stands there, marking `places`.

    :param file: its name in places and messages.
    :raises ContractError: if it cannot be read, is larger than `MAX_BYTES`, or is neither YAML nor JSON.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise ContractError(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise ContractError(f"{file}:1: is larger than {MAX_BYTES:,} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ContractError(f"{file}:{line}: is not text in UTF-8") from None
    return (read_json if path.suffix == ".json" else read_yaml)(text, file, places)
