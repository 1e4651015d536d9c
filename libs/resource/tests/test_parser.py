"""What a parser takes, in which order it works, and what it tells the client."""

from collections.abc import Mapping
from typing import Any

import pytest
from marshmallow import Schema, ValidationError
from marshmallow.fields import Boolean, String
from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from libs.errors import Conflict, InvalidBody
from libs.resource.schema.parser import CompiledParser, Parser, compile_parser, parse_value, processor


class Note(Model):
    """What is written."""

    class Meta:
        table_name = "notes"

    id = UnicodeAttribute(hash_key=True)
    title = UnicodeAttribute()
    slug = UnicodeAttribute()
    length = NumberAttribute(null=True)
    done = BooleanAttribute()


class NoteSchema(Schema):
    id = String(dump_only=True)
    title = String(data_key="head/line")
    done = Boolean()


def compiled(**members: Any) -> CompiledParser:
    return compile_parser(type("NoteParser", (Parser,), members), NoteSchema(), Note)


def faults(parser: CompiledParser, values: dict[str, Any]) -> list[tuple[str | None, str]]:
    with pytest.raises(InvalidBody) as refused:
        parser.parse(values)
    return [(fault.pointer, fault.detail) for fault in refused.value.errors]


def test_the_fields_taken() -> None:
    assert compiled().names == ("title", "done")
    assert compiled(attributes=("done",), include=("title",), exclude=("done",)).names == ("title",)
    assert compiled(exclude=("done",)).names == ("title",)


@pytest.mark.parametrize("name", ["id", "slug", "head/line"])
def test_what_cannot_be_sent_stops_the_start(name: str) -> None:
    for option in ("attributes", "include", "exclude"):
        with pytest.raises(TypeError, match=rf"NoteParser.{option} has no {name} to choose from title, done"):
            compiled(**{option: (name,)})


class Slugging(Parser):
    @processor
    def last(self, values: dict[str, Any], item: Note | None) -> None:
        values["length"] = len(values["slug"]) if item is None else item.length

    def slug(self, values: Mapping[str, Any]) -> str:
        return str(values.get("title", "none")).replace(" ", "-")

    @parse_value("title")
    def trimmed(self, value: str) -> str:
        return value.strip()

    @parse_value("title")
    def lower(self, value: str) -> str:
        return value.lower()


def test_values_then_methods_then_processors() -> None:
    parser = compile_parser(Slugging, NoteSchema(), Note)
    assert parser.needs_item
    values = {"title": "  My Plants "}
    assert parser.parse(values) is values
    assert values == {"title": "my plants", "slug": "my-plants", "length": 9}


def test_values_are_parsed_where_they_were_sent_and_methods_always_run() -> None:
    parser = compile_parser(Slugging, NoteSchema(), Note)
    assert parser.parse({"done": True}, Note("1", length=70)) == {"done": True, "slug": "none", "length": 70}


def test_methods_are_inherited_and_replaced_in_their_place() -> None:
    class Finer(Slugging):
        def trimmed(self, value: str) -> str:
            return super().trimmed(value) + "?"

        @processor
        def very_last(self, values: dict[str, Any]) -> None:
            values["length"] += 1

        @parse_value("title")
        def marked(self, value: str) -> str:
            return value + "!"

    class Without(Finer):
        slug = None  # type: ignore[assignment]
        last = None  # type: ignore[assignment]
        very_last = None  # type: ignore[assignment]
        trimmed = None  # type: ignore[assignment]

    assert compile_parser(Finer, NoteSchema(), Note).parse({"title": " A "}) == {
        "title": "a?!",
        "slug": "a?!",
        "length": 4,
    }
    without = compile_parser(Without, NoteSchema(), Note)
    assert without.parse({"title": " A "}) == {"title": " a !"}
    assert not without.needs_item


def test_rows_are_needed_by_the_processors_that_take_them() -> None:
    @processor
    def alone(self: Any, values: dict[str, Any]) -> None:
        values["done"] = False

    @processor
    def with_item(self: Any, values: dict[str, Any], item: Note | None = None) -> None:
        values["done"] = item is not None

    assert not compiled(alone=alone).needs_item
    assert compiled(alone=alone).parse({}, Note("1")) == {"done": False}
    assert compiled(with_item=with_item).needs_item
    assert compiled(with_item=with_item).parse({}, Note("1")) == {"done": True}


def test_one_method_may_parse_several_values() -> None:
    @parse_value("title")
    @parse_value("slug")
    def upper(self: Any, value: str) -> str:
        return value.upper()

    assert compiled(_upper=upper).parse({"title": "a", "slug": "b"}) == {"title": "A", "slug": "B"}


def raising(error: Exception) -> Any:
    def method(self: Any, value: Any) -> Any:
        raise error

    return method


