"""What DynamoDB's errors mean for a client of ours."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
)
from pynamodb.exceptions import CancellationReason, GetError, PutError, TransactWriteError, VerboseClientError

from libs.dynamodb import as_problem, is_condition_failure
from libs.errors import BodyTooLarge, Conflict, ServiceUnavailable

TOO_LARGE = "Item size to update has exceeded the maximum allowed size"


def refused(code, *, status=400, message="secret of the table"):
    """Return the error botocore makes of an answer with this code."""
    metadata = {"HTTPStatusCode": status}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, "GetItem")


def told(code, **answer):
    """Return the error PynamoDB makes of that, which has no status of its own."""
    error = VerboseClientError({"Error": refused(code, **answer).response["Error"]}, "GetItem")
    error.__cause__ = refused(code, **answer)
    return error


def cancelled(*reasons, message=None):
    """Return the error PynamoDB makes of a transaction cancelled for these reasons."""
    found = [reason and CancellationReason(code=reason, message=message) for reason in reasons]
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
    ("code", "status"),
    [("InternalFailure", 500), ("500", 500), ("502", 502), ("503", 503), ("504", 504), ("Unheard", 599)],
)
def test_an_answer_of_the_5xx_is_a_503_whatever_its_code(code, status):
    error = told(code, status=status)
    assert isinstance(as_problem(GetError("no", error)), ServiceUnavailable)
    assert isinstance(as_problem(error), ServiceUnavailable)


@pytest.mark.parametrize(
    "error",
    [
        PutError("no", told("ValidationException", message=TOO_LARGE)),
        told("ValidationException", message=TOO_LARGE),
        cancelled(None, "ValidationError", message=TOO_LARGE),
    ],
    ids=["a model's", "a table's", "a transaction's"],
)
def test_what_is_more_than_an_item_holds_is_a_413(error):
    assert isinstance(as_problem(error), BodyTooLarge)


@pytest.mark.parametrize(
    "error",
    [
        PutError("no", refused("ItemCollectionSizeLimitExceededException")),
        told("ItemCollectionSizeLimitExceededException"),
        cancelled(None, "ItemCollectionSizeLimitExceeded"),
    ],
    ids=["a model's", "a table's", "a transaction's"],
)
def test_a_partition_that_is_full_is_a_409(error):
    problem = as_problem(error)
    assert isinstance(problem, Conflict)
    assert problem.code == "STORE_FULL"


@pytest.mark.parametrize(
    "error",
    [
        ParamValidationError(report="secret"),
        NoCredentialsError(),
        PartialCredentialsError(provider="env", cred_var="secret"),
        NoRegionError(),
        ProfileNotFound(profile="secret"),
    ],
)
def test_what_was_never_sent_is_a_fault_of_ours_and_not_to_be_tried_again(error):
    assert as_problem(error) is None
    assert as_problem(PutError("no", error)) is None


def test_credentials_that_cannot_be_fetched_for_now_are_a_503():
    error = CredentialRetrievalError(provider="container-role", error_msg="secret")
    assert isinstance(as_problem(error), ServiceUnavailable)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(TOO_LARGE),
        refused("EntityTooLarge", message="Your proposed upload exceeds the maximum allowed size"),
        refused("ValidationException", message=TOO_LARGE),
        PutError(TOO_LARGE, told("AccessDeniedException", message=TOO_LARGE)),
        refused("InternalError", status=500),
    ],
    ids=["no client's", "S3's", "another client's", "another code's", "another client's 500"],
)
def test_what_only_reads_like_an_error_of_the_database_is_none(error):
    assert as_problem(error) is None


@pytest.mark.parametrize(
    "error",
    [
        GetError("no", told("ValidationException")),
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
