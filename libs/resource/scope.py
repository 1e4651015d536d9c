"""Whose rows a caller may see: a scope fixes the partition that every read and write is made in."""

from typing import Protocol

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from libs.jwt import Caller


class Scope(Protocol):
    """A scope is asked once for every request and cannot be argued with by anything the client sends."""

    def check(self, model: type[Model]) -> None:
        """:raises TypeError: if `model` cannot be scoped like this; called at start."""

    def hidden(self) -> frozenset[str]:
        """Return the attributes the client neither sees nor sends."""

    def partition(self, caller: Caller) -> str:
        """Return the hash key of the caller's rows."""


class OwnedBy:
    """Rows belong to the user whose id is their hash key.

    :param attribute: the name of the hash key.
    """

    def __init__(self, attribute: str) -> None:
        self._attribute = attribute

    def check(self, model: type[Model]) -> None:
        keys = [name for name, one in model.get_attributes().items() if one.is_hash_key]
        ranges = [one for one in model.get_attributes().values() if one.is_range_key]
        if keys != [self._attribute] or not any(isinstance(one, UnicodeAttribute) for one in ranges):
            raise TypeError(
                f"{model.__name__} needs {self._attribute!r} as its hash key, and a text as its range key"
            )

    def hidden(self) -> frozenset[str]:
        return frozenset({self._attribute})

    def partition(self, caller: Caller) -> str:
        return caller.subject
