"""What the variables of the environment tell."""

from collections.abc import Collection, Mapping
from pathlib import Path

from libs.service.settings.declaring import PREFIX
from libs.service.settings.told import Told

FILE = "_file"


def told_by_environment(
    environ: Mapping[str, str], names: Collection[str], faults: list[str]
) -> dict[str, Told]:
    """Return what variables with `PREFIX` tell, by the names of settings, unknown ones among them.

    :param names: the settings there are.
    """
    told: dict[str, Told] = {}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name, one = variable.removeprefix(PREFIX).lower(), Told(text, "environment", variable)
        if names_a_file(name, names):
            name = name.removesuffix(FILE)
            read = read_value_file(text, variable, faults)
            if read is None:
                continue
            one = Told(read, f"file {text}", variable)
        if name in told:
            faults.append(f"{PREFIX}{name.upper()}: Given both as a value and as a file.")
        told[name] = one
    return told


def names_a_file(name: str, names: Collection[str]) -> bool:
    """Return whether `name` is that of a file with the value of a setting."""
    return name.endswith(FILE) and name not in names


def read_value_file(path: str, label: str, faults: list[str]) -> str | None:
    """Return the text of a file without the space around it, or None where it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        faults.append(f"{label}: the file cannot be read ({type(error).__name__}).")
        return None
