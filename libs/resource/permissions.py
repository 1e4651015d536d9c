"""What a caller may do with a resource: asked first of the action, then of the row it is about.

A permission answers two questions: may this caller do this at all, and may they do it with this row::

    class OnWorkdays(Permission):
        def has_permission(self, caller: Caller | None, action: str) -> bool:
            return datetime.now(UTC).weekday() < 5

    permissions = (IsAuthenticated, IsOwner("author") | HasScopes("posts:moderate"), ~OnWorkdays)

All permissions of a resource must allow. They compose with ``&``, ``|`` and ``~``, as instances and as
classes that take no arguments. A composition is one statement about the action and the row together:
``A | B`` allows what A or B allows in both answers, and never mixes the one's answer to the action with the
other's to the row.

Retrieve, update, replace and delete are about a row that is stored, create about the one that is to be.
Elsewhere the answer to the action decides alone: ``IsOwner("author")`` lets a signed-in caller list, and so
``~IsOwner("author")`` does not.

What an update or a replace would make of a row is a third question, which all answer as they did for the row
that is stored, but for those that judge the result (`has_result_permission`): nobody gives away by a change
what is theirs by `IsOwner`.
"""

import inspect
from collections.abc import Collection, Iterable
from typing import Any, ClassVar

from pynamodb.models import Model

from libs.errors import Forbidden, Problem, Unauthorized
from libs.jwt import Caller

READING = frozenset({"list", "retrieve", "group", "stats", "sample"})
ON_ROW = frozenset({"create", "retrieve", "update", "replace", "delete"})
ACTIONS = READING | ON_ROW
"""The names of what a resource can be asked to do."""


class _Composable(type):
    """Lets classes of permissions compose as their instances do."""

    def __and__(cls, other: Any) -> Any:
        return _made(cls) & other if _is_permission(other) else NotImplemented

    def __or__(cls, other: Any) -> Any:  # with anything else it makes a type for an annotation
        return _made(cls) | other if _is_permission(other) else super().__or__(other)

    def __invert__(cls) -> Any:
        return ~_made(cls)


class Permission(metaclass=_Composable):
    """Allows everything; override what is to be decided.

    Both answers are a bool; anything else is a `TypeError`, for a coroutine or a forgotten ``return`` must
    not pass for an answer. A `Problem` that either raises is what the client is told, also in a composition;
    any other exception is a 500.
    """

    def has_permission(self, caller: Caller | None, action: str) -> bool:
        """Tell whether `caller` may do this.

        :param caller: None where nobody is known.
        :param action: one of `ACTIONS`.
        """
        return True

    def has_object_permission(self, caller: Caller | None, action: str, item: Model) -> bool:
        """Tell whether `caller`, who has the permission for the action, may do it with `item`.

        :param item: the row as it is stored; that of a create as it is to be.
        """
        return True

    def has_result_permission(self, caller: Caller | None, action: str, item: Model, changed: Model) -> bool:
        """Tell whether `caller`, who has the permission for `item`, may make `changed` of it.

        Asked before an update or a replace is written. Where it is not overridden the row as it is stored
        decides again.

        :param changed: the row as it is to be.
        """
        return self.has_object_permission(caller, action, item)

    def reason(self, caller: Caller | None, action: str) -> str | None:
        """Return the sentence the client is told after a refusal; None for none."""
        return None

    def denied(self, caller: Caller | None, action: str) -> Problem:
        """Return the problem of a refusal: 401 where nobody is known, else 403."""
        return Unauthorized() if caller is None else Forbidden(self.reason(caller, action))

    def check_model(self, model: type[Model]) -> None:
        """:raises TypeError: if rows of `model` cannot be judged; called at start."""

    @property
    def needs_object(self) -> bool:
        """Whether it can refuse a row, so that the row must be read before."""
        looks = type(self).has_object_permission is not Permission.has_object_permission
        return looks or self.needs_result

    @property
    def needs_result(self) -> bool:
        """Whether it can refuse what a change makes of a row it admitted."""
        return type(self).has_result_permission is not Permission.has_result_permission

    def __and__(self, other: "Permission | type[Permission]") -> "Permission":
        return _All(self, as_permission(other)) if _is_permission(other) else NotImplemented

    def __or__(self, other: "Permission | type[Permission]") -> "Permission":
        return _Any(self, as_permission(other)) if _is_permission(other) else NotImplemented

    def __invert__(self) -> "Permission":
        return _Not(self)


class _Composed(Permission):
    def __init__(self, *parts: Permission) -> None:
        self.parts = parts

    def check_model(self, model: type[Model]) -> None:
        for part in self.parts:
            part.check_model(model)

    @property
    def needs_object(self) -> bool:
        return any(part.needs_object for part in self.parts)

    @property
    def needs_result(self) -> bool:
        return any(part.needs_result for part in self.parts)

    def _reasons(self, caller: Caller | None, action: str, parts: Iterable[Permission]) -> list[str]:
        found = (part.reason(caller, action) for part in parts)
        return list(dict.fromkeys(text for text in found if text))


