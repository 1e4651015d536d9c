"""Flask and boto3: its client, dicts, checks by hand.

boto3's table resources are not made for several threads, and cost about a tenth more.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config
from botocore.exceptions import ClientError
from flask import Flask, abort, g, jsonify, request, url_for
from flask.typing import ResponseReturnValue
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

NULLABLE = ("due_at", "estimate", "place")
_read, _write = TypeDeserializer().deserialize, TypeSerializer().serialize


def create_app(*, table: str, region: str, endpoint: str, check_token: CheckToken) -> Flask:
    """Return the service on an existing table."""
    app = Flask(__name__, static_folder=None)
    require_token(app, check_token)
    config = Config(connect_timeout=1, read_timeout=1.5, retries={"total_max_attempts": 2})
    dynamodb = boto3.client("dynamodb", region_name=region, endpoint_url=endpoint, config=config)

    @app.get("/todos/<key>")
    def get_todo(key: str) -> ResponseReturnValue:
        found = dynamodb.get_item(
            TableName=table, Key={"owner": {"S": g.owner}, "id": {"S": key}}, ConsistentRead=True
        )
        if "Item" not in found:
            abort(404)
        return jsonify(shown(found["Item"]))

    @app.get("/todos")
    def list_todos() -> ResponseReturnValue:
        limit = request.args.get("limit", 20, type=int)
        if not 1 <= limit <= LARGEST_LIMIT:
            abort(400)
        condition, values = "#owner = :owner", {":owner": {"S": g.owner}}
        if "after" in request.args:
            condition += " AND id > :after"
            values[":after"] = {"S": request.args["after"]}
        found = dynamodb.query(
            TableName=table,
            KeyConditionExpression=condition,
            ExpressionAttributeNames={"#owner": "owner"},  # a reserved word
            ExpressionAttributeValues=values,
            Limit=limit,
            ConsistentRead=True,
        )
        following = found["LastEvaluatedKey"]["id"]["S"] if "LastEvaluatedKey" in found else None
        return jsonify(items=[shown(item) for item in found["Items"]], meta={"next": following})

    @app.post("/todos")
    def create_todo() -> ResponseReturnValue:
        now = datetime.now(UTC).isoformat()
        todo = {
            "notes": "",
            "done": False,
            "tags": [],
            "priority": 3,
            "state": "active",
            **dict.fromkeys(NULLABLE),
            **validated(request.get_json()),
            "id": str(ULID()),
            "created_at": now,
            "updated_at": now,
            "version": 1,
        }
        try:
            dynamodb.put_item(
                TableName=table,
                Item=stored({**todo, "owner": g.owner}),
                ConditionExpression="attribute_not_exists(id)",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                abort(409)
            raise
        return jsonify(todo), 201, {"Location": url_for("get_todo", key=todo["id"])}

    return app


def representation() -> Callable[[Mapping[str, Any]], object]:
    """Return what makes a representation of a stored item, to be measured by itself."""
    return shown


def stored(todo: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored of a todo: what is null is not, and DynamoDB has no place for floats."""
    place = todo["place"]
    written = {**todo, "place": None if place is None else json.dumps(place)}
    return {name: _write(value) for name, value in written.items() if value is not None}


def shown(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a client sees of a stored item."""
    todo = {**dict.fromkeys(NULLABLE), **{name: _read(value) for name, value in item.items()}}
    del todo["owner"]
    for name in ("priority", "estimate", "version"):
        todo[name] = None if todo[name] is None else int(todo[name])
    if todo["place"] is not None:
        todo["place"] = json.loads(todo["place"])
    return todo


def validated(body: Any) -> dict[str, Any]:
    """Return the body of a POST if it is a new todo, its times in UTC; else answer 400."""
    if not isinstance(body, dict) or not body.keys() <= CHECKS.keys() or "title" not in body:
        abort(400)
    for name, value in body.items():
        if not (name in NULLABLE and value is None) and not CHECKS[name](value):
            abort(400)
    if body.get("due_at") is not None:
        body["due_at"] = datetime.fromisoformat(body["due_at"]).astimezone(UTC).isoformat()
    return body


def _is_text(value: Any, size: tuple[int, int]) -> bool:
    return isinstance(value, str) and size[0] <= len(value) <= size[1]


def _is_number(value: Any, bounds: tuple[int, int]) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and bounds[0] <= value <= bounds[1]


def _are_tags(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MOST_TAGS
        and all(_is_text(one, TAG) for one in value)
        and len(set(value)) == len(value)
    )


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "title": lambda value: _is_text(value, TITLE),
    "notes": lambda value: _is_text(value, NOTES),
    "done": lambda value: isinstance(value, bool),
    "tags": _are_tags,
    "priority": lambda value: _is_number(value, PRIORITY),
    "due_at": _is_time,
    "estimate": lambda value: _is_number(value, ESTIMATE),
    "place": is_point,
    "state": lambda value: value in STATES,
}
"""The fields of a new todo, and whether a value may be one."""
