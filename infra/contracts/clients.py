"""Writes dist/clients/: TypeScript types and a Python package for each service, from its published document.

Both are checked before they take the place of the last ones: all of it compiles under the strictest settings,
the programs in samples/ do as well, and what is marked as wrong in them is refused.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from infra.contracts import python_clients, typescript_clients
from infra.contracts.lint import published
from infra.local.errors import LocalError
from infra.local.output import say
from infra.local.paths import ROOT

CLIENTS = ROOT / "dist" / "clients"
SAMPLES = Path(__file__).with_name("samples")
_LANGUAGES: dict[str, Callable[[list[Path], Path, Path], None]] = {
    "typescript": typescript_clients.write,
    "python": python_clients.write,
}


def write(documents: list[Path] | None = None, folder: Path = CLIENTS, samples: Path = SAMPLES) -> None:
    """Write and check the clients of `documents`: by default of all that are published.

    :param folder: gets a folder for each language; what was in these is gone afterwards.
    :param samples: the folder of program.ts and program.py.
    :raises LocalError: with what does not compile; nothing is written then.
    """
    documents = published() if documents is None else documents
    if not documents:
        raise LocalError("no contract is published: make contracts")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder) as partial:
        for language, made in _LANGUAGES.items():
            made(documents, Path(partial, language), samples)
        for language in _LANGUAGES:
            shutil.rmtree(folder / language, ignore_errors=True)
            Path(partial, language).rename(folder / language)
    names = ", ".join(document.stem for document in documents)
    say(f"Clients of {names} are in {folder}: {' and '.join(_LANGUAGES)}; all of it compiles.")
