"""The guides to resources: all that stands in them runs, and their tables name what there is."""

import inspect
import re
from typing import Any

import pynamodb.attributes
import pytest
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from libs import errors, resource
from libs.api.objects.scalars import SCALARS
from libs.api.stubs.writing import stub
from libs.resource import (
    Create,
    CursorSigner,
    Delete,
    Group,
    List,
    ModelResource,
    OwnedBy,
    Parser,
    Query,
    Replace,
    Retrieve,
    Sample,
    Serializer,
    Stats,
    Update,
)
from libs.resource.geo import GeometryAttribute
from libs.service.problems.codes import declared_codes
from libs.service.problems.texts import Texts
from tests.documented import SECRET, blocks, running_document
from tests.tables import DOCS, named, quoted, section, table

GUIDES = (
    "contracts",
    "objects",
    "clients",
    "resources",
    "persistence",
    "coming-from-polymicro",
    "coming-from-emmett-rest",
    "coming-from-pymacaron",
)

ELSEWHERE = {"new-service", "publishing", "rehearsal", "table-changes"}
"""Those that are followed by tests of their own."""
SHORT_GUIDES = sorted(
    page.stem
    for page in DOCS.glob("*.md")
    if page.stem not in {*GUIDES, *ELSEWHERE}
    and {"python", "yaml", "http"} & {language for language, _, _ in blocks(page)}
)


class Thing(Model):
    """Something to be asked about."""

    class Meta:
        table_name = "things"

    owner = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(range_key=True)
    size = NumberAttribute(null=True)
    place = GeometryAttribute(null=True)


class Things(List, Create, Retrieve, Update, Replace, Delete, Group, Stats, Sample, ModelResource):
    """All that can be done with them."""

    model = Thing
    scope = OwnedBy("owner")
    queryable = ("name", "size", "place")


CONFIGURATION = next(kind for kind in ModelResource.__mro__ if kind.__name__ == "Configuration")


@pytest.mark.parametrize("guide", GUIDES)
def test_all_of_a_guide_runs_in_order(guide, tmp_path):
    with running_document(DOCS / f"{guide}.md", tmp_path) as document:
        assert document.run() > 10


@pytest.mark.parametrize("guide", SHORT_GUIDES)
def test_what_a_short_guide_shows_runs(guide, tmp_path):
    with running_document(DOCS / f"{guide}.md", tmp_path) as document:
        assert document.run() > 0


@pytest.mark.parametrize("guide", [*GUIDES, *SHORT_GUIDES])
def test_a_link_within_a_guide_leads_to_a_heading(guide):
    for document, anchor in re.findall(r"\]\(([\w-]*\.md)?#([\w-]+)\)", (DOCS / f"{guide}.md").read_text()):
        text = (DOCS / (document or f"{guide}.md")).read_text()
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}


# README.md, docs/problems.md


def test_the_code_in_the_readme_is_that_of_todos():
    written = {
        line.strip()
        for file in (DOCS.parent / "services/todos").glob("*.py")
        for line in file.read_text().splitlines()
    }
    shown = [text for language, text, _ in blocks(DOCS.parent / "README.md") if language == "python"]
    assert len(shown) > 1
    assert [line for text in shown for line in text.splitlines() if line.strip() not in written] == []


def test_the_code_and_the_text_in_the_guide_to_problems_can_be_declared_so(tmp_path):
    declared, texts = (text for language, text, _ in blocks(DOCS / "problems.md") if language == "yaml")
    (tmp_path / "problems.yaml").write_text(declared)
    assert list(declared_codes([tmp_path / "problems.yaml"])) == ["BOOK_LENT"]
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/de.yaml").write_text(texts)
    assert Texts.load(tmp_path / "texts", codes=["INVALID_CREDENTIALS"], default="de")


# docs/objects.md


def test_the_types_shown_are_those_that_are_written(tmp_path):
    shown = {language: text for language, text, _ in blocks(DOCS / "objects.md")}["pyi"]
    with running_document(DOCS / "objects.md", tmp_path) as document:
        document.run()
        assert shown in stub(document.module.models)


def test_every_format_with_a_value_of_its_own_is_in_the_table():
    listed = named("objects", "Times, decimals, bytes", "schema")
    formats = {one.removeprefix("format: ") for one in listed if one.startswith("format: ")}
    assert formats == {*SCALARS, "uuid"}


# docs/resources.md


def test_every_setting_is_in_the_table_with_its_default():
    documented = {
        quoted(name)[0]: default
        for name, default, _ in table(section("resources", "Configuration"), "attribute")
    }
    expected = {}
    for name in CONFIGURATION.__annotations__:
        default = getattr(CONFIGURATION, name, ...)
        plain = isinstance(default, bool | int | str | tuple | dict | None)
        told = repr(default) if plain else f"{type(default).__name__}()"
        expected[name] = "" if default is ... else f"`{told}`".replace("'", '"')
    assert documented == expected


def test_every_action_is_in_the_table():
    rows = table(section("resources", "Actions"), "class")
    served = {action.name: action for action in Things(CursorSigner(SECRET)).served()}
    assert sorted(quoted(row[1])[0] for row in rows) == sorted(served)
    for kind, name, route, _ in rows:
        action = served[quoted(name)[0]]
        assert quoted(kind) == [action.name.capitalize()]
        method, path = quoted(route)[0].split("?")[0].split(" ")
        assert (method, path) == (action.method.upper(), f"/todos{action.below}")


