"""What DynamoDB's errors mean for a client of ours."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from pynamodb.exceptions import GetError, PutError, TransactWriteError

from libs.dynamodb import as_problem, is_condition_failure
from libs.errors import ServiceUnavailable


def refused(code, reasons=None):
    """Return the error botocore makes of an answer with this code."""
    answer = {"Error": {"Code": code, "Message": "secret of the table"}}
    if reasons is not None:
        answer["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    return ClientError(answer, "TransactWriteItems")


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
        TransactWriteError("no", refused("TransactionCanceledException", ["ConditionalCheckFailed", "None"])),
        TransactWriteError("no", refused("TransactionCanceledException", ["ValidationError"])),
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
    error = TransactWriteError("no", refused("TransactionCanceledException", ["None", reason]))
    assert isinstance(as_problem(error), ServiceUnavailable)


def test_a_condition_failure_is_told_from_other_errors():
    assert is_condition_failure(PutError("no", refused("ConditionalCheckFailedException")))
    assert not is_condition_failure(PutError("no", refused("ThrottlingException")))
    assert not is_condition_failure(PutError("no", ReadTimeoutError(endpoint_url="http://db")))
    assert not is_condition_failure(PutError("no"))
