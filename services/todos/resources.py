"""The todos resource: what the model does not say by itself."""

from marshmallow import ValidationError
from marshmallow.fields import Integer, String
from marshmallow.fields import List as ListOf
from marshmallow.validate import Length, OneOf, Range

from libs.resource import (
    Create,
    Delete,
    Group,
    List,
    ModelResource,
    OwnedBy,
    Replace,
    Retrieve,
    Sample,
    Stats,
    Totals,
    Update,
)
from services.todos.models import Todo


def _distinct(tags: list[str]) -> None:
    if len(set(tags)) < len(tags):
        raise ValidationError("A tag is there twice.")


class TodoResource(List, Create, Retrieve, Update, Replace, Delete, Group, Stats, Sample, ModelResource):
    """``/todos``: each user sees and changes their own."""

    model = Todo
    scope = OwnedBy("owner")
    read_only = ("id", "created_at", "updated_at")
    created, updated = "created_at", "updated_at"
    queryable = (
        "id",
        "title",
        "done",
        "notes",
        "tags",
        "priority",
        "due_at",
        "estimate",
        "place",
        "state",
        "created_at",
        "updated_at",
    )
    sortable = ("due_at", "priority", "title", "estimate", "created_at", "updated_at")
    groupable = ("done", "tags", "priority", "state")
    measurable = ("estimate", "priority", "due_at")
    complete_indexes = ("by_priority", "by_place")
    totals = Totals(counts=("done", "tags"), sums=("estimate",))
    fields = {
        "title": String(required=True, validate=Length(1, 200), metadata={"examples": ["Water the plants"]}),
        "notes": String(validate=Length(0, 2000)),
        "tags": ListOf(
            String(validate=Length(1, 40)),
            validate=[Length(max=20), _distinct],
            metadata={"examples": [["garden", "weekly"]], "uniqueItems": True},
        ),
        "priority": Integer(
            strict=True, validate=Range(1, 5), metadata={"description": "1 is the most urgent."}
        ),
        "estimate": Integer(
            strict=True, allow_none=True, validate=Range(0, 100_000), metadata={"description": "Minutes."}
        ),
        "state": String(validate=OneOf(["active", "someday", "archived"])),
    }
