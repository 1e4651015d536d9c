"""Flask, PynamoDB and marshmallow: a model, a schema that is built once, three functions."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Flask, abort, g, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import RAISE, Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf, Range
from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    ListAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.exceptions import DoesNotExist, PutError
from pynamodb.models import Model
from ulid import ULID

from bench.peers.limits import (
    ESTIMATE,
    LARGEST_LIMIT,
    MOST_TAGS,
    NOTES,
    PRIORITY,
    STATES,
    TAG,
    TITLE,
    is_point,
)
from bench.peers.token import CheckToken, require_token


def _distinct(tags: list[str]) -> None:
    if len(set(tags)) < len(tags):
        raise ValidationError("A tag is there twice.")


def _point(place: Any) -> None:
    if not is_point(place):
        raise ValidationError("Not a GeoJSON Point.")


class TodoSchema(Schema):
    """What a client sees and sends."""

    class Meta:
        unknown = RAISE

    id = fields.String(dump_only=True)
    title = fields.String(required=True, validate=Length(*TITLE))
    done = fields.Boolean()
    notes = fields.String(validate=Length(*NOTES))
    tags = fields.List(fields.String(validate=Length(*TAG)), validate=[Length(max=MOST_TAGS), _distinct])
    priority = fields.Integer(strict=True, validate=Range(*PRIORITY))
    due_at = fields.AwareDateTime(allow_none=True)
    estimate = fields.Integer(strict=True, allow_none=True, validate=Range(*ESTIMATE))
    place = fields.Dict(allow_none=True, validate=_point)
    state = fields.String(validate=OneOf(STATES))
    created_at = fields.AwareDateTime(dump_only=True)
    updated_at = fields.AwareDateTime(dump_only=True)
    version = fields.Integer(dump_only=True)


def model(*, table_name: str, region_name: str, endpoint: str) -> Any:
    """Return the model; a service with one table would declare it at the top of the module."""

    class Todo(Model):
        class Meta:
            table_name: str
            region: str
            host: str
            connect_timeout_seconds = 1
            read_timeout_seconds = 1.5
            max_retry_attempts = 1

        owner = UnicodeAttribute(hash_key=True)
        id = UnicodeAttribute(range_key=True, default_for_new=lambda: str(ULID()))
        title = UnicodeAttribute()
        done = BooleanAttribute(default_for_new=False)
        notes = UnicodeAttribute(default_for_new="")
        tags = ListAttribute(of=UnicodeAttribute, default=list)
        priority = NumberAttribute(default_for_new=3)
        due_at = UTCDateTimeAttribute(null=True)
        estimate = NumberAttribute(null=True)
        place = JSONAttribute(null=True)
        state = UnicodeAttribute(default_for_new="active")
        created_at = UTCDateTimeAttribute(default_for_new=lambda: datetime.now(UTC))
        updated_at = UTCDateTimeAttribute(default_for_new=lambda: datetime.now(UTC))
        version = VersionAttribute()  # a new one is written only where none is stored

    Todo.Meta.table_name, Todo.Meta.region, Todo.Meta.host = table_name, region_name, endpoint
    return Todo


def representation() -> Callable[[Mapping[str, Any]], object]:
    """Return what makes a representation of a stored item, to be measured by itself."""
    todo_model, schema = model(table_name="-", region_name="-", endpoint="-"), TodoSchema()
    return lambda item: schema.dump(todo_model.from_raw_data(dict(item)))


def create_app(*, table: str, region: str, endpoint: str, check_token: CheckToken) -> Flask:
    """Return the service on an existing table."""
    app = Flask(__name__, static_folder=None)
    require_token(app, check_token)
    todo_model = model(table_name=table, region_name=region, endpoint=endpoint)
    schema = TodoSchema()

    @app.get("/todos/<key>")
    def get_todo(key: str) -> ResponseReturnValue:
        try:
            todo = todo_model.get(g.owner, key, consistent_read=True)
        except DoesNotExist:
            abort(404)
        return jsonify(schema.dump(todo))

    @app.get("/todos")
    def list_todos() -> ResponseReturnValue:
        limit = request.args.get("limit", 20, type=int)
        if not 1 <= limit <= LARGEST_LIMIT:
            abort(400)
        after = request.args.get("after")
        found = todo_model.query(
            g.owner,
            range_key_condition=None if after is None else todo_model.id > after,
            limit=limit,
            consistent_read=True,
        )
        items = schema.dump(found, many=True)
        following = found.last_evaluated_key["id"]["S"] if found.last_evaluated_key else None
        return jsonify(items=items, meta={"next": following})

    @app.post("/todos")
    def create_todo() -> ResponseReturnValue:
        try:
            sent = schema.load(request.get_json())
        except ValidationError as error:
            return jsonify(errors=error.messages), 400
        todo = todo_model(owner=g.owner, **sent)
        try:
            todo.save()
        except PutError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                abort(409)
            raise
        return jsonify(schema.dump(todo)), 201, {"Location": url_for("get_todo", key=todo.id)}

    return app