class _All(_Composed):
    def has_permission(self, caller: Caller | None, action: str) -> bool:
        return all(_allows(part, caller, action) for part in self.parts)

    def has_object_permission(self, caller: Caller | None, action: str, item: Model) -> bool:
        return all(_allows_object(part, caller, action, item) for part in self.parts)

    def has_result_permission(self, caller: Caller | None, action: str, item: Model, changed: Model) -> bool:
        return all(_allows_result(part, caller, action, item, changed) for part in self.parts)

    def reason(self, caller: Caller | None, action: str) -> str | None:
        refusing = [part for part in self.parts if not _allows(part, caller, action)]
        doubtful = refusing or [part for part in self.parts if part.needs_object]
        return next(iter(self._reasons(caller, action, doubtful)), None)


class _Any(_Composed):
    def has_permission(self, caller: Caller | None, action: str) -> bool:
        return any(_allows(part, caller, action) for part in self.parts)

    def has_object_permission(self, caller: Caller | None, action: str, item: Model) -> bool:
        return any(_allows_both(part, caller, action, item) for part in self.parts)

    def has_result_permission(self, caller: Caller | None, action: str, item: Model, changed: Model) -> bool:
        return any(
            _allows(part, caller, action) and _allows_result(part, caller, action, item, changed)
            for part in self.parts
        )

    def reason(self, caller: Caller | None, action: str) -> str | None:
        return " Or: ".join(self._reasons(caller, action, self.parts)) or None


class _Not(_Composed):
    def has_permission(self, caller: Caller | None, action: str) -> bool:
        # What the row will decide must not be refused before it is known.
        (part,) = self.parts
        return (action in ON_ROW and part.needs_object) or not _allows(part, caller, action)

    def has_object_permission(self, caller: Caller | None, action: str, item: Model) -> bool:
        return not _allows_both(self.parts[0], caller, action, item)

    def has_result_permission(self, caller: Caller | None, action: str, item: Model, changed: Model) -> bool:
        (part,) = self.parts
        return not (_allows(part, caller, action) and _allows_result(part, caller, action, item, changed))


class AllowAny(Permission):
    """Everybody, known or not."""


class IsAuthenticated(Permission):
    """Whoever is known."""

    def has_permission(self, caller: Caller | None, action: str) -> bool:
        return caller is not None


class ReadOnly(Permission):
    """Nobody changes anything."""

    def has_permission(self, caller: Caller | None, action: str) -> bool:
        return action in READING

    def reason(self, caller: Caller | None, action: str) -> str | None:
        return "This resource can only be read."


class _Has(Permission):
    """Whoever has all of some names; the names are of a kind.

    :param actions: the actions they are needed for; None for all.
    :raises TypeError: without a name, and for an action there is not.
    """

    _kind: ClassVar[str]
    _refusal: ClassVar[str]

    def __init__(self, *names: str, actions: Collection[str] | None = None) -> None:
        own = type(self).__name__
        if not names or isinstance(actions, str):
            raise TypeError(f"{own} takes the {self._kind}s that are needed, and a collection of actions")
        unknown = sorted(set(actions or ()) - ACTIONS)
        if unknown:
            raise TypeError(f"{own}: there is no action {', '.join(unknown)}")
        self._names = frozenset(names)
        self._actions = None if actions is None else frozenset(actions)

    def _held(self, caller: Caller) -> frozenset[str]:
        raise NotImplementedError

    def has_permission(self, caller: Caller | None, action: str) -> bool:
        if self._actions is not None and action not in self._actions:
            return True
        return caller is not None and self._names <= self._held(caller)

    def reason(self, caller: Caller | None, action: str) -> str | None:
        missing = self._names - (self._held(caller) if caller else frozenset())
        return f"{self._refusal} {' '.join(sorted(missing))}." if missing else None


class HasScopes(_Has):
    """Whoever's token has all of these scopes."""

    _kind = "scope"
    _refusal = "The token lacks the scope"

    def _held(self, caller: Caller) -> frozenset[str]:
        return caller.scopes


class HasRoles(_Has):
    """Whoever has all of these roles."""

    _kind = "role"
    _refusal = "The caller lacks the role"

    def _held(self, caller: Caller) -> frozenset[str]:
        return caller.roles