@pytest.mark.parametrize("envelope", [None, "no~te"])
def test_faults_name_the_field(envelope: str | None) -> None:
    at = "" if envelope is None else "/no~0te"
    nested = ValidationError({"lines": {0: ["Too long.", "Too odd."]}, "_schema": ["Wrong."]})
    parser = compiled(
        envelope=envelope,
        _title=parse_value("title")(raising(ValidationError("Not that."))),
        _done=parse_value("done")(raising(nested)),
        slug=raising(ValidationError("Never reached.")),
    )
    assert faults(parser, {"title": "x", "done": True}) == [
        (f"{at}/head~1line", "Not that."),
        (f"{at}/done/lines/0", "Too long."),
        (f"{at}/done/lines/0", "Too odd."),
        (f"{at}/done", "Wrong."),
    ]
    parser = compiled(
        envelope=envelope, slug=raising(ValidationError(["a", "b"])), length=raising(ValueError("secret"))
    )
    assert faults(parser, {}) == [
        (f"{at}/slug", "a"),
        (f"{at}/slug", "b"),
        (f"{at}/length", "Invalid value."),
    ]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("secret"), [("", "Invalid value.")]),
        (ValidationError("Contradictory."), [("", "Contradictory.")]),
        (ValidationError("Too late.", field_name="title"), [("/head~1line", "Too late.")]),
        (
            ValidationError({"title": ["One."], "done": "Two.", "_schema": ["Three."]}),
            [("/head~1line", "One."), ("/done", "Two."), ("", "Three.")],
        ),
    ],
)
def test_faults_of_a_processor(error: Exception, told: list[tuple[str, str]]) -> None:
    assert faults(compiled(last=processor(raising(error))), {}) == told


@pytest.mark.parametrize("error", [Conflict("TAKEN"), KeyError("x"), RuntimeError("x")])
def test_other_exceptions_pass(error: Exception) -> None:
    for members in (
        {"_title": parse_value("title")(raising(error))},
        {"title": raising(error)},
        {"last": processor(raising(error))},
    ):
        with pytest.raises(type(error)):
            compiled(**members).parse({"title": "x"})


def test_a_processor_changes_and_does_not_return() -> None:
    parser = compiled(last=processor(lambda self, values: {"title": "lost"}))
    with pytest.raises(TypeError, match="a processor changes the values"):
        parser.parse({})


def test_without_an_envelope_the_body_is_the_fields() -> None:
    parser = compiled()
    assert parser.pointer == ""
    assert parser.unwrap({"title": "x"}) == {"title": "x"}
    assert parser.wrap_schema({"type": "object"}) == {"type": "object"}


def test_an_envelope_is_taken_off() -> None:
    parser = compiled(envelope="note")
    assert parser.pointer == "/note"
    assert parser.unwrap({"note": {"title": "x"}}) == {"title": "x"}
    assert parser.wrap_schema({"type": "string"}) == {
        "type": "object",
        "additionalProperties": False,
        "required": ["note"],
        "properties": {"note": {"type": "string"}},
    }


@pytest.mark.parametrize(
    ("envelope", "body", "told"),
    [
        ("note", {}, [("/note", "Missing data for required field.")]),
        ("note", {"note": {}, "a/b": 1}, [("/a~1b", "Unknown field.")]),
        ("note", {"title": 1}, [("/title", "Unknown field."), ("/note", "Missing data for required field.")]),
        ("note", {"note": None}, [("/note", "Not an object.")]),
        ("note", {"note": [{}]}, [("/note", "Not an object.")]),
        ("note", [], [("", "Not an object.")]),
        ("note", None, [("", "Not an object.")]),
        (None, "text", [("", "Not an object.")]),
    ],
)
def test_bodies_that_are_not_wrapped_right(
    envelope: str | None, body: Any, told: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidBody) as refused:
        compiled(envelope=envelope).unwrap(body)
    assert [(fault.pointer, fault.detail) for fault in refused.value.errors] == told


def test_mistakes_stop_the_start() -> None:
    async def waits(self: Any, value: Any) -> None: ...

    def generates(self: Any, values: Any) -> Any:
        yield

    for members, message in (
        ({"sluggy": lambda self, values: None}, "NoteParser parses sluggy, and Note has no such attribute"),
        ({"_x": parse_value("titel")(lambda self, value: None)}, "NoteParser parses titel"),
        ({"exlude": ("title",)}, "NoteParser.exlude is neither"),
        ({"envelope": ""}, "NoteParser.envelope must be"),
        ({"envelope": ("note",)}, "NoteParser.envelope must be"),
        ({"slug": lambda self: None}, "must take values"),
        ({"last": processor(lambda self: None)}, "must take values"),
        ({"last": processor(lambda self, values, item, more: None)}, "must take values, item"),
        ({"_x": parse_value("title")(lambda self: None)}, "must take value"),
        ({"_x": parse_value("title")(waits)}, "waits is async"),
        ({"slug": waits}, "waits is async"),
        ({"last": processor(generates)}, "generates is a generator"),
    ):
        with pytest.raises(TypeError, match=message):
            compiled(**members)
    with pytest.raises(TypeError, match="takes the name of a field"):
        parse_value(len)
    for both in (lambda f: processor(parse_value("title")(f)), lambda f: parse_value("title")(processor(f))):
        with pytest.raises(TypeError, match="one value and for all"):
            both(lambda self, values: None)
