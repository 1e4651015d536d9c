"""What DynamoDB's errors mean for a client of ours."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from pynamodb.exceptions import CancellationReason, GetError, PutError, TransactWriteError, VerboseClientError

from libs.dynamodb import as_problem, is_condition_failure
from libs.errors import ServiceUnavailable


def refused(code):
    """Return the error botocore makes of an answer with this code."""
    return ClientError({"Error": {"Code": code, "Message": "secret of the table"}}, "GetItem")


def cancelled(*reasons):
    """Return the error PynamoDB makes of a transaction cancelled for these reasons."""
    found = [reason and CancellationReason(code=reason) for reason in reasons]
    answer = {"Error": {"Code": "TransactionCanceledException"}}
    cause = VerboseClientError(answer, "TransactWriteItems", cancellation_reasons=found)
    return TransactWriteError("no", cause)


@pytest.mark.parametrize(
    "code",
    [
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    ],
)
def test_a_database_with_too_much_to_do_is_a_503(code):
    problem = as_problem(GetError("no", refused(code)))
    assert isinstance(problem, ServiceUnavailable)
    assert isinstance(as_problem(refused(code)), ServiceUnavailable)
    assert "secret" not in str(problem.to_json())


@pytest.mark.parametrize(
    "cause",
    [
        EndpointConnectionError(endpoint_url="http://db"),
        ConnectTimeoutError(endpoint_url="http://db"),
        ReadTimeoutError(endpoint_url="http://db"),
    ],
)
def test_a_database_that_cannot_be_reached_is_a_503(cause):
    assert isinstance(as_problem(PutError("no", cause)), ServiceUnavailable)
    assert isinstance(as_problem(cause), ServiceUnavailable)


@pytest.mark.parametrize(
    "error",
    [
        GetError("no", refused("ValidationException")),
        GetError("no", refused("ResourceNotFoundException")),
        GetError("no", refused("AccessDeniedException")),
        PutError("no", refused("ConditionalCheckFailedException")),
        PutError("no"),
        cancelled("ConditionalCheckFailed", None),
        cancelled("ValidationError"),
        TransactWriteError("no", refused("ValidationException")),
        ValueError("no"),
        KeyError("no"),
    ],
)
def test_a_fault_in_our_own_code_is_no_503(error):
    assert as_problem(error) is None


@pytest.mark.parametrize(
    "reason", ["TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"]
)
def test_a_transaction_that_another_got_in_the_way_of_is_a_503(reason):
    assert isinstance(as_problem(cancelled(None, reason)), ServiceUnavailable)


def test_a_condition_failure_is_told_from_other_errors():
    assert is_condition_failure(PutError("no", refused("ConditionalCheckFailedException")))
    assert not is_condition_failure(PutError("no", refused("ThrottlingException")))
    assert not is_condition_failure(PutError("no", ReadTimeoutError(endpoint_url="http://db")))
    assert not is_condition_failure(PutError("no"))
