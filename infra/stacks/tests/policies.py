"""Whether IAM would allow a call, by the policies of one role: as much of its language as the templates use.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Context = Mapping[str, str | Sequence[str]]


def allowed(statements: Sequence[Mapping[str, Any]], action: str, resource: str, context: Context) -> bool:
    """Return whether some statement allows the call and none denies it.

    Raises:
        KeyError: a statement has a condition, or a member, that is not known here.
    """
    said = {one["Effect"] for one in statements if _meets(one, action, resource, context)}
    return said == {"Allow"}


def _meets(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    if unknown := set(statement) - {"Sid", "Effect", "Action", "Resource", "Condition"}:
        raise KeyError(f"not known here: {unknown}")
    return (
        # Names of actions know no case, ARNs do.
        any(_like(one.lower(), action.lower()) for one in several(statement["Action"]))
        and any(_like(one, resource) for one in several(statement["Resource"]))
        and all(
            _condition(operator, key, several(values), context)
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        )
    )


def _condition(operator: str, key: str, wanted: Sequence[str], context: Context) -> bool:
    found = context.get(key)
    if operator.endswith("IfExists"):
        if found is None:
            return True
        operator = operator.removesuffix("IfExists")
    if operator.startswith("ForAllValues:"):
        each = several(found) if found is not None else []  # true of nothing, as in IAM
        compare = _OPERATORS[operator.removeprefix("ForAllValues:")]
        return all(any(compare(pattern, one) for pattern in wanted) for one in each)
    compare = _OPERATORS[operator]
    return found is not None and any(compare(pattern, str(found)) for pattern in wanted)


def _like(pattern: str, text: str) -> bool:
    parts = (re.escape(part).replace(r"\*", ".*").replace(r"\?", ".") for part in [pattern])
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _same(wanted: str, text: str) -> bool:
    return wanted == text


_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _same,
    "StringLike": _like,
    "ArnLike": _like,
}


def several(value: Any) -> Sequence[str]:
    """Return the texts of a member that may be one of them alone."""
    return [value] if isinstance(value, str) else list(value)
