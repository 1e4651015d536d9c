"""The services that are compared, each put together on a table of its own."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import boto3

from bench.peers import constant, flask_boto3, flask_pynamodb
from bench.peers.token import token_check
from libs.jwt import TokenVerifier, bearer_token
from libs.resource import Row
from libs.service.testing import ISSUER, ISSUES, KEY, running_service
from services.todos.models import Todo
from services.todos.resources import TodoResource
from services.todos.service import TodosSettings, provide, service

REGION = "eu-west-1"
AUDIENCE = "todos"
TOKEN_SECONDS = 24 * 60 * 60
POLYMACARON = "Polymacaron"
WITHOUT_TOTALS = "the same, no totals"
FLOOR = "constant Flask"


@dataclass(frozen=True)
class Column:
    """One of the services.

    :param app: its WSGI application.
    :param check_token: checks an Authorization header as `app` does for each request; None where it does not.
    :param represent: makes of a stored item what is sent as JSON; None where nothing is stored.
    :param resource: the resource, where there is one.
    :param read: returns so many items of an owner as they are stored.
    """

    name: str
    app: Callable[..., Any]
    check_token: Callable[[str], object] | None = None
    represent: Callable[[Mapping[str, Any]], object] | None = None
    resource: TodoResource | None = None
    read: Callable[[str, int], Sequence[Mapping[str, Any]]] | None = None


def authorization(subject: str) -> str:
    """Return an Authorization header that all columns accept."""
    return f"Bearer {ISSUES.issue(subject, audience=[AUDIENCE], expires_in=TOKEN_SECONDS)}"


@contextmanager
def columns(endpoint: str) -> Iterator[list[Column]]:
    """Put all services together on empty tables for the length of a with-block.

    :param endpoint: URL of DynamoDB Local.
    """
    check = token_check(KEY.jwk, issuer=ISSUER, audience=AUDIENCE)
    client = boto3.client("dynamodb", region_name=REGION, endpoint_url=endpoint)
    with ExitStack() as stack:
        plain: list[Column] = []
        for name, peer in (
            ("Flask + boto3", flask_boto3),
            ("Flask + PynamoDB + marshmallow", flask_pynamodb),
        ):
            table = stack.enter_context(_table(client))
            app = peer.create_app(table=table, region=REGION, endpoint=endpoint, check_token=check)
            represent = peer.representation()
            plain.append(Column(name, app, check, represent, read=_reader(client, table)))
        yield [
            *plain,
            *stack.enter_context(_polymacaron(client, endpoint)),
            Column(FLOOR, constant.create_app()),
        ]


@contextmanager
def _table(client: Any) -> Iterator[str]:
    name = f"bench-{uuid.uuid4().hex}"
    client.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "owner", "KeyType": "HASH"},
            {"AttributeName": "id", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "owner", "AttributeType": "S"},
            {"AttributeName": "id", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    try:
        yield name
    finally:
        client.delete_table(TableName=name)


def _reader(client: Any, table: str) -> Callable[[str, int], Sequence[Mapping[str, Any]]]:
    def read(owner: str, number: int) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = client.query(
            TableName=table,
            KeyConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":owner": {"S": owner}},
            Limit=number,
        )["Items"]
        return found

    return read


@contextmanager
def _polymacaron(client: Any, endpoint: str) -> Iterator[list[Column]]:
    settings = {
        "service": "todos",
        "environment": "test",
        "validate_answers": "off",
        "dynamodb_region": REGION,
        "dynamodb_endpoint": endpoint,
        "table_prefix": f"bench-{uuid.uuid4().hex}-",
        "redis_url": "redis://127.0.0.1:1/0",  # no request that is measured starts a task
        "jwt_issuer": ISSUER,
        "jwks_url": "http://127.0.0.1:1/",
        "cursor_secret": "for-benchmarks-only-32-characters-long",
    }
    with running_service(service, {f"APP_{name.upper()}": one for name, one in settings.items()}) as running:
        verifier = TokenVerifier(running.keys, issuer=ISSUER, audience=AUDIENCE)
        resource = running.dependencies.make(TodoResource)
        whole = Column(
            POLYMACARON,
            running.web_app(),
            lambda header: verifier.verify(bearer_token([header])),
            lambda item: resource.answers.represent(Row(resource.store.codec, item)),
            resource,
            _reader(client, Todo.Meta.table_name),
        )
        # On the same tables: a model is bound to one database at a time.
        lean = replace(service, provide=_provide_without_totals).start(running.settings)
        lean.keys = running.keys
        yield [whole, Column(WITHOUT_TOTALS, lean.web_app())]


def _provide_without_totals(settings: TodosSettings) -> list[object]:
    """Provide what todos needs, with a resource as it is where none are declared (``totals = None``)."""
    made = provide(settings)
    for one in made:
        if isinstance(one, TodoResource):
            one.store.totals = None
    return made
