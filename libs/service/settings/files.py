"""What the files of config/ tell: default.yaml, and over it the file of the environment.

A file has a section ``all``, and over it one for each service that is told something else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.api import APIS, ContractError
from libs.api.document.places import Places
from libs.api.document.yaml_text import read_yaml
from libs.service.settings.declaring import Secret
from libs.service.settings.environment import FILE, names_a_file, read_value_file
from libs.service.settings.named_secrets import is_reference
from libs.service.settings.suggesting import suggested
from libs.service.settings.told import Told

CONFIG = APIS.parent / "config"
DEFAULT = "default"
ALL = "all"
BY_ENVIRONMENT_ONLY = frozenset({"service", "environment"})
"""They say which file is read, and which section of it."""
LARGEST_BYTES = 256 * 1024

_WANTED: Mapping[Any, str] = {
    str: "a text; put it in quotes",
    Secret: "a text; put it in quotes",
    int: "a whole number, without quotes",
    float: "a number, without quotes",
    bool: "true or false, without quotes",
}
_TAKEN: Mapping[Any, tuple[type, ...]] = {
    str: (str,),
    Secret: (str,),
    int: (int,),
    float: (int, float),
    bool: (bool,),
}


def environments(folder: Path) -> list[str]:
    """Return the names of the environments that have a file."""
    return sorted(path.stem for path in folder.glob("*.yaml") if path.stem != DEFAULT)


@dataclass(frozen=True)
class ConfigFiles:
    """The files of one environment, as one service reads them.

    :param common: the settings of every service, by name: their types.
    :param own: the settings of this one, those among them.
    """

    folder: Path
    service: str
    common: Mapping[str, Any]
    own: Mapping[str, Any]

    def told(self, environment: str, faults: list[str]) -> dict[str, Told]:
        """Return what the files tell the service, by the names of settings.

        :param faults: is given a line for each fault, which begins with file and line.
        """
        told: dict[str, Told] = {}
        for stem in (DEFAULT, environment):
            told |= self._told_by(self.folder / f"{stem}.yaml", faults)
        return told

    def _told_by(self, path: Path, faults: list[str]) -> dict[str, Told]:
        places = Places()
        sections = _read(path, places, faults)
        if sections is None:
            return {}
        file = _shown(path)
        if not isinstance(sections, dict):
            faults.append(f"{file}: is no mapping of sections: {ALL}, and names of services.")
            return {}
        services = {one.stem for one in APIS.glob("*.yaml") if one.stem.isidentifier()} | {self.service, ALL}
        told: dict[str, Told] = {}
        # What all are told comes first, wherever it stands.
        for name, section in sorted(sections.items(), key=lambda one: one[0] != ALL):
            place = str(places.of(sections, name))
            if name not in services:
                faults.append(f"{place}: unknown section {name}{suggested(name, services)}")
            elif not isinstance(section, dict):
                faults.append(f"{place}: section {name} is no mapping of settings.")
            elif name in (ALL, self.service):
                told |= self._told_in(name, section, places, faults)
        return told

    def _told_in(
        self, section: str, values: dict[str, Any], places: Places, faults: list[str]
    ) -> dict[str, Told]:
        types = self.common if section == ALL else self.own
        told: dict[str, Told] = {}
        for key, value in values.items():
            place = str(places.of(values, key))
            label = f"{place}: {key}"
            name = key.removesuffix(FILE) if names_a_file(key, types) else key
            if name in BY_ENVIRONMENT_ONLY:
                faults.append(f"{label}: is told by the environment alone.")
            elif name not in types:
                faults.append(f"{place}: unknown key {key}{suggested(key, types)}")
            elif fault := _type_fault(str if name != key else types[name], value):
                faults.append(f"{label}: {fault}")
            elif types[name] is Secret and name == key and not is_reference(value):
                faults.append(
                    f"{label}: A secret does not stand in a file of the repository: give it by the "
                    f"environment, by {key}{FILE}, or as aws-secret:… or aws-parameter:…"
                )
            else:
                one = self._one(name, key, value, place, label, faults)
                if name in told:
                    faults.append(f"{label}: Given both as a value and as a file.")
                if one is not None:
                    told[name] = one
        return told

    def _one(self, name: str, key: str, value: Any, place: str, label: str, faults: list[str]) -> Told | None:
        if name == key:
            return Told(value, place, label)
        text = read_value_file(value, label, faults)
        return None if text is None else Told(text, f"file {value} ({place})", label)


def _read(path: Path, places: Places, faults: list[str]) -> Any:
    """Return what is in a file, None where that is nothing or cannot be read."""
    file = _shown(path)
    try:
        data = path.read_bytes()
        if len(data) > LARGEST_BYTES:
            faults.append(f"{file}: has more than {LARGEST_BYTES:,} bytes.")
            return None
        return read_yaml(data.decode(), file, places)
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{file}: cannot be read ({type(error).__name__}).")
    except ContractError as error:
        faults.extend(_without_values(fault) for fault in error.faults)
    return None


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


_TOLD = re.compile(r"'[a-z][a-z0-9_]*' stands here twice|a second document begins here.*")


def _without_values(fault: str) -> str:
    """Return a fault of reading without what it may quote of the file."""
    file, line, said = fault.split(":", 2)
    told = _TOLD.search(said)
    hint = said.partition("; ")[2]
    return f"{file}:{line}: {told[0] if told else 'is not YAML' + ('; ' + hint if hint else '')}."


def _type_fault(type_: Any, value: Any) -> str | None:
    if value is None:
        return "has no value; leave the line out for the default."
    if isinstance(value, str) and is_reference(value):
        return None
    if isinstance(value, _TAKEN[type_]) and (type_ is bool or not isinstance(value, bool)):
        return None
    return f"wants {_WANTED[type_]}."
