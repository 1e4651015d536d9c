"""What is behind an error of JSON Schema: of several possible forms, the faults of the one that was meant."""

from typing import Any, NamedTuple

_DECIDING: dict[str | int, int] = {"in": 3, "type": 1, "flow": 1, "scheme": 1}
"""Keys that say which of several forms an object has, and how much a wrong value speaks against one."""
_NOT_THIS_FORM = 10


class Cause(NamedTuple):
    """One thing that is wrong.

    :ivar way: the steps to the value.
    :ivar rule: the steps to the keyword of the schema that it breaks.
    :ivar name: that keyword.
    :ivar details: what the keyword says, as jsonschema_rs has it.
    """

    way: tuple[str | int, ...]
    rule: tuple[str | int, ...]
    name: str
    details: dict[str, Any]
    value: Any
    message: str


def causes(error: Any) -> list[Cause]:
    """Return what is behind an error of jsonschema_rs, `anyOf` and `oneOf` followed into the likeliest."""
    here = tuple(error.instance_path)
    branches = [
        [cause for one in branch for cause in causes(one)] for branch in getattr(error.kind, "context", ())
    ]
    branches = [branch for branch in branches if branch]
    if not branches:
        kind = error.kind
        details = kind.as_dict() if kind.name != "propertyNames" else {"key": kind.error.instance}
        return [Cause(here, tuple(error.schema_path), kind.name, details, error.instance, error.message)]
    best = min(
        branches, key=lambda branch: (_misses(branch, here), len(branch), -max(len(c.way) for c in branch))
    )
    decided = [cause for cause in best if _decides(cause, here)]
    rivals = [branch for branch in branches if _ways(branch, here) == _ways(best, here)]
    if not decided or len(rivals) == 1:
        return best
    return [_with_options_of(cause, rivals) for cause in decided]


def _decides(cause: Cause, here: tuple[str | int, ...]) -> bool:
    at_key = cause.way[:-1] == here and cause.way[-1:] and cause.way[-1] in _DECIDING
    return bool(at_key) and cause.name in ("enum", "const")


def _ways(branch: list[Cause], here: tuple[str | int, ...]) -> set[tuple[str | int, ...]]:
    return {cause.way for cause in branch if _decides(cause, here)}


def _misses(branch: list[Cause], here: tuple[str | int, ...]) -> int:
    """Return how far a branch is from being the form that was meant."""
    misses = 0
    for cause in branch:
        if _decides(cause, here):
            misses += _DECIDING[cause.way[-1]]
        elif cause.way == here:
            missing, unexpected = cause.details.get("property"), cause.details.get("unexpected", ())
            misses += cause.name == "type" or missing in _DECIDING
            # With `$ref` it is a reference, without it is none.
            if missing == "$ref" or "$ref" in unexpected:
                misses += _NOT_THIS_FORM
    return misses


def _with_options_of(cause: Cause, rivals: list[list[Cause]]) -> Cause:
    others = [other for branch in rivals for other in branch if other.way == cause.way]
    options = dict.fromkeys(option for other in others for option in allowed(other))
    return cause._replace(name="enum", details={"options": list(options)})


def allowed(cause: Cause) -> list[Any]:
    """Return the values that an `enum` or a `const` allows."""
    return (
        list(cause.details.get("options", ())) if cause.name != "const" else [cause.details["expected_value"]]
    )