def test_every_kind_of_attribute_is_in_the_table():
    base = pynamodb.attributes.Attribute
    kinds = {
        name
        for name, kind in vars(pynamodb.attributes).items()
        if name.endswith("Attribute")
        and inspect.isclass(kind)
        and issubclass(kind, base)
        and kind is not base
    }
    assert kinds - {"_FixedAttribute"} <= set(named("resources", "Schema", "attribute"))


def test_every_operator_is_in_the_table_and_is_one():
    listed = named("resources", "where", "operators")
    operators = {one for one in listed if one.startswith("$")}
    where = inspect.getmodule(type(Things(CursorSigner(SECRET)).where))
    geo = type(GeometryAttribute().field()).where_operators
    assert operators == {*where.OPERATORS, *geo, "$and", "$or", "$not", "$exists"}


@pytest.mark.parametrize(
    "row", table(section("resources", "Hooks"), "event"), ids=lambda row: f"{row[0]} {row[1]}"
)
def test_the_names_a_hook_may_take_are_in_the_table(row):
    event, actions, names = quoted(row[0])[0], row[1].split(", "), quoted(row[2])
    if event == "around":
        return
    decorate = resource.on_problem(404) if actions == ["all"] else getattr(resource, event)(*actions)

    def hook(self: Any, nothing: Any) -> None: ...

    with pytest.raises(TypeError, match="has no 'nothing', but") as caught:
        type("Hooked", (Things,), {"hook": decorate(hook)})(CursorSigner(SECRET))
    assert str(caught.value).split("but ")[1].split(", ") == sorted(names)


def test_the_parameters_of_a_list_are_in_the_table():
    parameters = set(named("resources", "Order and pages", "parameter")) | {"where", "sort_by"}
    assert parameters == set(Query.__annotations__)


# The guides for those who come from an ancestor

VOCABULARY = {
    *dir(Things(CursorSigner(SECRET))),
    *CONFIGURATION.__annotations__,
    *resource.__all__,
    *dir(Serializer),
    *dir(Parser),
    *dir(resource.Permission),
    *Query.__annotations__,
    "cursor",
    "Caller",
    "CellAttribute",
    "GeometryAttribute",
    "Service",
    "fields",
    "fields_rw",
    "has_more",
    "servers",
}

EMMETT = {
    "Registration": """
        serializer parser enabled_methods disabled_methods default_sort use_save use_destroy list_envelope
        single_envelope meta_envelope groups_envelope use_envelope_on_parse serialize_meta base_path id_path
        url_prefix hostname module_class import_name name model
    """,
    "Module attributes and methods": """
        allowed_sorts query_allowed_fields grouping_allowed_fields stats_allowed_fields init _get_dbset
        _get_row _index _create _read _update _delete _group _stats _sample _build_meta build_error_400
        build_error_404 build_error_422 get_pagination get_sort parse_params serialize_many serialize_one
        pack_data
    """,
    "Decorators": """
        get_dbset get_row index create read update delete on_400 on_404 on_422 meta_builder route
        before_create before_update after_parse_params after_create after_update after_delete rest_rw
        envelope bind_to
    """,
    "Configuration of the extension": """
        default_module_class default_serializer default_parser page_param pagesize_param sort_param
        query_param min_pagesize max_pagesize default_pagesize default_sort base_path id_path list_envelope
        single_envelope groups_envelope use_envelope_on_parse serialize_meta meta_envelope
        default_enabled_methods default_disabled_methods use_save use_destroy
    """,
    "Query parameters": "page page_size sort_by where fields has_more total_objects",
    "Operators": """
        $and $or $not $eq $ne $in $nin $lt $gt $le $ge $lte $gte $exists $like $ilike $contains $icontains
        $regex $iregex $geo.contains $geo.equals $geo.intersects $geo.overlaps $geo.touches $geo.within
        $geo.dwithin
    """,
}


@pytest.mark.parametrize("heading", EMMETT)
def test_nothing_of_emmett_rest_is_left_out(heading):
    listed = set(named("coming-from-emmett-rest", heading, "Emmett-REST"))
    assert set(EMMETT[heading].split()) - listed == set()


@pytest.mark.parametrize(
    ("guide", "heading", "first"),
    [
        ("coming-from-polymicro", "Where it went", "PolyMicro"),
        ("coming-from-emmett-rest", "Routes", "Emmett-REST"),
        *(("coming-from-emmett-rest", heading, "Emmett-REST") for heading in (*EMMETT, "OpenAPI")),
    ],
)
def test_what_they_became_is_there(guide, heading, first):
    # There are two sections called OpenAPI, the table being in the second.
    text = (DOCS / f"{guide}.md").read_text()
    text = text[text.rindex(f"# {heading}\n") :]
    where = inspect.getmodule(type(Things(CursorSigner(SECRET)).where))
    operators = {*where.OPERATORS, *type(GeometryAttribute().field()).where_operators}
    for row in table(text, first):
        for name in quoted(row[1]):
            if name.startswith("$"):
                assert name in {*operators, "$and", "$or", "$not", "$exists"}
            elif name.isidentifier():
                assert name in VOCABULARY or hasattr(errors, name), row


def test_the_guides_take_no_short_cut():
    """What they import is what anybody may import."""
    for guide in GUIDES:
        found = re.findall(
            r"^\s*from (libs\.resource[\w.]*) import", (DOCS / f"{guide}.md").read_text(), re.MULTILINE
        )
        assert set(found) <= {"libs.resource", "libs.resource.geo"}
