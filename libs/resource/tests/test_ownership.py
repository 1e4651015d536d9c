"""Permissions on the row that is to be: nobody creates what is another's, or gives away what is theirs."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.models import Model

from libs.errors import Forbidden, NotFound, Unauthorized
from libs.jwt import Caller
from libs.resource import AllowAny, HasScopes, IsOwner, Permission, before
from libs.resource.permissions import admit_object, admit_result, as_permission
from libs.resource.tests.conftest import Made, Serve
from libs.resource.tests.library import Note, NoteResource, Plain, PlainResource

OWNER = IsOwner("author")
ADMIN = Caller("root", frozenset({"notes:admin"}))
ADA, EVE = Caller("ada"), Caller("eve")
HERS, HIS = Note("1", author="ada"), Note("1", author="bob")


@pytest.mark.parametrize("base", [NoteResource, PlainResource])
def test_who_creates_a_row_is_its_owner(make: Made, key: str, ada: Caller, base: Any) -> None:
    owned = make(type("Owned", (base,), {"permissions": (OWNER,)}))
    with pytest.raises(Forbidden, match="Only its owner"):
        owned.create({"id": key, "author": "eve"}, ada)
    with pytest.raises(NotFound):
        make(base).retrieve(key, ada)
    owned.create({"id": key, "author": ada.subject}, ada)


@pytest.mark.parametrize("base", [NoteResource, PlainResource])
@pytest.mark.parametrize("action", ["update", "replace"])
def test_what_is_ones_own_is_not_given_away(
    make: Made, key: str, ada: Caller, base: Any, action: str
) -> None:
    owned = make(type("Owned", (base,), {"permissions": (OWNER | HasScopes("notes:admin"),)}))
    owned.create({"id": key, "author": ada.subject, "text": "a"}, ada)
    with pytest.raises(Forbidden):
        getattr(owned, action)(key, {"author": "eve", "text": "b"}, ada)
    assert [getattr(owned.retrieve(key, ada).model(), name) for name in ("author", "text")] == [
        ada.subject,
        "a",
    ]
    getattr(owned, action)(key, {"author": ada.subject, "text": "b"}, ada)
    getattr(owned, action)(key, {"author": "eve", "text": "c"}, ADMIN)
    with pytest.raises(Forbidden):
        getattr(owned, action)(key, {"author": ada.subject, "text": "d"}, ada)


def test_what_is_left_out_of_a_replacement_is_given_away_too(serve: Serve, key: str) -> None:
    served = serve(type("Owned", (PlainResource,), {"permissions": (OWNER,)}))
    assert served("POST", "/things", {"id": key, "author": "ada"}).status_code == 201
    assert served("PUT", f"/things/{key}", {"text": "x"}).status_code == 403
    assert served("PATCH", f"/things/{key}", {"author": None}).status_code == 403
    assert served("PUT", f"/things/{key}", {"text": "x", "author": "ada"}).status_code == 200


def test_a_hook_gives_nothing_away_either(make: Made, key: str, ada: Caller) -> None:
    class Giving(NoteResource):
        permissions = (OWNER,)

        @before("update")
        def give(self, item: Any, values: Any) -> None:
            item.author = values["author"] = "eve"

    notes = make(Giving)
    notes.create({"id": key, "author": ada.subject}, ada)
    with pytest.raises(Forbidden):
        notes.update(key, {"text": "x"}, ada)
    assert Note.get(key).author == ada.subject


def test_a_permission_of_ones_own_sees_what_is_stored_and_may_judge_the_result(
    make: Made, key: str, ada: Caller
) -> None:
    seen: list[tuple[str, str]] = []

    class Stored(Permission):
        def has_object_permission(self, caller: Caller | None, action: str, item: Any) -> bool:
            seen.append((action, item.text))
            return True

    class Shrinks(Permission):
        def has_result_permission(self, caller: Caller | None, action: str, item: Any, changed: Any) -> bool:
            return len(changed.text) <= len(item.text)

    notes = make(type("Judged", (NoteResource,), {"permissions": (Stored, Shrinks)}))
    notes.create({"id": key, "author": "x", "text": "abc"}, ada)
    notes.update(key, {"text": "ab"}, ada)
    assert seen == [("create", "abc"), ("update", "abc")]
    with pytest.raises(Forbidden):
        notes.update(key, {"text": "abcd"}, ada)
    assert notes.retrieve(key, ada)("text") == "ab"


def result(permission: Permission, caller: Caller | None, before: Model, changed: Model) -> bool:
    try:
        admit_object([permission], caller, "update", before)
        admit_result([permission], caller, "update", before, changed)
    except (Forbidden, Unauthorized):
        return False
    return True


def test_a_composition_judges_the_result_as_one_statement() -> None:
    assert result(OWNER, ADA, HERS, HERS)
    assert not result(OWNER, ADA, HERS, HIS)
    assert not result(OWNER, None, HERS, HERS)
    assert not result(OWNER & AllowAny(), ADA, HERS, HIS)
    assert not result(~~OWNER, ADA, HERS, HIS)
    assert result(OWNER | HasScopes("notes:admin"), ADMIN, HERS, HIS)
    assert not result(OWNER | HasScopes("notes:admin"), ADA, HERS, HIS)
    # Who may do it with what is not theirs must not make it theirs.
    assert result(~OWNER, EVE, HERS, HIS)
    assert not result(~OWNER, ADA, HIS, HERS)


class Of(Permission):
    """Allows a row by its author; of the result, too, if it is told so."""

    def __init__(self, author: str) -> None:
        self.author = author

    def has_object_permission(self, caller: Caller | None, action: str, item: Any) -> bool:
        return bool(item.author == self.author)


class ResultOf(Of):
    def has_result_permission(self, caller: Caller | None, action: str, item: Any, changed: Any) -> bool:
        return self.has_object_permission(caller, action, changed)


EXPRESSIONS = st.recursive(
    st.builds(
        lambda kind, author: (kind(author), (kind, author)),
        st.sampled_from([Of, ResultOf]),
        st.sampled_from("ab"),
    ),
    lambda inner: st.one_of(
        st.builds(lambda one, two: (one[0] & two[0], ("and", one[1], two[1])), inner, inner),
        st.builds(lambda one, two: (one[0] | two[0], ("or", one[1], two[1])), inner, inner),
        st.builds(lambda one: (~one[0], ("not", one[1])), inner),
    ),
    max_leaves=6,
)


def holds(node: Any, before: str, changed: str) -> bool:
    if node[0] == "and":
        return holds(node[1], before, changed) and holds(node[2], before, changed)
    if node[0] == "or":
        return holds(node[1], before, changed) or holds(node[2], before, changed)
    if node[0] == "not":
        return not holds(node[1], before, changed)
    return bool(node[1] == (changed if node[0] is ResultOf else before))


@given(EXPRESSIONS)
def test_the_result_is_judged_by_the_logic_of_the_parts(made: Any) -> None:
    permission, node = made
    for one, other in product("ab", repeat=2):
        expected = holds(node, one, one) and holds(node, one, other)
        assert result(permission, ADA, Note("1", author=one), Note("1", author=other)) == expected


def test_a_result_permission_that_cannot_be_asked_stops_the_start() -> None:
    class Short(Permission):
        def has_result_permission(self, caller: Caller | None, item: Any) -> bool:  # type: ignore[override]
            return True

    with pytest.raises(TypeError, match=r"Short\.has_result_permission cannot be asked"):
        as_permission(Short)


def test_the_stored_row_is_asked_first(make: Made, key: str) -> None:
    """A change of what is another's is refused, whatever it would be."""
    plain = make(type("Owned", (PlainResource,), {"permissions": (OWNER,)}))
    Plain(key, author="bob").save()
    with pytest.raises(Forbidden):
        plain.update(key, {"author": "ada"}, ADA)
    assert Plain.get(key).author == "bob"
