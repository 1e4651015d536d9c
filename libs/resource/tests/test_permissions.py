"""Who may do what: the two questions, their compositions, and what a refusal tells."""

from collections.abc import Callable
from itertools import product
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from libs.errors import Forbidden, NotFound, Problem, Unauthorized
from libs.jwt import Caller
from libs.resource.permissions import (
    ACTIONS,
    ON_ROW,
    AllowAny,
    HasRoles,
    HasScopes,
    IsAuthenticated,
    IsOwner,
    Permission,
    ReadOnly,
    admit,
    admit_object,
    as_permission,
    as_permissions,
)


class Post(Model):
    """Something with an author."""

    class Meta:
        table_name = "posts"

    id = UnicodeAttribute(hash_key=True)
    author = UnicodeAttribute(null=True)


ADA = Caller("ada", frozenset({"posts:read"}))
HERS, HIS = Post("1", author="ada"), Post("2", author="bob")
LOOKING = {"list", "retrieve", "group", "stats", "sample"}


class Told(Permission):
    """Answers what it was told to."""

    def __init__(self, action: bool, row: bool) -> None:
        self.action, self.row = action, row

    def has_permission(self, caller: Caller | None, action: str) -> bool:
        return self.action

    def has_object_permission(self, caller: Caller | None, action: str, item: Model) -> bool:
        return self.row


class ToldAction(Permission):
    """Answers what it was told to, and does not look at rows."""

    def __init__(self, action: bool) -> None:
        self.action = action

    def has_permission(self, caller: Caller | None, action: str) -> bool:
        return self.action


class Nobody(Permission):
    def has_permission(self, caller: Caller | None, action: str) -> bool:
        return False


def allows(permission: Permission, action: str, *, caller: Caller | None = ADA) -> bool:
    try:
        admit([permission], caller, action)
    except (Forbidden, Unauthorized):
        return False
    return True


def allows_with(permission: Permission, action: str, item: Model, *, caller: Caller | None = ADA) -> bool:
    """Tell what a resource's client sees: both answers."""
    try:
        admit([permission], caller, action)
        admit_object([permission], caller, action, item)
    except (Forbidden, Unauthorized):
        return False
    return True


def test_read_only_allows_to_look_and_nothing_else() -> None:
    assert {action for action in ACTIONS if allows(ReadOnly(), action)} == LOOKING
    assert not allows(ReadOnly(), "something new")
    with pytest.raises(Forbidden, match="only be read"):
        admit([ReadOnly()], ADA, "create")


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_scopes_are_needed_for_all_actions_unless_some_are_named(action: str) -> None:
    admit([HasScopes("posts:read")], ADA, action)
    with pytest.raises(Forbidden, match="lacks the scope posts:admin posts:write"):
        admit([HasScopes("posts:read", "posts:write", "posts:admin")], ADA, action)


def test_scopes_are_needed_for_actions_that_have_no_name_yet() -> None:
    assert not allows(HasScopes("posts:write"), "something new")


def test_scopes_can_be_needed_for_some_actions() -> None:
    permission = HasScopes("posts:write", actions=["create", "delete"])
    for action in ACTIONS:
        assert allows(permission, action) == (action not in {"create", "delete"})
        assert allows(permission, action, caller=None) == (action not in {"create", "delete"})


def test_scopes_of_no_action_or_none_at_all_stop_the_start() -> None:
    with pytest.raises(TypeError, match="no action craete"):
        HasScopes("posts:write", actions={"craete"})
    with pytest.raises(TypeError, match="takes the scopes"):
        HasScopes()
    with pytest.raises(TypeError, match="a collection of actions"):
        HasScopes("posts:write", actions="create")


def test_roles_are_needed_as_scopes_are() -> None:
    editor = Caller("ed", frozenset({"author"}), roles=frozenset({"editor"}))
    assert allows(HasRoles("editor"), "update", caller=editor)
    assert not allows(HasRoles("author"), "update", caller=editor)  # that is a scope of theirs
    assert not allows(HasRoles("editor"), "update", caller=None)
    assert allows(HasRoles("author", actions=["create"]), "update", caller=None)
    with pytest.raises(Forbidden, match="lacks the role author"):
        admit([HasRoles("editor", "author")], editor, "update")
    with pytest.raises(TypeError, match="HasRoles takes the roles"):
        HasRoles()


def test_who_is_known_and_who_is_not() -> None:
    for action in ACTIONS:
        assert allows(IsAuthenticated(), action)
        assert not allows(IsAuthenticated(), action, caller=None)
        assert allows(AllowAny(), action, caller=None)


