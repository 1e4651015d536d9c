"""Whose rows, and what may be done with them."""

import pytest
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from libs.errors import Forbidden
from libs.jwt import Caller
from libs.resource import CursorSigner, HasScopes, ModelResource, OwnedBy, ReadOnly

ACTIONS = ("list", "create", "retrieve", "update", "delete")
ADA = Caller("ada", frozenset({"books:read"}))


class Owned(Model):
    """Can be scoped by its owner."""

    class Meta:
        table_name = "owned"

    owner = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class Flat(Model):
    """Has no range key."""

    class Meta:
        table_name = "flat"

    owner = UnicodeAttribute(hash_key=True)


class Numbered(Model):
    """Its keys are numbers."""

    class Meta:
        table_name = "numbered"

    owner = UnicodeAttribute(hash_key=True)
    number = NumberAttribute(range_key=True)


def test_the_partition_is_the_callers_and_its_key_is_hidden() -> None:
    scope = OwnedBy("owner")
    scope.check(Owned)
    assert scope.partition(ADA) == "ada"
    assert scope.hidden() == {"owner"}


@pytest.mark.parametrize(
    ("model", "attribute"), [(Owned, "id"), (Owned, "user"), (Flat, "owner"), (Numbered, "owner")]
)
def test_a_model_that_cannot_be_scoped_stops_the_start(model: type[Model], attribute: str) -> None:
    class Resource(ModelResource):
        pass

    Resource.model, Resource.scope = model, OwnedBy(attribute)
    with pytest.raises(TypeError, match=f"{model.__name__} needs '{attribute}' as its hash key"):
        Resource(CursorSigner("x" * 32))


def test_read_only_allows_to_look_and_nothing_else() -> None:
    for action in ("list", "retrieve"):
        ReadOnly().check(action, ADA)
    for action in ("create", "update", "delete", "something new"):
        with pytest.raises(Forbidden):
            ReadOnly().check(action, ADA)


@pytest.mark.parametrize("action", ACTIONS)
def test_scopes_are_needed_for_all_actions_unless_some_are_named(action: str) -> None:
    HasScopes("books:read").check(action, ADA)
    with pytest.raises(Forbidden, match="books:write"):
        HasScopes("books:read", "books:write").check(action, ADA)


def test_scopes_can_be_needed_for_some_actions() -> None:
    permission = HasScopes("books:write", actions=frozenset({"create", "delete"}))
    for action in ("list", "retrieve", "update"):
        permission.check(action, ADA)
    for action in ("create", "delete"):
        with pytest.raises(Forbidden):
            permission.check(action, ADA)


def test_every_permission_of_a_resource_must_allow() -> None:
    class Strict(ModelResource):
        model = Owned
        scope = OwnedBy("owner")
        permissions = (HasScopes("books:read"), ReadOnly())

    strict = Strict(CursorSigner("x" * 32))
    assert strict.admit("list", ADA) == "ada"
    with pytest.raises(Forbidden, match="only be read"):
        strict.admit("create", ADA)
    with pytest.raises(Forbidden, match="books:read"):
        strict.admit("list", Caller("eve"))
