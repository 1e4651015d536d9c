"""apis/breaking-changes.yaml: the breaks that are meant, each with its reason."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from infra.contracts.base import Base, History
from infra.local.errors import LocalError
from infra.local.paths import ROOT

NAME = "apis/breaking-changes.yaml"
FILE = ROOT / NAME
_KEYS = {"service", "at", "reason"}


@dataclass(frozen=True)
class Intended:
    """A break that is meant.

    :param service: whose document it is in.
    :param at: a JSON pointer into the document, with ``#`` before it; what is below it is meant, too.
    :param reason: why clients have to live with it.
    """

    service: str
    at: str
    reason: str

    def covers(self, service: str, pointer: str) -> bool:
        """Whether a change at `pointer` is meant."""
        return service == self.service and (pointer == self.at or pointer.startswith(f"{self.at}/"))


def intended(file: Path = FILE) -> list[Intended]:
    """Read the file; there need not be one.

    :raises LocalError: with the entry, if it is not a list of ``service``, ``at`` and ``reason``.
    """
    try:
        entries = yaml.safe_load(file.read_text())
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LocalError(f"{file.name} cannot be read: {' '.join(str(error).split())}") from None
    return _entries(entries, file.name)


def over(meant: list[Intended], history: History, base: Base, file: str) -> list[Intended]:
    """Return those of `meant` that stood in `file` at the version that is compared with.

    They were about changes before it. Who heeded them would let the next change of the same place through.
    """
    try:
        before = _entries(yaml.safe_load(history.text(base, file)), file)
    except (yaml.YAMLError, LocalError):  # which nobody can mend any more
        return []
    return [one for one in meant if one in before]


def reminders(stale: list[Intended], file: str, base: Base) -> list[str]:
    """Return the lines that say of entries that they are `over`."""
    return [
        f"warning: {Path(file).name}: {one.at} of {one.service} was meant by {base.name} already, and is not "
        "heeded: take it out, or say anew why"
        for one in stale
    ]


def _entries(entries: object, name: str) -> list[Intended]:
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise LocalError(f"{name} is no list: each entry begins with `- service: …`.")
    return [_entry(entry, f"{name}: entry {number}") for number, entry in enumerate(entries, 1)]


def _entry(entry: object, place: str) -> Intended:
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        raise LocalError(f"{place}: it has to have `service`, `at` and `reason`, and nothing else.")
    for key, value in entry.items():
        if not isinstance(value, str) or not value.strip():
            raise LocalError(f"{place}: `{key}` is not a text.")
    if not (entry["at"] == "#" or entry["at"].startswith("#/")):
        raise LocalError(f"{place}: `at` is a JSON pointer with # before it, such as '#/paths/~1todos/get'.")
    return Intended(**entry)
