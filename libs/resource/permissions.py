"""What a caller may do with a resource, before any row is looked at."""

from typing import Protocol

from libs.errors import Forbidden
from libs.jwt import Caller


class Permission(Protocol):
    """All permissions of a resource must allow an action."""

    def check(self, action: str, caller: Caller) -> None:
        """:param action: ``list``, ``create``, ``retrieve``, ``update`` or ``delete``.
        :raises Forbidden: if the caller may not.
        """


class ReadOnly:
    """Nobody changes anything."""

    def check(self, action: str, caller: Caller) -> None:
        if action not in ("list", "retrieve"):
            raise Forbidden("This resource can only be read.")


class HasScopes:
    """Whoever's token has all of these scopes.

    :param actions: the actions they are needed for; None for all.
    """

    def __init__(self, *scopes: str, actions: frozenset[str] | None = None) -> None:
        self._scopes = scopes
        self._actions = actions

    def check(self, action: str, caller: Caller) -> None:
        if self._actions is None or action in self._actions:
            caller.require_scopes(*self._scopes)
