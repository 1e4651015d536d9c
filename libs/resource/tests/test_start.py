"""What is wrong with a class is told when it is made, with the class and the setting, and stops the start."""

from typing import Any

import pytest
from marshmallow.fields import Boolean, Function, String
from pynamodb.attributes import MapAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.models import Model

from libs.api import ContractError
from libs.resource import (
    Everyone,
    HasScopes,
    IsAuthenticated,
    IsOwner,
    ModelResource,
    OwnedBy,
    ParameterNames,
    Parser,
    Permission,
    Serializer,
    Totals,
    Within,
    after,
    before,
    handles,
    on_problem,
)
from libs.resource.tests.conftest import Made, Serve
from libs.resource.tests.library import BookResource, NoteResource, StockResource


class Misspelt(Serializer):
    exclude = ("colour",)


class Unreadable(Parser):
    def colour(self, values: Any) -> str:
        return "red"


class Asynchronous(Permission):
    async def has_permission(self, caller: Any, action: str) -> bool:  # type: ignore[override]
        return True


SETTINGS: list[tuple[str, Any, str]] = [
    ("model", None, "model"),
    ("model", "Book", "model"),
    ("scope", None, "scope"),
    ("scope", Everyone, "scope"),
    ("scope", OwnedBy("colour"), "colour"),
    ("scope", OwnedBy("price"), "price"),
    *[(name, ("colour",), "colour") for name in ("read_only", "write_only", "required", "queryable")],
    *[(name, ("colour",), "colour") for name in ("sortable", "groupable", "measurable")],
    *[(name, "title", "tuple") for name in ("read_only", "write_only", "queryable", "sortable", "disabled")],
    *[(name, ("secret",), "secret") for name in ("queryable", "sortable", "groupable")],
    ("fields", {"colour": String()}, "colour"),
    ("fields", {"title": "text"}, "title"),
    ("rest_rw", {"colour": True}, "colour"),
    ("rest_rw", {"title": "yes"}, "title"),
    ("required", ("owner",), "owner"),
    ("required", ("added_at",), "added_at"),
    ("created", "colour", "colour"),
    ("updated", "title", "title"),
    *[(name, ("fly",), "fly") for name in ("enabled", "disabled", "public")],
    ("serializers", {"fly": Serializer}, "fly"),
    ("serializers", {"delete": Serializer}, "delete"),
    ("serializers", {"list": Misspelt}, "colour"),
    ("serializer", Misspelt, "colour"),
    ("parsers", {"list": Parser}, "list"),
    ("parser", Unreadable, "colour"),
    ("queryable", ("size",), "size"),
    ("sortable", ("size",), "size"),
    ("sortable", ("tags",), "tags"),
    ("sortable", ("words",), "words"),
    ("groupable", ("size",), "size"),
    ("measurable", ("title",), "title"),
    ("measurable", ("lent",), "lent"),
    ("default_sort", "isbn", "isbn"),
    ("default_sort", "-colour", "colour"),
    ("default_limit", 51, "largest_limit"),
    ("default_limit", 0, "1 or more"),
    ("largest_limit", "10", "integer"),
    ("most_examined", 0, "1 or more"),
    ("default_count", "all", "bounded"),
    ("list_envelope", None, "name"),
    ("list_envelope", "", "name"),
    ("meta_envelope", "items", "items"),
    ("meta_envelope", "stats", "stats"),
    ("single_envelope", 1, "name"),
    ("parameter_names", {"where": "q"}, "ParameterNames"),
    ("parameter_names", ParameterNames(where="limit"), "differ"),
    ("parameter_names", ParameterNames(where="caller"), "caller"),
    ("parameter_names", ParameterNames(where="fields"), "fields"),
    ("permissions", (IsOwner("colour"),), "colour"),
    ("permissions", (HasScopes,), "HasScopes"),
    ("permissions", ("admin",), "admin"),
    ("permissions", (Asynchronous,), "async"),
    ("totals", Totals(counts=("colour",)), "colour"),
    ("totals", Totals(counts=("size",)), "size"),
    ("totals", Totals(sums=("title",)), "title"),
]


@pytest.mark.parametrize(("setting", "value", "told"), SETTINGS)
def test_a_wrong_setting_is_named(make: Made, setting: str, value: Any, told: str) -> None:
    settings = {setting: value}
    if value == ("secret",):
        settings["write_only"] = value
    with pytest.raises(TypeError) as caught:
        make(type("Wrong", (BookResource,), settings))
    text = str(caught.value)
    assert text.startswith(f"Wrong.{setting}: "), text
    assert told in text


def test_totals_are_by_what_a_scope_fixes(make: Made) -> None:
    class Shared(NoteResource):
        scope = Within(lambda caller: {"shared": True})
        totals = Totals(counts=("shared",))

    with pytest.raises(TypeError, match=r"Shared\.totals: .*Within fixes nothing"):
        make(Shared)


class Rich(Model):
    class Meta:
        table_name = "plain"

    id = UnicodeAttribute(hash_key=True)
    bag: Any = MapAttribute(null=True)
    words = UnicodeSetAttribute(null=True)