def test_a_row_is_its_owners() -> None:
    owner = IsOwner("author")
    for action in ON_ROW:
        assert allows_with(owner, action, HERS)
        assert not allows_with(owner, action, HIS)
        assert not allows_with(owner, action, HERS, caller=None)
        assert not allows_with(owner, action, Post("3"))
    assert allows(owner, "list")
    assert allows(owner, "create")
    assert not allows(owner, "create", caller=None)
    with pytest.raises(Forbidden, match="Only its owner"):
        admit_object([owner], ADA, "update", HIS)


def test_an_owner_in_an_attribute_the_model_lacks_stops_the_start() -> None:
    IsOwner("author").check_model(Post)
    for permission in (IsOwner("writer"), ~IsOwner("writer"), ReadOnly | (AllowAny & IsOwner("writer"))):
        with pytest.raises(TypeError, match="Post has no attribute 'writer'"):
            permission.check_model(Post)


def test_only_who_is_known_is_told_that_it_is_forbidden() -> None:
    with pytest.raises(Unauthorized):
        admit([ReadOnly()], None, "create")
    with pytest.raises(Unauthorized):
        admit_object([Told(True, False)], None, "update", HERS)
    with pytest.raises(Forbidden):
        admit_object([Told(True, False)], ADA, "update", HERS)


def test_every_permission_must_allow() -> None:
    admit([HasScopes("posts:read"), ReadOnly()], ADA, "list")
    with pytest.raises(Forbidden, match="only be read"):
        admit([HasScopes("posts:read"), ReadOnly()], ADA, "create")
    with pytest.raises(Forbidden, match="posts:read"):
        admit([HasScopes("posts:read"), ReadOnly()], Caller("eve"), "list")
    with pytest.raises(Forbidden):
        admit_object([Told(True, True), Told(True, False)], ADA, "update", HERS)
    admit([], None, "delete")


def test_either_must_allow_both_the_action_and_the_row() -> None:
    # The one may act and the other likes the row: neither allows both.
    either = Told(True, False) | Told(False, True)
    admit([either], ADA, "update")
    with pytest.raises(Forbidden):
        admit_object([either], ADA, "update", HERS)
    assert allows_with(Told(True, False) | Told(True, True), "update", HERS)


def test_what_is_not_the_owners() -> None:
    others = ~IsOwner("author")
    assert allows_with(others, "update", HIS)
    assert not allows_with(others, "update", HERS)
    assert not allows(others, "list")
    assert allows_with(~others, "update", HERS)
    assert not allows_with(~others, "update", HIS)


Evaluate = Callable[[bool], bool]
"""Given whether there is a row, what an expression should say."""


def _leaf(permission: Permission, evaluate: Evaluate) -> tuple[Permission, Evaluate]:
    return permission, evaluate


def _and(
    left: tuple[Permission, Evaluate], right: tuple[Permission, Evaluate]
) -> tuple[Permission, Evaluate]:
    return left[0] & right[0], lambda row: left[1](row) and right[1](row)


def _or(left: tuple[Permission, Evaluate], right: tuple[Permission, Evaluate]) -> tuple[Permission, Evaluate]:
    return left[0] | right[0], lambda row: left[1](row) or right[1](row)


def _not(one: tuple[Permission, Evaluate]) -> tuple[Permission, Evaluate]:
    return ~one[0], lambda row: not one[1](row)


LEAVES = st.one_of(
    st.builds(
        lambda action, row: _leaf(Told(action, row), lambda on_row: action and (row or not on_row)),
        st.booleans(),
        st.booleans(),
    ),
    st.builds(lambda action: _leaf(ToldAction(action), lambda on_row: action), st.booleans()),
)
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(_and, inner, inner), st.builds(_or, inner, inner), st.builds(_not, inner)
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
def test_a_composition_is_the_logic_of_its_parts(made: tuple[Permission, Evaluate]) -> None:
    permission, evaluate = made
    for action in ("create", "retrieve", "update", "replace", "delete"):
        assert allows_with(permission, action, HERS) == evaluate(True)
    for action in ("list", "group", "stats", "sample"):
        assert allows(permission, action) == evaluate(False)


def test_rows_are_needed_only_where_one_could_be_refused() -> None:
    assert not (ReadOnly | ~HasScopes("x") & AllowAny).needs_object
    assert (ReadOnly & ~IsOwner("author")).needs_object
    assert (IsOwner("author") | ReadOnly).needs_object

    class Mine(IsOwner):
        """Inherits the question."""

    assert Mine("author").needs_object


