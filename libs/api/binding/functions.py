"""Finding what a contract names: ``services.auth.handlers.log_in``."""

import importlib
import pkgutil
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from libs.api.document.errors import suggestion


class NoModule(LookupError):
    """A name whose module is not there."""


class NotImported(LookupError):
    """A module that is there, and fails when it is imported."""


def find(name: object) -> Any:
    """Return what a dotted name stands for, importing its module.

    :raises LookupError: if there is no such module or nothing of that name in it, with a near miss; or if the
        module cannot be imported, with the line that fails.
    """
    if not isinstance(name, str) or not all(part.isidentifier() for part in name.split(".")):
        raise LookupError(f"{name!r} is no name of a function: services.<service>.handlers.<function>")
    module_name, _, attribute = name.rpartition(".")
    if not module_name:
        raise LookupError(f"{name!r} has no module before it: services.<service>.handlers.{name}")
    module = _module(module_name)
    try:
        return getattr(module, attribute)
    except AttributeError:
        public = [one for one in vars(module) if not one.startswith("_")]
        raise LookupError(
            f"there is no {attribute!r} in {_file(module)}{suggestion(attribute, public)}"
        ) from None


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        if not isinstance(error, ModuleNotFoundError) or not f"{name}.".startswith(f"{error.name}."):
            raise NotImported(f"{name} cannot be imported: {_told(error)}") from error
        missing = str(error.name)
    parent, _, child = missing.rpartition(".")
    around = _module(parent) if parent else None
    if hasattr(around, child):
        raise LookupError(f"{missing} is no module, and what is inside of it cannot be named here")
    siblings = [one.name for one in pkgutil.iter_modules(getattr(around, "__path__", ()))]
    raise NoModule(f"there is no module {missing}{suggestion(child, siblings)}")


def _told(error: Exception) -> str:
    """Return what an exception says, and the line of the module that could not be done."""
    if isinstance(error, SyntaxError):
        return f"{_short(str(error.filename))}:{error.lineno}: {error.msg}"
    # What a module does when it is imported, and not what it calls for that.
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.name == "<module>"]
    place = f"{_short(frames[-1].filename)}:{frames[-1].lineno}: " if frames else ""
    return f"{place}{type(error).__name__}: {error}"


def _file(module: ModuleType) -> str:
    file = getattr(module, "__file__", None)
    return _short(file) if file else module.__name__


def _short(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file
