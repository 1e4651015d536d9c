"""Whose rows a caller may see: every read and every write of a resource is made within its scope.

A scope is asked once for a request and cannot be argued with by anything the client sends. It is part of the
expression that reads are planned for, a condition of each write, and what the new values of a row are held
against, so that nobody moves a row out of their own sight.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from libs.errors import InvalidParameters, Unauthorized
from libs.jwt import Caller
from libs.resource.query.operators import OPERATORS
from libs.resource.query.where import TRUE, Expression, Test, WhereParser, all_of


@dataclass(frozen=True)
class Extent:
    """The rows one caller may reach.

    :param fixed: what all of them have in common, and each new one gets.
    :param expression: what else holds for them; `fixed` becomes part of it.
    """

    fixed: Mapping[str, Any] = field(default_factory=dict)
    expression: Expression = TRUE

    def __post_init__(self) -> None:
        tests = [Test(name, OPERATORS["$eq"], value, negated=False) for name, value in self.fixed.items()]
        object.__setattr__(self, "expression", all_of(*tests, self.expression))

    @classmethod
    def of(cls, fixed: Mapping[str, Any], further: Expression = TRUE) -> "Extent":
        """Return the extent of the rows with these values, for which `further` holds, too."""
        return cls(fixed, further)


class Scope:
    """Whose rows a caller may reach: what a subclass says.

    `fixes` are the attributes that every row in the scope has the same value of: clients neither see nor send
    them, and one that is part of the table's key is not part of a row's path.
    """

    fixes: tuple[str, ...] = ()

    def check(self, model: type[Model]) -> None:
        """:raises TypeError: if `model` cannot be scoped like this; called at start."""
        unknown = sorted(set(self.fixes) - set(model.get_attributes()))
        if unknown:
            raise TypeError(f"{model.__name__} has no attribute {', '.join(unknown)} to be scoped by")

    def extent(self, caller: Caller | None, where: WhereParser) -> Extent:
        """Return the rows the caller may reach.

        :param where: reads expressions over the fields of the representation.
        :raises Unauthorized: if it takes a caller and there is none.
        """
        raise NotImplementedError


class Everyone(Scope):
    """All rows, for whoever the permissions let."""

    def extent(self, caller: Caller | None, where: WhereParser) -> Extent:
        return Extent()


class OwnedBy(Scope):
    """Rows belong to the user whose id is in `attribute`.

    As the table's hash key it costs nothing: each user has a partition. As another attribute it does where an
    index begins with it.

    ::

        scope = OwnedBy("owner", where={"deleted": {"$ne": True}})

    :param where: which of them are reached at all: an expression as parsed JSON; see `Within`.
    """

    def __init__(self, attribute: str, *, where: Mapping[str, Any] | None = None) -> None:
        self._attribute = attribute
        self._where = where
        self.fixes = (attribute,)

    def check(self, model: type[Model]) -> None:
        """:raises TypeError: if there is no such attribute, or it holds no text, as ids are."""
        super().check(model)
        if not isinstance(model.get_attributes()[self._attribute], UnicodeAttribute):
            raise TypeError(f"{model.__name__}.{self._attribute} holds no text, and so no caller's id")

    def extent(self, caller: Caller | None, where: WhereParser) -> Extent:
        further = TRUE if self._where is None else _expression(self._where, where)
        return Extent.of({self._attribute: known(caller).subject}, further)


class Within(Scope):
    """The rows for which an expression of the where language holds, made for each caller.

    ::

        scope = Within(lambda caller: {"$or": [{"owner": caller.subject}, {"shared": True}]})

    :param make: takes the caller, None where nobody is known, and returns the expression as parsed JSON. It
        may ask only what DynamoDB can be asked, since it is a condition of writes: no `$like`, `$ilike`,
        `$icontains`, `$geo.*`.
    """

    def __init__(self, make: Callable[[Any], Mapping[str, Any]]) -> None:
        self._make = make

    def extent(self, caller: Caller | None, where: WhereParser) -> Extent:
        return Extent({}, _expression(self._make(caller), where))


def _expression(node: Mapping[str, Any], where: WhereParser) -> Expression:
    # What was looked up for a caller and not found is no reason to show everybody's rows, or those of nobody.
    if node == {} or (node and _holds_null(node)):
        raise TypeError('the scope is empty or asks for null: say Everyone(), or {"$exists": false}')
    try:
        return where.read(node, "scope")
    except InvalidParameters as problem:
        # Our own expression, and no fault of the client's.
        told = "; ".join(fault.detail for fault in problem.errors)
        raise TypeError(f"the scope is no expression: {told}") from None


def _holds_null(node: Any) -> bool:
    if isinstance(node, Mapping):
        return any(_holds_null(one) for one in node.values())
    if isinstance(node, list | tuple):
        return any(_holds_null(one) for one in node)
    return node is None


def known(caller: Caller | None) -> Caller:
    """Return the caller.

    :raises Unauthorized: if there is none.
    """
    if caller is None:
        raise Unauthorized
    return caller
