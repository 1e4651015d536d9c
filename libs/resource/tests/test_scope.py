"""Whose rows a caller may see."""

import pytest

from libs.errors import Unauthorized
from libs.jwt import Caller
from libs.resource.query.where import TRUE, all_of
from libs.resource.scope import Everyone, Extent, OwnedBy, Scope, Within, known
from libs.resource.store.row import Codec, Row
from libs.resource.tests.beasts import BEAST_WHERE, Beast, Stone, wanted

ADA = Caller("ada", frozenset({"beasts:read"}))
CODEC = Codec(Beast)


def beast(**values: object) -> Row:
    return Row(CODEC, {CODEC.stored_name(name): CODEC.raw(name, value) for name, value in values.items()})


def test_everyone_reaches_all_rows() -> None:
    scope = Everyone()
    assert scope.extent(None, BEAST_WHERE) == Extent({}, TRUE)
    assert scope.fixes == ()
    scope.check(Stone)


def test_a_scope_that_does_not_say_whose_rows_lets_nobody_in() -> None:
    with pytest.raises(NotImplementedError):
        Scope().extent(ADA, BEAST_WHERE)


def test_what_an_extent_fixes_restricts_it() -> None:
    assert not Extent({"owner": "ada"}).expression.matches({"owner": "eve"}.get)


@pytest.mark.parametrize(
    "nothing", [{}, {"kind": None}, {"$or": [{"owner": "ada"}, {"kind": {"$eq": None}}]}]
)
def test_what_was_not_found_for_a_caller_opens_nothing(nothing: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="empty or asks for null"):
        Within(lambda caller: nothing).extent(ADA, BEAST_WHERE)


def test_rows_that_belong_to_somebody() -> None:
    scope = OwnedBy("owner")
    scope.check(Beast)
    extent = scope.extent(ADA, BEAST_WHERE)
    assert scope.fixes == ("owner",)
    assert extent.fixed == {"owner": "ada"}
    assert extent.expression.matches(beast(owner="ada"))
    for stranger in ("eve", "Ada", "ada ", ""):
        assert not extent.expression.matches(beast(owner=stranger))
    assert not extent.expression.matches(beast(id="1"))


def test_the_owner_need_not_be_in_the_key() -> None:
    OwnedBy("kind").check(Beast)
    assert OwnedBy("kind").extent(ADA, BEAST_WHERE).fixed == {"kind": "ada"}


@pytest.mark.parametrize(
    ("attribute", "told"),
    [
        ("user", "Beast has no attribute user"),
        ("priority", r"Beast\.priority holds no text"),
        ("due", "no text"),
    ],
)
def test_a_model_that_cannot_be_scoped_stops_the_start(attribute: str, told: str) -> None:
    with pytest.raises(TypeError, match=told):
        OwnedBy(attribute).check(Beast)


def test_nobody_has_no_rows() -> None:
    with pytest.raises(Unauthorized):
        OwnedBy("owner").extent(None, BEAST_WHERE)
    with pytest.raises(Unauthorized):
        Within(lambda caller: {"owner": known(caller).subject}).extent(None, BEAST_WHERE)


def test_an_expression_made_for_each_caller() -> None:
    scope = Within(lambda caller: {"$or": [{"tame": True}, {"owner": caller.subject if caller else ""}]})
    scope.check(Beast)
    for caller, row, reached in (
        (ADA, beast(owner="ada"), True),
        (ADA, beast(owner="eve", tame=True), True),
        (ADA, beast(owner="eve", tame=False), False),
        (None, beast(owner="ada"), False),
        (None, beast(tame=True), True),
    ):
        extent = scope.extent(caller, BEAST_WHERE)
        assert extent.fixed == {}
        assert extent.expression.matches(row) == reached


def test_an_empty_list_reaches_nothing() -> None:
    extent = Within(lambda caller: {"kind": {"$in": []}}).extent(ADA, BEAST_WHERE)
    assert not extent.expression.matches(beast(kind="bird"))


@pytest.mark.parametrize("made", [{"user": "ada"}, {"owner": {"$is": 1}}, None, {"owner": 7}], ids=str)
def test_an_expression_that_is_none_is_no_fault_of_the_clients(made: object) -> None:
    with pytest.raises(TypeError, match=r"the scope is no expression: scope"):
        Within(lambda caller: made).extent(ADA, BEAST_WHERE)  # type: ignore[arg-type, return-value]


def test_what_a_client_asks_can_only_narrow_an_extent() -> None:
    extent = Extent.of({"owner": "ada"}, wanted({"tame": True}))
    asked = all_of(extent.expression, wanted({"$or": [{"owner": "eve"}, {"tame": False}, {"owner": "ada"}]}))
    assert asked.matches(beast(owner="ada", tame=True))
    assert not asked.matches(beast(owner="eve", tame=True))
    assert not asked.matches(beast(owner="ada", tame=False))


def test_owners_may_reach_a_part_of_their_rows_only() -> None:
    scope = OwnedBy("owner", where={"tame": {"$ne": False}})
    extent = scope.extent(Caller("ann"), BEAST_WHERE)
    assert extent.fixed == {"owner": "ann"}
    assert extent.expression.matches({"owner": "ann", "tame": True}.get)
    assert not extent.expression.matches({"owner": "ann", "tame": False}.get)
    assert not extent.expression.matches({"owner": "bob", "tame": True}.get)
