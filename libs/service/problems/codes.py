"""What every code means: declared in `problems.yaml` beside the code that raises it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from libs.service.problems.declared import entries
from libs.service.settings import SettingsError

ROOT = Path(__file__).parents[3]
SERVICES = ROOT / "services"
FILE = "problems.yaml"
_CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", re.ASCII)
_MEMBERS = {"status", "means", "advice"}


@dataclass(frozen=True)
class Code:
    """A code, as it is declared.

    :param means: what is told by it.
    :param advice: what a client should do.
    :param room: the folder of the file that declares it, from the root: ``services/auth``.
    """

    name: str
    status: int
    means: str
    advice: str
    room: str


def declared_codes(files: Iterable[Path] | None = None) -> dict[str, Code]:
    """Return the codes of some files; by default those of all libraries and services.

    :raises SettingsError: naming file and line of the first fault, such as a code that two files declare.
    """
    found: dict[str, Code] = {}
    for path in files_of(ROOT / "libs", SERVICES) if files is None else files:
        for name, members, where in entries(path):
            code = _code(name, members, where, path)
            if name in found:
                raise SettingsError(f"{where}: {name} is declared in {found[name].room}, too.")
            found[name] = code
    return found


def codes_of(service: Path) -> set[str]:
    """Return the codes that a service may answer with: those of the libraries, and of its folder."""
    return set(declared_codes(files_of(ROOT / "libs", service)))


def files_of(*folders: Path) -> Iterator[Path]:
    """Yield the files that declare codes, anywhere in these folders, in a fixed order."""
    for folder in folders:
        found = folder.rglob(FILE)
        yield from sorted(path for path in found if "tests" not in path.relative_to(folder).parts)


def _code(name: str, members: object, where: str, path: Path) -> Code:
    if not _CODE.fullmatch(name):
        raise SettingsError(f"{where}: {name} is no code: write it in capitals, as NOT_FOUND.")
    if not isinstance(members, dict) or members.keys() != _MEMBERS or not all(members.values()):
        raise SettingsError(f"{where}: {name} needs status, means and advice, and nothing else.")
    status = members["status"]
    if not re.fullmatch("[45][0-9][0-9]", status):
        raise SettingsError(f"{where}: {name} has the status {status}, which is none of an error.")
    room = path.parent
    told = room.relative_to(ROOT).as_posix() if room.is_relative_to(ROOT) else room.name
    return Code(name, int(status), members["means"], members["advice"], told)