@pytest.mark.parametrize("setting", ["queryable", "sortable", "groupable", "measurable"])
def test_what_cannot_be_compared_is_refused(make: Made, setting: str) -> None:
    settings = {"model": Rich, setting: ("bag",), "queryable": (), "fields": {}}
    with pytest.raises(TypeError, match=rf"Wrong\.{setting}: .*bag"):
        make(type("Wrong", (StockResource,), {**settings, setting: ("bag",)}))


def test_the_methods_of_a_resource_take_what_they_are_called_with(make: Made) -> None:
    class NoMatch(BookResource):
        def update(self, key: Any, body: Any, caller: Any) -> Any:  # type: ignore[override]
            return None

    class NoCaller(BookResource):
        def list(self, query: Any) -> Any:  # type: ignore[override]
            return []

    class NoQuery(BookResource):
        @handles("sample")
        def some(self, caller: Any) -> Any:
            return []

    for kind, told in ((NoMatch, "if_match"), (NoCaller, "caller"), (NoQuery, "query")):
        with pytest.raises(TypeError, match=told) as caught:
            make(kind)
        assert kind.__name__ in str(caught.value)


def test_hooks_that_could_never_be_called_are_refused(make: Made) -> None:
    class Misnamed(BookResource):
        @before("create")
        def check(self, item: Any) -> None: ...

    class Twice(BookResource):
        @handles("list")
        def one(self, query: Any, caller: Any) -> Any: ...
        @handles("list")
        def other(self, query: Any, caller: Any) -> Any: ...

    class Off(BookResource):
        disabled = ("list",)

        @handles("list")
        def one(self, query: Any, caller: Any) -> Any: ...

    for kind, told in ((Misnamed, "item"), (Twice, "other"), (Off, "no such action")):
        with pytest.raises(TypeError, match=told) as caught:
            make(kind)
        assert kind.__name__ in str(caught.value)
    for decorator, subject in ((before, "fly"), (after, "soar"), (handles, "fly"), (on_problem, 200)):
        with pytest.raises(TypeError, match=str(subject)):
            decorator(subject)  # type: ignore[operator]


def test_a_parser_that_sets_a_key_does_so_for_new_rows_only(make: Made) -> None:
    class Keyed(Parser):
        def isbn(self, values: Any) -> str:
            return "1"

    make(type("Right", (BookResource,), {"parsers": {"create": Keyed}}))
    with pytest.raises(TypeError, match="isbn"):
        make(type("Wrong", (BookResource,), {"parser": Keyed}))


def test_a_misspelt_setting_would_leave_open_what_was_to_be_closed(make: Made) -> None:
    with pytest.raises(TypeError, match=r"Wrong\.permission.*permissions"):
        make(type("Wrong", (BookResource,), {"permission": (IsOwner("owner"),)}))
    with pytest.raises(TypeError, match=r"Wrong\.permission.*permissions"):
        make(type("Wrong", (BookResource,), {"permission": IsAuthenticated}))


def test_every_fault_stops_the_start_and_says_where(serve: Serve) -> None:
    wrong = {
        "books": type("Books", (BookResource,), {"queryable": ("colour",)}),
        "notes": type("Notes", (NoteResource,), {"required": ("colour",)}),
        "stock": type("Stock", (StockResource,), {"scope": None}),
    }
    with pytest.raises(ContractError) as caught:
        serve(**wrong)
    lines = str(caught.value).splitlines()
    for path, name, setting in (
        ("/books", "Books", "queryable"), ("/notes", "Notes", "required"), ("/stock", "Stock", "scope"),
    ):  # fmt: skip
        assert any(f"{path}: x-resource: {name}.{setting}: " in line for line in lines), lines


def test_two_resources_in_each_others_way_stop_the_start(serve: Serve) -> None:
    with pytest.raises(ContractError, match="declared twice"):
        serve(BookResource, more=BookResource)


def test_what_a_resource_needs_has_to_be_provided(serve: Serve) -> None:
    class Needy(BookResource):
        def __init__(self, cursors: Any, printer: int) -> None:
            super().__init__(cursors)

    with pytest.raises(ContractError, match="/things: x-resource"):
        serve(Needy)


def test_a_scope_that_is_no_expression_is_our_fault(serve: Serve) -> None:
    class Wrong(NoteResource):
        scope = Within(lambda caller: {"colour": "red"})

    answer = serve(Wrong)("GET", "/things")
    assert (answer.status_code, answer.get_json()["code"]) == (500, "INTERNAL_ERROR")


def test_a_plain_class_is_no_resource(make: Made) -> None:
    class Nothing(ModelResource):
        pass

    with pytest.raises(TypeError, match=r"Nothing\.model"):
        make(Nothing)


def test_a_field_of_ones_own_is_as_good_as_any(make: Made) -> None:
    class Own(BookResource):
        fields = {
            "title": String(required=True),
            "lent": Boolean(),
            "secret": Function(lambda book: book.title, allow_none=True),
        }

    books = make(Own)
    row = books.store.new({"owner": "x", "isbn": "1", "title": "Emma"})
    assert books.answers.represent(row)["secret"] == "Emma"
