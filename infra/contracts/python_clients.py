"""Python: a package for each service by openapi-python-client. It needs httpx and attrs, nothing of ours."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from infra.contracts.reachable import keep_reachable
from infra.local.errors import LocalError
from infra.local.paths import LOCAL, make_folder

# What the generator writes into client.py is not strict itself: `*args: object` go on to httpx.
_MYPY = """
[mypy]
strict = true
cache_dir = {cache}
[mypy-*.client]
disable_error_code = arg-type
"""
_KNOWN = re.compile(
    r"text/.*|application/((.+[+])?json|octet-stream|x-www-form-urlencoded)|multipart/form-data"
)
_IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        importlib.import_module(module.name)
"""


def write(documents: list[Path], folder: Path, samples: Path) -> None:
    """Write a package ``<service>_client`` for each document, and check them.

    :raises LocalError: if the generator leaves anything out, or the packages or the sample do not pass.
    """
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch, "config.json")
        for document in documents:
            read = json.loads(document.read_bytes())
            options = {"content_type_overrides": overrides(read), "post_hooks": []}
            config.write_text(json.dumps(options))
            taken = Path(scratch, document.name)
            taken.write_text(json.dumps(prepared(read)))
            _run(
                f"no Python client of {document.name}",
                ["openapi_python_client", "generate", "--fail-on-warning", "--meta=none"],
                [f"--path={taken}", f"--config={config}", f"--output-path={folder / package(document)}"],
            )
    check(folder, [package(document) for document in documents], samples / "program.py")


def package(document: Path) -> str:
    """The name of the package of a service: ``todos_client``."""
    return f"{document.stem.replace('-', '_')}_client"


def overrides(document: Any) -> dict[str, str]:
    """Return what the generator is to take the media types for that it does not know: text, or bytes."""
    if isinstance(document, list):
        return {name: kind for one in document for name, kind in overrides(one).items()}
    if not isinstance(document, dict):
        return {}
    found = {name: kind for one in document.values() for name, kind in overrides(one).items()}
    content = document.get("content")
    for name, media in content.items() if isinstance(content, dict) else ():
        if "/" in name and not _KNOWN.fullmatch(name) and isinstance(media, dict):
            schema = media.get("schema", {})
            text = schema.get("type") == "string" and schema.get("format") != "binary"
            found[name] = "text/plain" if text else "application/octet-stream"
    return found


def prepared(document: Any) -> Any:
    """Return the document in words the generator knows, with what it would have no use for left out.

    It cannot read a schema that is ``false`` (``{"not": {}}`` is the same), takes a text that holds JSON for
    a text, and so has nothing to write for a schema that only ``contentSchema`` names.
    """

    def reworded(value: Any) -> Any:
        if isinstance(value, list):
            return [reworded(one) for one in value]
        if not isinstance(value, dict):
            return value
        made = {key: reworded(one) for key, one in value.items()}
        if made.get("type") == "string":
            made.pop("contentSchema", None)
        if made.get("items") is False:
            made["items"] = {"not": {}}
        return made

    return keep_reachable(reworded(document))


def check(folder: Path, packages: list[str], program: Path) -> None:
    """Import every module of the packages; check them and a program that uses them with ``mypy --strict``.

    :raises LocalError: with what Python or mypy said.
    """
    cache = make_folder(LOCAL / "contract-tools" / "mypy")
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        settings, copy = Path(scratch, "mypy.ini"), Path(scratch, program.name)
        settings.write_text(_MYPY.format(cache=cache))
        shutil.copy(program, copy)
        failure = "the Python clients cannot be imported"
        _run(failure, ["-B", "-c", _IMPORT_ALL], packages, cwd=folder, module=False)
        mypy = ["mypy", "--config-file", str(settings), *packages, str(copy)]
        _run("the Python clients do not pass mypy", mypy, cwd=folder)


def _run(
    failure: str,
    command: list[str],
    more: list[str] | None = None,
    cwd: Path | None = None,
    module: bool = True,
) -> None:
    whole = [sys.executable, *(["-m"] if module else []), *command, *(more or [])]
    done = subprocess.run(whole, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise LocalError(f"{failure}:\n{(done.stdout + done.stderr).strip()}")
