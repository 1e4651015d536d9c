"""The tables of docs/settings.md: every setting, from the fields that declare it."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from marshmallow.validate import OneOf, Range

from libs.service.settings.declaring import PREFIX, Secret
from libs.service.settings.every_service import Settings
from libs.service.settings.types_of import types_of

MARK = "<!-- What follows is written by `make contracts`, from the fields of `Settings`. -->"
_HEAD = "| key | variable | type | default | what it is |\n|---|---|---|---|---|"
_TYPES: Mapping[Any, str] = {str: "text", int: "int", float: "float", bool: "bool", Secret: "secret"}


def settings_page(text: str, services: Mapping[str, type[Settings]]) -> str:
    """Return the page `text` with its tables made anew; what stands above `MARK` is kept.

    :param services: the classes of settings of all services, by name.
    :raises ValueError: if `text` has no `MARK`.
    """
    introduction, mark, _ = text.partition(MARK)
    if not mark:
        raise ValueError(f"docs/settings.md has no line {MARK}")
    tables = [_table("Every service", Settings, fields(Settings))]
    for name, kind in sorted(services.items()):
        if own := [one for one in fields(kind) if not _is_common(one)]:
            tables.append(_table(name, kind, own))
    return f"{introduction}{MARK}\n\n" + "\n\n".join(tables) + "\n"


def _is_common(one: Field[Any]) -> bool:
    """Return whether every service has just this setting; one may want it of another kind."""
    common = Settings.__dataclass_fields__.get(one.name)
    return common is not None and common.metadata is one.metadata and common.default is one.default


def _table(heading: str, kind: type[Settings], shown: Iterable[Field[Any]]) -> str:
    types = types_of(kind)
    return "\n".join([f"## {heading}", "", _HEAD, *(_row(one, types[one.name]) for one in shown)])


def _row(one: Field[Any], type_: Any) -> str:
    cells = [
        f"`{one.name}`",
        f"`{PREFIX}{one.name.upper()}`",
        ", ".join(_kind(one, type_)),
        _default(one.default),
        one.metadata["help"].replace("|", "\\|"),
    ]
    return "| " + " | ".join(cells).replace("|  |", "| |") + " |"


def _kind(one: Field[Any], type_: Any) -> Iterable[str]:
    yield _TYPES[type_]
    match one.metadata["validate"]:
        case Range(min=least, max=None):
            yield f"≥ {least}"
        case Range(min=least, max=most):
            yield f"{least} to {most}"
        case OneOf(choices=choices):
            yield " or ".join(f"`{choice}`" for choice in choices)
    if one.metadata["unit"]:
        yield one.metadata["unit"]


def _default(default: object) -> str:
    if default is MISSING:
        return "required"
    if default is None:
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