class IsOwner(Permission):
    """Whoever's id is an attribute of the row, and stays it when the row is changed.

    Who creates a row must be its owner. For actions that are not about a row it is whoever is known.

    :param attribute: the name of the attribute that holds the owner's id.
    """

    def __init__(self, attribute: str) -> None:
        self._attribute = attribute

    def check_model(self, model: type[Model]) -> None:
        if self._attribute not in model.get_attributes():
            raise TypeError(f"IsOwner: {model.__name__} has no attribute {self._attribute!r}")

    def has_permission(self, caller: Caller | None, action: str) -> bool:
        return caller is not None

    def has_object_permission(self, caller: Caller | None, action: str, item: Model) -> bool:
        return caller is not None and bool(caller.subject == getattr(item, self._attribute))

    def has_result_permission(self, caller: Caller | None, action: str, item: Model, changed: Model) -> bool:
        return self.has_object_permission(caller, action, changed)

    def reason(self, caller: Caller | None, action: str) -> str | None:
        return "Only its owner may do this." if action in ON_ROW else None


def as_permission(given: Any) -> Permission:
    """Return a permission: `given` itself, or of a class the instance that is made without arguments.

    :raises TypeError: if it is none, needs arguments, or could not be asked; called at start.
    """
    if isinstance(given, type) and issubclass(given, Permission):
        given = _made(given)
    if not isinstance(given, Permission):
        raise TypeError(f"{given!r} is no permission: derive its class from Permission")
    asked = {"has_permission": 2, "has_object_permission": 3, "has_result_permission": 4}
    for name, arguments in asked.items():
        method = getattr(given, name)
        try:
            inspect.signature(method).bind(*[None] * arguments)
        except TypeError as error:
            raise TypeError(f"{type(given).__name__}.{name} cannot be asked: {error}") from None
        if inspect.iscoroutinefunction(method):
            raise TypeError(f"{type(given).__name__}.{name} is async, and would never be waited for")
    return given


def as_permissions(given: Any) -> tuple[Permission, ...]:
    """Return what a resource declares, one permission or several of them, as a tuple.

    :raises TypeError: see `as_permission`.
    """
    if _is_permission(given):
        return (as_permission(given),)
    if not isinstance(given, Iterable) or isinstance(given, str):
        raise TypeError(f"{given!r} is no permission, nor a tuple of permissions")
    return tuple(as_permission(one) for one in given)


def admit(permissions: Iterable[Permission], caller: Caller | None, action: str) -> None:
    """Let an action pass that all permissions allow.

    :raises Unauthorized: if one refuses and nobody is known.
    :raises Forbidden: if one refuses the caller.
    """
    for permission in permissions:
        if not _allows(permission, caller, action):
            raise permission.denied(caller, action)


def admit_object(permissions: Iterable[Permission], caller: Caller | None, action: str, item: Model) -> None:
    """Let an action that was admitted pass with `item` if all permissions allow that, too.

    :raises Unauthorized: if one refuses and nobody is known.
    :raises Forbidden: if one refuses the caller.
    """
    for permission in permissions:
        if permission.needs_object and not _allows_object(permission, caller, action, item):
            raise permission.denied(caller, action)


def admit_result(
    permissions: Iterable[Permission], caller: Caller | None, action: str, item: Model, changed: Model
) -> None:
    """Let a change of a row that was admitted pass if all permissions allow what it makes of the row.

    :raises Unauthorized: if one refuses and nobody is known.
    :raises Forbidden: if one refuses the caller.
    """
    for permission in permissions:
        if permission.needs_result and not _allows_result(permission, caller, action, item, changed):
            raise permission.denied(caller, action)


def _made(kind: type) -> Any:
    try:
        return kind()
    except TypeError as error:
        raise TypeError(f"{kind.__name__} is no permission without arguments: {error}") from None


def _is_permission(given: object) -> bool:
    return isinstance(given, Permission) or (isinstance(given, type) and issubclass(given, Permission))


def _allows(permission: Permission, caller: Caller | None, action: str) -> bool:
    return _bool(permission, "has_permission", permission.has_permission(caller, action))


def _allows_object(permission: Permission, caller: Caller | None, action: str, item: Model) -> bool:
    answer = permission.has_object_permission(caller, action, item)
    return _bool(permission, "has_object_permission", answer)


def _allows_result(
    permission: Permission, caller: Caller | None, action: str, item: Model, changed: Model
) -> bool:
    answer = permission.has_result_permission(caller, action, item, changed)
    return _bool(permission, "has_result_permission", answer)


def _allows_both(permission: Permission, caller: Caller | None, action: str, item: Model) -> bool:
    return _allows(permission, caller, action) and _allows_object(permission, caller, action, item)


def _bool(permission: Permission, method: str, answer: object) -> bool:
    if not isinstance(answer, bool):
        kind = type(answer).__name__
        raise TypeError(f"{type(permission).__name__}.{method} answered a {kind} instead of True or False")
    return answer
