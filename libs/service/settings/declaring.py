"""How a setting is declared, and what a secret is."""

from collections.abc import Callable
from dataclasses import MISSING, field
from typing import Any

PREFIX = "APP_"


class SettingsError(Exception):
    """What the process was told is wrong; the message has a line for each fault and quotes no value."""


class SettingsUnavailable(SettingsError):
    """What the process was told is kept where nobody answers just now: the same may work a little later."""


class Secret:
    """A text that shows itself to nobody who does not ask for it by `reveal`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


def setting(
    default: Any = MISSING,
    validate: Callable[[Any], Any] | None = None,
    *,
    help: str,  # noqa: A002
    unit: str | None = None,
    deployed: Callable[[Any], Any] | None = None,
    advised: Callable[[Any], Any] | None = None,
) -> Any:
    """Declare a setting of a `Settings` class; without a default it must be given.

    :param validate: raises marshmallow's `ValidationError`, which quotes nothing of the value.
    :param help: what it is, in Markdown, with links as seen from docs/: its row in docs/settings.md.
    :param unit: what a number of it counts: seconds, bytes, MiB, days.
    :param deployed: another `validate`, of the default, too, which counts everywhere but in development: it
        refuses what is for somebody's own machine, and stops the start.
    :param advised: the same, for what is worth a warning.
    """
    metadata = {"validate": validate, "help": help, "unit": unit, "deployed": deployed, "advised": advised}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)