@pytest.mark.parametrize(("first", "second"), list(product([True, False], repeat=2)))
def test_classes_compose_like_instances(first: bool, second: bool) -> None:
    one: Any = {True: AllowAny, False: Nobody}[first]
    two: Any = {True: AllowAny, False: Nobody}[second]
    for left, right in ((one, two), (one(), two), (one, two()), (one(), two())):
        assert allows(left & right, "list") == (first and second)
        assert allows(left | right, "list") == (first or second)
        assert allows(~left, "list") == (not first)
        assert allows(left & right | ~right, "list") == ((first and second) or not second)


def test_a_class_of_permissions_stays_good_for_annotations() -> None:
    def function(one: ReadOnly | None, two: int | ReadOnly) -> None: ...

    assert get_type_hints(function) == {"one": ReadOnly | None, "two": int | ReadOnly, "return": type(None)}
    assert isinstance(None, ReadOnly | None)


def test_what_is_no_permission_does_not_compose() -> None:
    for wrong in (3, None, dict):
        with pytest.raises(TypeError):
            ReadOnly() | wrong
        with pytest.raises(TypeError):
            ReadOnly & wrong


def test_reasons_of_compositions() -> None:
    def told(permission: Permission) -> str | None:
        try:
            admit([permission], ADA, "update")
            admit_object([permission], ADA, "update", HIS)
        except Forbidden as refused:
            return refused.detail
        raise AssertionError("it was allowed")

    write, admin = HasScopes("posts:write"), HasScopes("posts:admin")
    assert told(HasScopes("posts:read") & write & admin) == "The token lacks the scope posts:write."
    assert (
        told(write | admin)
        == "The token lacks the scope posts:write. Or: The token lacks the scope posts:admin."
    )
    assert told(write | write) == "The token lacks the scope posts:write."
    assert told(AllowAny & IsOwner("author")) == "Only its owner may do this."
    assert told(admin | IsOwner("author")) == (
        "The token lacks the scope posts:admin. Or: Only its owner may do this."
    )
    assert told(~AllowAny()) is None
    assert told(Nobody() & ReadOnly()) == "This resource can only be read."


def test_a_permission_may_say_what_a_refusal_is() -> None:
    class Hiding(Nobody):
        def denied(self, caller: Caller | None, action: str) -> Problem:
            return NotFound()

    with pytest.raises(NotFound):
        admit([Hiding()], ADA, "list")


def test_exceptions_pass_through_compositions() -> None:
    class Raising(Permission):
        def __init__(self, error: Exception) -> None:
            self.error = error

        def has_permission(self, caller: Caller | None, action: str) -> bool:
            raise self.error

    broken = Raising(RuntimeError("the directory is down"))
    for permission in (broken, ~broken, broken | AllowAny, Nobody | broken, broken & AllowAny):
        with pytest.raises(RuntimeError, match="directory"):
            admit([permission], ADA, "list")
    with pytest.raises(Forbidden, match="not today"):
        admit([~Raising(Forbidden("not today"))], ADA, "list")


@pytest.mark.parametrize("answer", [None, 1, "yes", {"posts:read"}])
def test_an_answer_is_true_or_false(answer: Any) -> None:
    with pytest.raises(TypeError, match=r"ToldAction.has_permission answered a"):
        admit([~ToldAction(answer)], ADA, "list")
    with pytest.raises(TypeError, match=r"ToldAction.has_permission answered a"):
        admit([ToldAction(answer)], ADA, "list")
    with pytest.raises(TypeError, match=r"Told.has_object_permission answered a"):
        admit_object([Told(True, answer)], ADA, "update", HERS)


def test_what_a_resource_declares() -> None:
    (one,) = as_permissions(ReadOnly)
    assert isinstance(one, ReadOnly)
    instance = HasScopes("x")
    assert as_permissions(instance) == (instance,)
    two = as_permissions([ReadOnly, instance])
    assert isinstance(two[0], ReadOnly)
    assert two[1] is instance
    assert as_permissions(()) == ()


class Awaited(Permission):
    async def has_permission(self, caller: Caller | None, action: str) -> bool:  # type: ignore[override]
        return False


class Short(Permission):
    def has_object_permission(self, caller: Caller | None, item: Model) -> bool:  # type: ignore[override]
        return False


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, "3 is no permission"),
        (Post, "is no permission"),
        ("ReadOnly", "'ReadOnly' is no permission"),
        (None, "None is no permission"),
        (HasScopes, "HasScopes is no permission without arguments: HasScopes takes the scopes"),
        (IsOwner, "IsOwner is no permission without arguments"),
        (Awaited, "Awaited.has_permission is async"),
        (Short, "Short.has_object_permission cannot be asked: too many positional arguments"),
    ],
)
def test_what_cannot_be_asked_stops_the_start(given: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        as_permission(given)
    for declared in (given, (AllowAny, given)):
        with pytest.raises(TypeError):
            as_permissions(declared)
    with pytest.raises(TypeError):
        AllowAny() & given
