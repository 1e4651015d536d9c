"""What somebody has told a process, and where."""

from dataclasses import dataclass

Value = str | int | float | bool


@dataclass(frozen=True)
class Told:
    """A value that a setting was given.

    :param source: where it came from, as `make config` shows it.
    :param label: what a fault of it begins with: the variable, or file, line and key.
    """

    value: Value
    source: str
    label: str

    def __repr__(self) -> str:
        return f"Told({self.source})"
