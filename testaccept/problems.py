"""What every error of every service looks like: application/problem+json (RFC 9457) with a stable code."""

import re
from typing import Any

import httpx

# What an unexpected exception would leave in a body: it belongs in the log and nowhere else.
INTERNALS = re.compile(
    r"Traceback|File \\?\"|\bline \d+, in\b|\b[A-Z]\w*(Error|Exception)\b|<class |0x[0-9a-f]{6,}"
    r"|pynamodb|botocore|marshmallow|werkzeug|celery|/site-packages/",
)


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Assert that the answer is a whole, harmless problem with this status and code; return its body."""
    said = (
        f"{response.request.method} {response.request.url} -> {response.status_code} {response.text[:1000]}"
    )
    assert response.status_code == status, said
    assert response.headers["Content-Type"].split(";")[0] == "application/problem+json", said
    problem = response.json()
    assert isinstance(problem, dict), said
    assert problem["code"] == code, said
    assert problem["status"] == status, said
    for member in ("type", "title", "request_id"):
        assert isinstance(problem.get(member), str), f"no {member}: {said}"
        assert problem[member], f"empty {member}: {said}"
    assert problem["request_id"] == response.headers["X-Request-ID"], said
    assert isinstance(problem.get("detail", ""), str), said
    for error in problem.get("errors", []):
        assert isinstance(error["detail"], str), said
        assert isinstance(error.get("pointer", error.get("parameter")), str), said
    leaked = INTERNALS.search(response.text)
    assert leaked is None, f"{leaked} leaked: {said}"
    return problem


def assert_refused(response: httpx.Response, status: int, code: str, *places: str) -> dict[str, Any]:
    """Assert a problem whose `errors` name exactly these places: JSON pointers or parameters."""
    problem = assert_problem(response, status, code)
    assert fault_places(problem) == set(places), problem
    return problem


def fault_places(problem: dict[str, Any]) -> set[str]:
    """Where the faults are: JSON pointers into the body (`/title`) and names of parameters (`limit`).

    With a parameter, a pointer is one into its value.
    """
    return {error.get("parameter", error.get("pointer")) for error in problem.get("errors", [])}


def refused_before(response: httpx.Response) -> bool:
    """Whether a proxy in front has refused what is no proper request, and the service never saw it.

    They give their name; services do not. Ours answers with a problem, a load balancer of AWS with a page.
    """
    by = response.headers.get("Server", "").partition("/")[0]
    if response.status_code != 400 or by not in {"nginx", "awselb"} or '"instance"' in response.text:
        return False
    if by == "nginx":
        assert_problem(response, 400, "BAD_REQUEST")
    return True


def without_request(problem: dict[str, Any]) -> dict[str, Any]:
    """The problem less what differs between any two requests; for asserting that two answers are alike."""
    return {name: value for name, value in problem.items() if name not in {"request_id", "instance"}}
