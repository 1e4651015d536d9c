"""A document names the problems of its operations."""

import pytest

from libs.api.binding.problem_responses import RESPONSES, derived_responses, problem_responses
from libs.errors import Conflict, InternalError, QueryRefused, Unauthorized


def statuses(**takes: object) -> str:
    nothing = {"token": False, "scopes": None, "in_path": False, "body": False}
    return " ".join(derived_responses(**{**nothing, **takes}))  # type: ignore[arg-type]


def test_what_an_operation_takes_tells_what_may_be_wrong_with_it() -> None:
    assert statuses() == "400"  # a parameter that is not known
    assert statuses(token=True) == "400 401"
    assert statuses(token=True, scopes=["a"]) == "400 401 403"
    assert statuses(in_path=True) == "400 404"
    assert statuses(body=True) == "400 408 413 415 422"


def test_a_problem_is_a_reference_to_a_shared_response() -> None:
    assert problem_responses(QueryRefused, Conflict) == {
        "409": {"$ref": "#/components/responses/Conflict"},
        "422": {"$ref": "#/components/responses/Unprocessable"},
    }
    with pytest.raises(KeyError):
        problem_responses(InternalError)


def test_a_shared_response_is_a_problem_with_the_headers_it_always_has() -> None:
    for response in RESPONSES.values():
        schema = response["content"]["application/problem+json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}
    assert RESPONSES["Unauthorized"]["headers"].keys() == Unauthorized().headers.keys()
