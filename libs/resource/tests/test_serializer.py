"""What a serializer shows, what it computes, and which mistakes stop the start."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar, Literal

import jsonschema_rs
import pytest
from marshmallow import Schema
from marshmallow.fields import Boolean, String
from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.models import Model

from libs.resource.schema.selection import inherited_rw, readable_writable
from libs.resource.schema.serializer import CompiledSerializer, Serializer, compile_serializer, json_schema


class Note(Model):
    """What is shown."""

    class Meta:
        table_name = "notes"

    id = UnicodeAttribute(hash_key=True)
    title = UnicodeAttribute()
    done = BooleanAttribute()
    secret = UnicodeAttribute(null=True)


class NoteSchema(Schema):
    id = String(dump_only=True)
    title = String(data_key="headline")
    done = Boolean()
    secret = String()
    password = String(load_only=True)


NOTE = Note("1", title="Plants", done=False, secret="x")


def compiled(readable: Any = None, **members: Any) -> CompiledSerializer:
    return compile_serializer(type("NoteSerializer", (Serializer,), members), NoteSchema(), readable)


@pytest.mark.parametrize(
    ("members", "names"),
    [
        ({}, ("id", "title", "done")),
        ({"attributes": ("done", "id")}, ("done", "id")),
        ({"include": ("secret",)}, ("id", "title", "done", "secret")),
        ({"exclude": ("done",)}, ("id", "title")),
        ({"attributes": ("id", "done"), "include": ("secret", "id"), "exclude": ("done",)}, ("id", "secret")),
        ({"attributes": ()}, ()),
        ({"include": ("secret",), "exclude": ("secret",)}, ("id", "title", "done")),
    ],
)
def test_the_fields_shown(members: dict[str, Any], names: tuple[str, ...]) -> None:
    made = compiled({"id", "title", "done"}, **members)
    assert made.names == names
    assert not made.needs_item
    assert made.extend({"a": 1}, NOTE) == {"a": 1}


def test_all_that_can_be_shown_is_unless_somebody_says_what() -> None:
    assert compiled().names == ("id", "title", "done", "secret")


@pytest.mark.parametrize("option", ["attributes", "include", "exclude"])
@pytest.mark.parametrize("name", ["headline", "password", "nothing"])
def test_what_cannot_be_shown_stops_the_start(option: str, name: str) -> None:
    with pytest.raises(
        TypeError, match=rf"NoteSerializer.{option} has no {name} to choose from id, title, done"
    ):
        compiled(**{option: (name,)})
    with pytest.raises(TypeError, match=rf"NoteSerializer.{option} must be a tuple of names, not 'title'"):
        compiled(**{option: "title"})


def test_a_misspelt_option_stops_the_start() -> None:
    with pytest.raises(TypeError, match=r"NoteSerializer.exlude is neither a method nor an option"):
        compiled(exlude=("secret",))


class Shouting(Serializer):
    attributes = ("id",)
    _mark = "!"

    def loud(self, item: Note) -> str:
        """The title,
        louder.

        It is not told how.
        """
        return self._louder(item.title)

    def _louder(self, text: str) -> str:
        return text.upper() + self._mark

    @staticmethod
    def length(item: Note) -> int:
        return len(item.title)


class Finer(Shouting):
    exclude = ("length",)

    def title(self, item: Note) -> str | None:
        return item.title.lower()

    def loud(self, item: Note) -> str:
        return super().loud(item) + "!"


def test_methods_are_keys() -> None:
    made = compile_serializer(Shouting, NoteSchema())
    assert made.names == ("id",)
    assert made.needs_item
    assert made.extend({"id": "1"}, NOTE) == {"id": "1", "loud": "PLANTS!", "length": 6}
    assert made.json_schemas() == {
        "loud": {"type": "string", "description": "The title, louder."},
        "length": {"type": "integer"},
    }


def test_methods_are_inherited_overridden_and_excluded() -> None:
    made = compile_serializer(Finer, NoteSchema())
    assert list(made.computed) == ["loud", "title"]
    assert made.extend({}, NOTE) == {"loud": "PLANTS!!", "title": "plants"}
    assert made.json_schemas()["title"] == {"type": ["string", "null"]}

    class Without(Finer):
        exclude = ()
        loud = None  # type: ignore[assignment]

    assert list(compile_serializer(Without, NoteSchema()).computed) == ["length", "title"]


def test_a_method_replaces_the_field_of_its_name() -> None:
    made = compiled(title=lambda self, item: item.title[:1])
    assert made.names == ("id", "done", "secret")
    assert made.extend({}, NOTE) == {"title": "P"}


def test_a_serializer_may_be_given_what_it_needs() -> None:
    class Linking(Serializer):
        def __init__(self, base: str) -> None:
            self._base = base

        def href(self, item: Note) -> str:
            return self._base + item.id

    assert compile_serializer(Linking("/notes/"), NoteSchema()).extend({}, NOTE) == {"href": "/notes/1"}


def test_a_key_is_shown_once() -> None:
    with pytest.raises(
        TypeError, match=r"NoteSerializer.headline has the key the field 'title' is shown under"
    ):
        compiled(headline=lambda self, item: "")
    assert compiled(headline=lambda self, item: "", exclude=("title",)).extend({}, NOTE) == {"headline": ""}


def test_methods_that_cannot_be_called_stop_the_start() -> None:
    async def waits(self: Any, item: Note) -> str:
        return ""

    with pytest.raises(TypeError, match="must take item: too many positional arguments"):
        compiled(nothing=lambda self: "")
    with pytest.raises(TypeError, match="must take item: missing a required argument"):
        compiled(more=lambda self, item, more: "")
    with pytest.raises(TypeError, match="waits is async"):
        compiled(waits=waits)


def test_values_become_json() -> None:
    east = timezone(timedelta(hours=2))
    made = compiled(
        value=lambda self, item: {
            "at": [datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=east), datetime(2026, 1, 2, tzinfo=UTC)],
            "day": (date(2026, 1, 2),),
            "price": Decimal("1.10"),
            "plain": [1, None, True, 1.5, "x"],
        }
    )
    assert made.extend({}, NOTE)["value"] == {
        "at": ["2026-01-02T01:04:05.000600Z", "2026-01-02T00:00:00Z"],
        "day": ["2026-01-02"],
        "price": "1.10",
        "plain": [1, None, True, 1.5, "x"],
    }
    with pytest.raises(TypeError, match="has no time zone"):
        compiled(value=lambda self, item: datetime(2026, 1, 2)).extend({}, NOTE)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (bool, {"type": "boolean"}),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (str, {"type": "string"}),
        (datetime, {"type": "string", "format": "date-time"}),
        (date, {"type": "string", "format": "date"}),
        (Decimal, {"type": "string", "format": "decimal"}),
        (None, {"type": "null"}),
        (list, {"type": "array"}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (list[Note], {"type": "array", "items": {}}),
        (dict, {"type": "object"}),
        (dict[str, float | None], {"type": "object", "additionalProperties": {"type": ["number", "null"]}}),
        (dict[int, str], {}),
        (date | None, {"type": ["string", "null"], "format": "date"}),
        (list[str] | None, {"type": ["array", "null"], "items": {"type": "string"}}),
        (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (int | str | None, {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}),
        (Literal["a", 1], {"enum": ["a", 1]}),
        (Literal["a"] | None, {"anyOf": [{"enum": ["a"]}, {"type": "null"}]}),
        (Note | None, {}),
        (Note, {}),
        (Any, {}),
        (set[int], {}),
        ("nonsense", {}),
    ],
)
def test_annotations_become_json_schemas(hint: Any, schema: dict[str, Any]) -> None:
    assert json_schema(hint) == schema
    jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def test_an_annotation_may_be_text_and_may_not_be_found() -> None:
    def known(self: Any, item: "Unseen") -> "Decimal | None": ...  # type: ignore[name-defined] # noqa: F821

    def unknown(self: Any, item: Note) -> "Unseen": ...  # type: ignore[name-defined] # noqa: F821

    def nothing(self, item): ...  # type: ignore[no-untyped-def]

    schemas = compiled(known=known, unknown=unknown, nothing=nothing).json_schemas()
    assert schemas == {
        "known": {"type": ["string", "null"], "format": "decimal"},
        "unknown": {},
        "nothing": {},
    }


class Guarded(Note):
    """Says who may read and write what."""

    class Meta:
        table_name = "guarded"

    fields_rw: ClassVar[dict[str, Any]] = {"secret": False, "id": (True, False)}


class Opened(Guarded):
    """Says else."""

    class Meta:
        table_name = "opened"

    fields_rw: ClassVar[dict[str, Any]] = {"secret": (False, True), "done": True}


def test_who_may_read_and_write_what() -> None:
    both = (True, True)
    assert readable_writable(Note) == {"id": both, "title": both, "done": both, "secret": both}
    assert readable_writable(Guarded) == {
        "id": (True, False),
        "title": both,
        "done": both,
        "secret": (False, False),
    }
    assert readable_writable(Opened, {"title": (True, False), "id": True}) == {
        "id": both,
        "title": (True, False),
        "done": both,
        "secret": (False, True),
    }


def test_mappings_of_a_resource_and_its_bases() -> None:
    class Base:
        rest_rw: ClassVar[dict[str, Any]] = {"id": False, "title": False}

    class Resource(Base):
        rest_rw: ClassVar[dict[str, Any]] = {"title": (True, False)}

    assert inherited_rw(Resource, "rest_rw") == {"id": False, "title": (True, False)}
    assert inherited_rw(Note, "rest_rw") == {}


@pytest.mark.parametrize("value", [None, 1, (True,), (True, 0), (True, True, True), [True, False], "rw"])
def test_what_is_not_said_right_stops_the_start(value: Any) -> None:
    with pytest.raises(TypeError, match=r"Note.id may be \(read, written\)"):
        readable_writable(Note, {"id": value})
    with pytest.raises(TypeError, match="Note has no attribute ids, to"):
        readable_writable(Note, {"ids": True, "to": False})
