"""What every service does alike: its standard endpoints, and HTTP taken seriously."""

import re
from typing import Any
from uuid import uuid4

import openapi_spec_validator
import pytest

from testaccept.deployment import SERVICES, Clients, User
from testaccept.endpoints import ENDPOINTS, Endpoint
from testaccept.patience import eventually
from testaccept.problems import assert_problem, refused_before

every_service = pytest.mark.parametrize("service", SERVICES)
standard_gets = pytest.mark.parametrize(
    "endpoint", [each for each in ENDPOINTS if each.method == "GET" and "{" not in each.path], ids=str
)


def document_of(clients: Clients, service: str) -> dict[str, Any]:
    response = clients.of(service).get("/openapi.json")
    assert response.status_code == 200
    document: dict[str, Any] = response.json()
    return document


def shape(path: str) -> str:
    """A path less the names of its parameters."""
    return re.sub(r"{\w+}", "{}", path)


@every_service
def test_ping(anyone: Clients, service: str) -> None:
    assert anyone.of(service).get("/ping").status_code == 200


@every_service
def test_version(anyone: Clients, visitor: User, service: str) -> None:
    response = anyone.of(service).get("/version")
    assert response.status_code == 200
    assert isinstance(response.json()["version"], str)
    behind_the_door = visitor.of(service).get("/auth/version")
    assert behind_the_door.status_code == 200
    assert behind_the_door.json()["version"] == response.json()["version"]


@every_service
def test_health(anyone: Clients, service: str) -> None:
    assert anyone.of(service).get("/health/live").status_code == 200

    def is_ready() -> None:
        ready = anyone.of(service).get("/health/ready")
        assert ready.status_code == 200, ready.text
        assert ready.json()["checks"]

    eventually(is_ready, seconds=20)  # it is red for a moment where other tests keep its database busy


@standard_gets
def test_head_is_get_without_the_body(visitor: User, endpoint: Endpoint) -> None:
    client = visitor.of(endpoint.service)
    plain = {"Accept-Encoding": "identity"}  # how long it is compressed, HEAD does not tell
    got, head = client.get(endpoint.path, headers=plain), client.head(endpoint.path, headers=plain)
    assert (head.status_code, head.content) == (got.status_code, b"")
    if endpoint.path != "/health/ready":  # which tells how long its checks took
        assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.headers["Content-Type"] == got.headers["Content-Type"]
    assert head.headers["X-Request-ID"]


@every_service
def test_the_openapi_document_is_valid(anyone: Clients, service: str) -> None:
    document = document_of(anyone, service)
    assert document["openapi"].startswith("3.1.")
    openapi_spec_validator.validate(document)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_the_openapi_document_declares_the_endpoint(anyone: Clients, endpoint: Endpoint) -> None:
    document = document_of(anyone, endpoint.service)
    declared = {shape(path): operations for path, operations in document["paths"].items()}
    operation = declared[shape(endpoint.path)][endpoint.method.lower()]
    # An empty requirement lets everybody in; by what they send instead of a token, or not at all. So does one
    # that has no bearer token among its ways: the cookie with a refresh token alone.
    required = operation.get("security", document.get("security"))
    by_token = any("bearer" in one for one in required) and {} not in required
    assert by_token == endpoint.protected


@every_service
def test_the_openapi_document_declares_nothing_untested(anyone: Clients, service: str) -> None:
    # A new endpoint belongs into endpoints.py: the tests of authorization go through that list.
    known = {(each.method, shape(each.path)) for each in ENDPOINTS if each.service == service}
    declared = {
        (method.upper(), shape(path))
        for path, operations in document_of(anyone, service)["paths"].items()
        for method in operations
        if method in {"get", "put", "post", "patch", "delete"}
    }
    assert declared <= known


@every_service
def test_an_unknown_path_is_a_problem(visitor: User, service: str) -> None:
    assert_problem(visitor.of(service).get("/nowhere"), 404, "NOT_FOUND")
    assert_problem(visitor.of(service).options("/nowhere"), 404, "NOT_FOUND")


