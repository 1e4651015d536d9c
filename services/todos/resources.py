"""The todos resource: what the model does not say by itself."""

from marshmallow.fields import String
from marshmallow.validate import Length

from libs.resource import Create, Delete, List, ModelResource, OwnedBy, Retrieve, Update
from services.todos.models import Todo


class TodoResource(List, Create, Retrieve, Update, Delete, ModelResource):
    """``/todos``: each user sees and changes their own."""

    model = Todo
    scope = OwnedBy("owner")
    read_only = ("id", "created_at", "updated_at")
    created, updated = "created_at", "updated_at"
    queryable = ("title", "done", "notes", "created_at", "updated_at")
    fields = {
        "title": String(required=True, validate=Length(1, 200), metadata={"examples": ["Water the plants"]}),
        "notes": String(validate=Length(0, 2000)),
    }
