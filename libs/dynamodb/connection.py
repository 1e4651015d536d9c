"""PynamoDB's connection, with all calls made by `Calls`, and without two costs botocore has for each item.

botocore walks every answer along the service's model, which for DynamoDB changes nothing but binary values,
and it builds a User-Agent for every request. Both have public hooks: a parser component, and a configuration.
"""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import orjson
from botocore.config import Config
from botocore.parsers import JSONParser, ResponseParserFactory
from botocore.session import Session
from pynamodb.connection import Connection
from pynamodb.exceptions import (
    PutError,
    PynamoDBException,
    TransactWriteError,
    UpdateError,
    VerboseClientError,
)
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from libs.dynamodb.calls import (
    Calls,
    Limits,
    UnreadableAnswer,
    attempt_timeout,
    lost_answers,
    refused_item,
)
from libs.dynamodb.contention import patiently, pauses, unanswered, wait
from libs.dynamodb.errors import is_condition_failure
from libs.dynamodb.lost import needs_token, put_was_done, update_was_done
from libs.dynamodb.usage import Call, CallWatcher, call_scope, capacity, count_try

_ITEM_ANSWERS = frozenset(
    f"{operation}Output"
    for operation in (
        "BatchGetItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    )
)
"""Answers that hold no times: those of other operations are parsed by botocore."""


class ItemParser(JSONParser):  # type: ignore[misc]
    """Take an answer that holds items as the JSON it is.

    :raises UnreadableAnswer: if it is none. To botocore that is an answer without items.
    """

    def _handle_json_body(self, raw_body: bytes, shape: Any) -> Any:
        if shape.name not in _ITEM_ANSWERS:
            return super()._handle_json_body(raw_body, shape)
        try:
            answer = orjson.loads(raw_body)
        except orjson.JSONDecodeError:
            answer = None
        if not isinstance(answer, dict):
            raise UnreadableAnswer(operation=shape.name.removesuffix("Output"))
        if b'"B"' in raw_body or b'"BS"' in raw_body:
            _decode_binary(answer)
        return answer


class _Parsers(ResponseParserFactory):  # type: ignore[misc]
    def create_parser(self, protocol_name: str) -> Any:
        if protocol_name == "json":
            return ItemParser(**self._defaults)
        return super().create_parser(protocol_name)


class ItemConnection(Connection):
    """A connection whose calls are made by `Calls` and watched, and whose answers are read by `ItemParser`.

    :param region: AWS region, also where `endpoint` is a local one.
    :param host: URL of DynamoDB Local; None for AWS.
    :param max_connections: size of the pool.
    :ivar calls: what sends a call again, or not at all.
    :ivar watchers: what is around each call, the outermost first; to be set before the first one.
    """

    def __init__(self, region: str, host: str | None = None, *, max_connections: int = 16) -> None:
        super().__init__(
            region=region,
            host=host,
            connect_timeout_seconds=Limits.connect,
            read_timeout_seconds=Limits.read,
            max_retry_attempts=0,
            max_pool_connections=max_connections,
        )
        self.calls = Calls()
        self.watchers: tuple[CallWatcher, ...] = ()

    def _make_api_call(self, operation_name: str, operation_kwargs: dict[str, Any]) -> dict[str, Any]:
        call = Call.begin(operation_name, operation_kwargs)
        with ExitStack() as around:
            for watcher in self.watchers:
                around.enter_context(watcher(call))
            # Innermost, so that watchers are left when it is known what has become of the call.
            with call_scope(call):
                send = partial(super()._make_api_call, operation_name)
                answer = self.calls.make(operation_name, operation_kwargs, send)
                call.capacity = capacity(answer)
                return answer

    def _before_send(self, request: Any, **told: Any) -> None:
        count_try()
        super()._before_send(request, **told)

    def put_item(  # type: ignore[override]  # its options go on as they are
        self,
        table_name: str,
        hash_key: str,
        range_key: str | None = None,
        attributes: Any | None = None,
        condition: Condition | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Write an item, as PynamoDB does; one that was written and whose answer was lost is no conflict."""
        try:
            return super().put_item(table_name, hash_key, range_key, attributes, condition, **options)
        except PutError as error:
            if not _is_refused_again(error):
                raise
            sent = self.get_operation_kwargs(
                table_name, hash_key, range_key, key="Item", attributes=attributes
            )
            if not put_was_done(refused_item(error), sent["Item"]):
                raise
            return {}

    def batch_write_item(self, table_name: str, *args: Any, **options: Any) -> dict[str, Any]:
        """Write and delete items, as PynamoDB does; what is left undone is asked for again, after pauses.

        :raises ServiceUnavailable: if nothing more is done, however long the pauses.
        """
        answer: dict[str, Any] = super().batch_write_item(table_name, *args, **options)
        waits, least = pauses(), 0
        while left := answer.get("UnprocessedItems"):
            if (size := sum(map(len, left.values()))) < least:
                waits = pauses()
            wait(waits, unanswered())
            least = size
            answer = self.dispatch("BatchWriteItem", {"RequestItems": left})
        return answer

    def update_item(  # type: ignore[override]
        self,
        table_name: str,
        hash_key: str,
        range_key: str | None = None,
        actions: Sequence[Action] | None = None,
        condition: Condition | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        """Change an item, as PynamoDB does; what counts is not done twice when its answer is lost."""
        if needs_token(actions or (), condition):
            return self._update_by_token(table_name, hash_key, range_key, actions, condition)
        try:
            return super().update_item(table_name, hash_key, range_key, actions, condition, **options)
        except UpdateError as error:
            stored = refused_item(error)
            if not (_is_refused_again(error) and update_was_done(stored, actions or (), condition)):
                raise
            return {"Attributes": stored}

    def _update_by_token(
        self,
        table_name: str,
        hash_key: str,
        range_key: str | None,
        actions: Sequence[Action] | None,
        condition: Condition | None,
    ) -> dict[str, Any]:
        """Change an item in a transaction, which is told by its token when it is sent again.

        It does not return what it made of the item: that is read, and may have been changed since.
        """
        update = self.get_operation_kwargs(
            table_name, hash_key, range_key, actions=actions, condition=condition
        )
        try:
            patiently(lambda: self.transact_write_items([], [], [], [update]))
        except TransactWriteError as error:
            raise UpdateError(f"Failed to update item: {error}", _as_of_one(error)) from error
        answer = self.get_item(table_name, hash_key, range_key, consistent_read=True)
        return {"Attributes": answer.get("Item", {})}

    @property
    def client(self) -> Any:
        """The botocore client."""
        client = super().client
        # botocore has a hook for how long one request may take to be read, not to connect, nor in all.
        client._endpoint.http_session._get_request_timeout = attempt_timeout
        return client

    @property
    def session(self) -> Session:
        session = super().session
        if not getattr(self._local, "configured", False):
            session.register_component("response_parser_factory", _Parsers())
            session.set_default_client_config(Config(user_agent=session.user_agent()))
            self._local.configured = True
        return session


def _is_refused_again(error: PynamoDBException) -> bool:
    return is_condition_failure(error) and lost_answers(error) > 0


def _as_of_one(error: TransactWriteError) -> Exception | None:
    """Return the error that an update of one item has where a transaction of one was refused."""
    if [reason.code for reason in error.cancellation_reasons if reason] != ["ConditionalCheckFailed"]:
        return error.cause
    code = {"Code": "ConditionalCheckFailedException", "Message": "The conditional request failed"}
    return VerboseClientError({"Error": code}, "UpdateItem")


def _decode_binary(node: Any) -> None:
    """Replace the base64 of binary values in place.

    An attribute may be called B, too, but its value is an object: only that of a binary one is a text.
    """
    if isinstance(node, list):
        for one in node:
            _decode_binary(one)
    elif isinstance(node, Mapping):
        for name, value in node.items():
            if name == "B" and isinstance(value, str):
                node["B"] = b64decode(value)  # type: ignore[index]
            elif name == "BS" and isinstance(value, list):
                node["BS"] = [b64decode(one) for one in value]  # type: ignore[index]
            else:
                _decode_binary(value)