@pytest.mark.parametrize("key", ["%2F", "a%2Fb", "%252F", "%2E%2E", "%3F", "%E2%82%AC", "%20"])
def test_a_key_may_be_any_text(visitor: User, key: str) -> None:
    problem = assert_problem(visitor.todos.get(f"/todos/{key}"), 404, "NOT_FOUND")
    assert problem["instance"] == f"/todos/{key}"


@every_service
@pytest.mark.parametrize("path", ["/ping/%", "/%zz", "/%ff", "/%00", "/ping%ED%A0%80"])
def test_a_malformed_path_is_a_problem(anyone: Clients, service: str, path: str) -> None:
    # Not by its path alone: httpx would mend it.
    url = anyone.of(service).base_url.copy_with(raw_path=path.encode())
    response = anyone.of(service).get(url)
    if not refused_before(response):
        assert_problem(response, 404, "NOT_FOUND")


@every_service
@pytest.mark.parametrize("path", ["/ping/", "/ping//", "/ping/%2E", "/%2Fping"])
def test_a_path_of_other_segments_is_another(anyone: Clients, service: str, path: str) -> None:
    assert_problem(anyone.of(service).get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("service", "method", "path", "allowed"),
    [
        *((service, "DELETE", "/ping", "GET, HEAD, OPTIONS") for service in SERVICES),
        ("auth", "GET", "/auth/login", "OPTIONS, POST"),
        ("profiles", "PUT", "/profiles/me", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        # A path written out hides the todo with such a key, for every method.
        ("todos", "GET", "/todos/export", "OPTIONS, POST"),
        ("todos", "PUT", "/todos/exports/some-id", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_is_not_there(
    visitor: User, anyone: Clients, service: str, method: str, path: str, allowed: str
) -> None:
    response = visitor.of(service).request(method, path)
    assert_problem(response, 405, "METHOD_NOT_ALLOWED")
    assert response.headers["Allow"] == allowed
    options = anyone.of(service).options(path)
    assert (options.status_code, options.content, options.headers["Allow"]) == (204, b"", allowed)
    assert "Content-Type" not in options.headers


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_options_names_the_method_and_needs_no_token(anyone: Clients, endpoint: Endpoint) -> None:
    response = anyone.of(endpoint.service).options(endpoint.unknown_path)
    assert response.status_code == 204
    assert endpoint.method in response.headers["Allow"].split(", ")


@every_service
def test_a_valid_request_id_is_kept(anyone: Clients, service: str) -> None:
    request_id = str(uuid4())
    response = anyone.of(service).get("/ping", headers={"X-Request-ID": request_id})
    assert response.headers.get_list("X-Request-ID") == [request_id]


@every_service
def test_a_valid_request_id_is_kept_on_errors(anyone: Clients, visitor: User, service: str) -> None:
    headers = {"X-Request-ID": str(uuid4())}
    for response in (
        visitor.of(service).get("/nowhere", headers=headers),
        anyone.of(service).get("/auth/version", headers=headers),
        visitor.of(service).delete("/ping", headers=headers),
    ):
        assert response.is_client_error
        assert response.headers["X-Request-ID"] == headers["X-Request-ID"]
        assert response.json()["request_id"] == headers["X-Request-ID"]


# A newline cannot be sent inside a header, so it comes in the disguises that some server might undo.
@every_service
@pytest.mark.parametrize(
    "odd",
    [
        b"",
        b"x" * 1000,
        b"two words",
        b"<script>",
        b"a,b",
        b"a%0d%0aSet-Cookie:x",
        b"a\\nb",
        b"\xff",
        b'"',
        b"${jndi}",
    ],
    ids=lambda odd: repr(odd)[:20],
)
def test_an_odd_request_id_is_replaced(anyone: Clients, service: str, odd: bytes) -> None:
    response = anyone.of(service).get("/ping", headers=[(b"X-Request-ID", odd)])
    assert response.status_code == 200
    (request_id,) = response.headers.get_list("X-Request-ID")
    assert re.fullmatch(r"[\w-]{8,64}", request_id, re.ASCII)
    again = anyone.of(service).get("/ping", headers=[(b"X-Request-ID", odd)])
    assert again.headers["X-Request-ID"] != request_id
