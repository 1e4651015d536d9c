"""Schemas and their `Persistent` classes, for the tests."""

from datetime import UTC, datetime
from typing import Any

from libs.api import ApiModels, Index, Persistent

AT = datetime(2026, 1, 1, tzinfo=UTC)
"""When the entries of a log begin."""

HERE = "libs.api.tests.persistence.shelf"


class StoredBook(Persistent):
    """Keyed by one text, with indexes."""

    table = "books"
    hash_key = "isbn"
    indexes = {
        "by_author": Index("author", "published_at"),
        "by_price": Index("language", "price"),
    }
    sets = ("tags", "ratings")

    def label(self) -> str:
        """Return what stands on its back."""
        return f"{self['author']}: {self['title']}"


class StoredEntry(Persistent):
    """Keyed by a pair, with a local index, a version and a time to live."""

    table = "entries"
    hash_key = "log"
    range_key = "at"
    indexes = {"by_level": Index("log", "level", local=True)}
    version = "revision"
    ttl = "expires_at"


class StoredThing(Persistent):
    """Anything."""

    table = "things"
    hash_key = "id"


class StoredPet(Persistent):
    """One of several kinds."""

    table = "pets"
    hash_key = "name"


def document(schemas: dict[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI document of these schemas."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shelf", "version": "1"},
        "paths": {},
        "components": {"schemas": schemas},
    }


MONEY = {"type": "string", "format": "decimal"}
TIME = {"type": "string", "format": "date-time"}

SCHEMAS: dict[str, Any] = {
    "Book": {
        "type": "object",
        "x-persist": f"{HERE}.StoredBook",
        "additionalProperties": False,
        "required": ["isbn", "title", "tags"],
        "properties": {
            "isbn": {"type": "string", "minLength": 1},
            "title": {"type": "string", "minLength": 1, "maxLength": 500_000},
            "subtitle": {"type": ["string", "null"]},
            "author": {"type": "string"},
            "language": {"type": "string"},
            "published_at": TIME,
            "printed_on": {"type": "string", "format": "date"},
            "price": MONEY,
            "weight": {"type": "number"},
            "loans": {"type": ["integer", "null"]},
            "cover": {"type": "string", "format": "byte"},
            "tags": {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
            "ratings": {"type": "array", "items": {"type": "integer"}},
            "readers": {"type": "array", "items": {"type": "string"}},
            "publisher": {"$ref": "#/components/schemas/Publisher"},
            "update": {"type": "string"},
            "page-count": {"type": "integer"},
            "shelf[0]": {"type": "string"},
        },
    },
    "Publisher": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "founded": TIME, "city": {"type": "string"}},
    },
    "Entry": {
        "type": "object",
        "x-persist": f"{HERE}.StoredEntry",
        "required": ["log", "at"],
        "properties": {
            "log": {"type": "string"},
            "at": TIME,
            "level": {"type": "integer"},
            "text": {"type": "string"},
            "revision": {"type": "integer", "readOnly": True},
            "expires_at": TIME,
        },
    },
    "Thing": {
        "type": "object",
        "x-persist": f"{HERE}.StoredThing",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "value": {}},
    },
    "Pet": {
        "type": "object",
        "x-persist": f"{HERE}.StoredPet",
        "required": ["name", "kind"],
        "discriminator": {"propertyName": "kind"},
        "properties": {"name": {"type": "string"}, "kind": {"type": "string"}},
    },
    "Cat": {
        "x-persist": f"{HERE}.StoredPet",
        "allOf": [
            {"$ref": "#/components/schemas/Pet"},
            {"type": "object", "properties": {"born_on": {"type": "string", "format": "date"}}},
        ],
    },
}


def shelf() -> ApiModels:
    """Return new classes, bound to nothing."""
    return ApiModels(document(SCHEMAS), "shelf")
