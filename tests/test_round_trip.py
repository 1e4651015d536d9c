"""Contract, server and client agree: whatever the contract allows arrives as it was sent, in both directions.

For every operation of every service: arguments made from its schemas are sent by the client through the
service's WSGI application, whose handlers are replaced by one that remembers what it was called with and
answers with what was made from the schemas of its answers.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jsonschema_rs import Draft202012
from schemathesis.generation.jsonschema.builder import build
from schemathesis.generation.jsonschema.context import Alphabet

from libs.api import (
    AnswerCheck,
    Clients,
    Contract,
    InProcess,
    Operation,
    Result,
    Timeouts,
    client_document,
    dump_json,
)
from libs.api.clients.documents import DocumentedOperation, documented_operations
from libs.api.document.references import resolve
from libs.api.schema_bundle import bundle
from libs.api.wire.parameter import argument_name
from libs.jwt import FixedKeySet
from libs.service import Service
from libs.service.testing import ISSUES, KEY
from tests.services import SERVICES, environment_of

OPERATIONS = [
    (api, one.name)
    for api in SERVICES
    for one in documented_operations(client_document(api).document)
    if any(status.startswith("2") for status in one.node["responses"])  # the others only redirect
]
ZONES = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(timezones=ZONES).map(datetime.isoformat)
FORMATS = {
    "date-time": MOMENTS,
    "email": st.from_regex(r"[a-z0-9+_-]{1,60}@([a-z0-9]{1,60}\.){1,3}[a-z]{2,20}", fullmatch=True),
    "entity-tags": st.sampled_from(['"1"', '"2"', 'W/"1"', '"1", "2"', "*"]),
}
# What the wire refuses by design: a NUL in a text, control characters in a header, an empty path segment,
# and whole numbers of more than 64 bits.
ALPHABET = Alphabet(allow_x00=False)


class Echo:
    """A service whose handlers all answer `result`, and remember what they were called with."""

    def __init__(self, api: str) -> None:
        service = Service.named(api)
        running = service.start(service.load_settings({**environment_of(api), "APP_RATE_LIMITS": "off"}))
        running.keys = FixedKeySet([KEY.jwk])
        running.revocations = None
        contract = running.contract
        echoes = tuple(
            replace(one, call=self._echo(one), enter=None, keyed=None) for one in contract.operations
        )
        running.contract = Contract(contract.document, echoes)
        self.scopes = frozenset().union(*(one.security.scopes for one in contract.operations))
        self.document = contract.document
        self.called: list[tuple[str, Mapping[str, Any]]] = []
        self.result = Result()
        self.client = Clients(
            {api: "http://echo.test"},
            transports={api: InProcess(running.web_app())},
            answer_check=AnswerCheck.from_setting("always"),
            timeouts=Timeouts(total=60),
        )[api]

    def _echo(self, operation: Operation) -> Callable[..., Result]:
        def call(**arguments: Any) -> Result:
            self.called.append((operation.operation_id, arguments))
            return self.result

        return call


echo = cache(Echo)


def values(schema: Any, document: Any, direction: Any) -> SearchStrategy[Any]:
    """Return what a schema allows, but what the wire refuses by design."""
    made = build(
        bundle(schema, document, direction).schema, draft=Draft202012, formats=FORMATS, alphabet=ALPHABET
    )
    return made.filter(_has_no_large_number)


def _has_no_large_number(value: Any) -> bool:
    if isinstance(value, dict | list):
        return all(map(_has_no_large_number, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, int) or -(2**63) <= value < 2**64


def _fits_a_header(value: Any) -> bool:
    return (
        not isinstance(value, str)
        or re.fullmatch(r"([^\0-\x1f\x7f ]([^\0-\x1f\x7f]*[^\0-\x1f\x7f ])?)?", value) is not None
    )


def arguments_of(operation: DocumentedOperation, document: Any) -> SearchStrategy[dict[str, Any]]:
    """Return the arguments a client may call an operation with."""
    required: dict[str, Any] = {}
    optional: dict[str, Any] = {}
    for one in operation.parameters:
        made = values(one["schema"], document, "request")
        if one["in"] == "header":
            made = made.filter(_fits_a_header)
        elif one["in"] == "path":
            made = made.filter(lambda value: value != "")
        (required if one.get("required") else optional)[argument_name(one["name"], one["in"])] = made
    if "requestBody" in operation.node:
        body = resolve(operation.node["requestBody"], document)
        ((media_type, media),) = body["content"].items()
        schema = media["schema"]
        if media_type == "application/x-www-form-urlencoded":
            # A form is texts: what is not declared comes as one, whatever it was.
            schema = {**resolve(schema, document), "additionalProperties": False}
        else:
            assert media_type == "application/json"
        (required if body.get("required") else optional)["body"] = values(schema, document, "request")
    return st.fixed_dictionaries(required, optional=optional)


def results_of(operation: DocumentedOperation, document: Any) -> SearchStrategy[Result]:
    """Return the successes a handler may answer."""
    every = []
    for status, response in operation.node["responses"].items():
        if not status.startswith("2"):
            continue
        node = resolve(response, document)
        common = {"status": st.just(int(status)), "headers": headers_of(node, document)}
        for media_type, media in node.get("content", {}).items():
            body = values(media["schema"], document, "answer") if "schema" in media else st.binary()
            every.append(st.builds(Result, body, media_type=st.just(media_type), **common))
        if not node.get("content"):
            every.append(st.builds(Result, st.none(), **common))
    return st.one_of(every)


def headers_of(response: Any, document: Any) -> SearchStrategy[dict[str, str]]:
    """Return the headers a response has to have, and those it may."""
    made: dict[bool, dict[str, SearchStrategy[str]]] = {True: {}, False: {}}
    for name, node in response.get("headers", {}).items():
        header = resolve(node, document)
        assert header["schema"]["type"] == "string", "how other types are written is not told here"
        text = values(header["schema"], document, "answer").filter(str.isascii).filter(_fits_a_header)
        if name == "Location":  # completed by Werkzeug, if it is relative
            text = st.integers(0).map("/things/{}".format)
        made[header.get("required", False)][name] = text
    return st.fixed_dictionaries(made[True], optional=made[False])


def as_json(value: Any) -> Any:
    return json.loads(dump_json(value))


@pytest.mark.fuzz
@pytest.mark.parametrize(("api", "name"), OPERATIONS)
def test_what_is_sent_arrives_and_so_does_the_answer(api: str, name: str) -> None:
    server = echo(api)
    (operation,) = [one for one in documented_operations(server.document) if one.name == name]
    token = ISSUES.issue("ada", audience=[api], scopes=server.scopes)

    @settings(max_examples=30)
    @given(arguments_of(operation, server.document), results_of(operation, server.document))
    def round_trip(arguments: dict[str, Any], result: Result) -> None:
        server.called.clear()
        server.result = result
        answer = server.client[name].answer(auth=token, **arguments)
        ((called, arrived),) = server.called
        assert called == name
        arguments.pop("idempotency_key", None)  # is not for the handler
        assert {one: as_json(arrived[one]) for one in arguments} == arguments
        assert answer.status == result.status
        assert {name: answer.headers[name] for name in result.headers} == result.headers
        if result.media_type is None or result.media_type == "application/json":
            assert as_json(answer.value) == result.body
        elif isinstance(result.body, bytes):
            assert answer.value == result.body
        else:  # bytes, but what says that it is text
            assert answer.value == (
                result.body if result.media_type.startswith("text/") else result.body.encode()
            )

    round_trip()
