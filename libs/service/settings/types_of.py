"""The types of settings."""

import types
import typing
from typing import Any


def types_of(kind: type) -> dict[str, Any]:
    """Return the type of each setting of a class: `X` where it may be `X | None`."""
    return {name: _bare(hint) for name, hint in typing.get_type_hints(kind).items()}


def _bare(hint: Any) -> Any:
    if isinstance(hint, types.UnionType):
        return next(one for one in typing.get_args(hint) if one is not types.NoneType)
    return hint
