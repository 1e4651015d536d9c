"""How rows were found, as ``explain=true`` tells it: of the scope only that there was one."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from libs.resource.query.derived import DerivedAttribute
from libs.resource.query.plan import Plan, Range
from libs.resource.query.where import TRUE, Exists, Expression, Test, conjuncts, fields_of

if TYPE_CHECKING:
    from libs.resource.resource import Question, Resource

_FALLING, _RISING = ("$lt", "$lte"), ("$gt", "$gte")


def explain(
    resource: "Resource",
    question: "Question",
    *,
    examined: int,
    returned: int,
    capacity: float,
    by_totals: bool = False,
) -> dict[str, Any]:
    """Return how a question was answered and what it cost.

    :param examined: rows, or totals, that were read.
    :param returned: rows, values or fields that are told of.
    :param capacity: read units.
    :param by_totals: whether totals answered it and its plan was not needed.
    """
    plan, scope = question.plan, question.extent.expression
    told: dict[str, Any] = {"plan": "totals", "index": None, "key_condition": None, "filter": None}
    if not by_totals:
        told = {**plan.explain(_hidden(resource, scope)), "filter": _filter(resource, question)}
    cost = {"examined": examined, "returned": returned, "capacity": capacity}
    return {**told, "scope": scope != TRUE, **cost}


def _hidden(resource: "Resource", scope: Expression) -> set[str]:
    """Return the attributes that tell what the scope says: those it is about, and what is derived of them."""
    about = fields_of(scope)
    attributes = resource.store.codec.attributes.items()
    return {
        *about,
        *(name for name, one in attributes if isinstance(one, DerivedAttribute) and one.source in about),
    }


def _filter(resource: "Resource", question: "Question") -> dict[str, Any] | None:
    """Return what each row that is read is still tested by, of a client's ``where``; None for nothing."""
    if question.where is None or question.plan.kind == "nothing":
        return None
    hidden = _hidden(resource, question.extent.expression)

    def is_answered(node: Mapping[str, Any]) -> bool:
        parts = conjuncts(resource.where.read(node))
        # What the scope made of the key tells, by what it answers, what the scope says.
        return all(hidden.isdisjoint(fields_of(one)) and _answers(question.plan, one) for one in parts)

    return _left(orjson.loads(question.where), is_answered) or None


def _left(node: Mapping[str, Any], is_answered: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """Return what is left of an expression without what is answered of it."""
    left: dict[str, Any] = {}
    for name, value in node.items():
        if is_answered({name: value}):
            continue
        if name == "$and":
            left[name] = [part for one in value if (part := _left(one, is_answered))]
        elif isinstance(value, Mapping) and not name.startswith("$"):
            left[name] = {sign: one for sign, one in value.items() if not is_answered({name: {sign: one}})}
        else:
            left[name] = value
    return left


def _answers(plan: Plan, one: Expression) -> bool:
    """Tell whether the key condition of a plan holds for no row but those an expression holds for."""
    if plan.kind == "scan" or not isinstance(one, Test | Exists):
        return False
    if one.field == plan.access.hash:
        return all(one.matches({one.field: segment.hash}.get) for segment in plan.segments)
    if one.field != plan.access.range:
        return False
    if isinstance(one, Exists):  # a row without its key is not there to be read
        return one.wanted
    return all(segment.range is not None and _is_within(segment.range, one) for segment in plan.segments)


def _is_within(stretch: Range, test: Test) -> bool:
    """Tell whether a test holds all over a stretch of a range key."""
    name, (first, *rest) = test.operator.name, stretch.operands
    holds = [test.matches({test.field: value}.get) for value in (first, *rest)]
    is_falling = name in (_RISING if test.negated else _FALLING)
    is_rising = name in (_FALLING if test.negated else _RISING)
    match stretch.operator:
        case "=":
            return holds[0]
        case "between":
            is_whole = is_falling or is_rising or (name == "$between" and not test.negated)
            return is_whole and all(holds)
        case "begins_with":
            return name == "$startswith" and not test.negated and holds[0]
        case "<" | "<=" as sign:
            return is_falling and (holds[0] or (sign == "<" and test.operand == first))
        case _ as sign:
            return is_rising and (holds[0] or (sign == ">" and test.operand == first))
