"""What the tests of all services share: requests that nobody would send, made up from a service's contract.

Those that follow the document, or break it at one place, are Schemathesis' (tests/test_schemathesis.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import pytest
from flask.testing import FlaskClient
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from libs.api import Contract
from libs.api.document.references import resolve

NASTY = ["", "\x00", "..", "a/b", "%", "'", "\U0001d160" * 250, "\U0001f600" * 256, "x" * 5000, "me"]
texts = st.sampled_from(NASTY) | st.text(max_size=300)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)


@dataclass(frozen=True)
class AnyRequest:
    """One made-up request.

    :param refusals: the media types beside problem+json that a refusal is declared to have.
    """

    method: str
    path: str
    query: dict[str, str]
    data: bytes | None
    headers: dict[str, str] = field(default_factory=dict)
    refusals: frozenset[str] = frozenset()

    def send(self, client: FlaskClient, headers: dict[str, str]) -> None:
        """Send it, and check the answer: no fault of ours, and a problem where it is refused."""
        answer = client.open(
            self.path,
            method=self.method,
            query_string=self.query,
            data=self.data,
            headers={**self.headers, **headers},
        )
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400 and answer.mimetype not in self.refusals:
            problem = answer.get_json()
            assert answer.mimetype == "application/problem+json"
            assert problem["status"] == answer.status_code
            assert problem["code"].isupper()
            assert problem["request_id"] == answer.headers["X-Request-ID"]


def _bodies(node: dict[str, Any], document: dict[str, Any]) -> SearchStrategy[bytes | None]:
    if "requestBody" not in node:
        return st.none()
    ((media_type, content),) = node["requestBody"]["content"].items()
    names = st.sampled_from(sorted(resolve(content["schema"], document).get("properties", {"x": {}}))) | texts
    if media_type == "application/x-www-form-urlencoded":
        forms = st.dictionaries(names, texts, max_size=4).map(lambda form: urlencode(form).encode())
        return st.none() | st.binary(max_size=50) | forms
    bodies = st.dictionaries(names, values, max_size=4) | values
    return st.none() | st.binary(max_size=50) | bodies.filter(_has_json_form).map(orjson.dumps)


def _has_json_form(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:  # an integer of more than 64 bits
        return False
    return True


@pytest.fixture(scope="session")
def any_request() -> Callable[..., SearchStrategy[AnyRequest]]:
    """Make the strategy of requests to all operations of a contract.

    :param keys: path parameters that lead somewhere.
    """

    def strategy(contract: Contract, keys: list[str]) -> SearchStrategy[AnyRequest]:
        in_path = st.sampled_from([*keys, *NASTY[1:]]) | st.text(min_size=1, max_size=70)

        @st.composite
        def made(draw: st.DrawFn) -> AnyRequest:
            # Readiness may well be a 503, and says so elsewhere.
            served = [one for one in contract.operations if one.operation_id != "get_readiness"]
            operation = draw(st.sampled_from(served))
            node = contract.document["paths"][operation.path][operation.method.lower()]
            path = "/".join(
                quote(draw(in_path), safe="") if part.startswith("{") else part
                for part in operation.path.split("/")
            )
            declared = [one.name for one in operation.parameters if one.location == "query"]
            names = st.sampled_from(declared) if declared else texts
            query = draw(st.dictionaries(names, texts | st.integers(-5, 150).map(str), max_size=2))
            taken = list(node.get("requestBody", {"content": {"application/json": {}}})["content"])
            kinds = st.sampled_from(taken * 5 + ["text/plain", ""])
            data = draw(_bodies(node, contract.document))
            refusals = frozenset(
                media_type
                for status, response in node["responses"].items()
                if status.startswith("4")
                for media_type in response.get("content", {})
                if media_type != "application/problem+json"
            )
            return AnyRequest(operation.method, path, query, data, {"Content-Type": draw(kinds)}, refusals)

        return made()

    return strategy
