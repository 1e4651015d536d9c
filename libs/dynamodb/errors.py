"""What DynamoDB's errors mean for a client of ours.

Codes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    InvalidConfigError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ValidationError,
)
from pynamodb.exceptions import (
    CancellationReason,
    PynamoDBException,
    TransactWriteError,
    VerboseClientError,
)

from libs.errors import BodyTooLarge, Conflict, Problem, ServiceUnavailable

_TRY_AGAIN = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)

_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
_THROTTLED_ITEM = frozenset({"ProvisionedThroughputExceeded", "ThrottlingError"})

_TRY_TRANSACTION_AGAIN = frozenset(
    {"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"}
)


_NEVER_SENT = (
    InvalidConfigError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    ValidationError,
)
"""Faults of ours, or of the configuration: the same call would end so each time. Credentials that cannot be
fetched for now (`CredentialRetrievalError`) are none."""

_FULL = frozenset({"ItemCollectionSizeLimitExceeded", "ItemCollectionSizeLimitExceededException"})
"""A partition of a table with a local index holds 10 GB, and no more."""


def error_code(error: Exception) -> str | None:
    """Return the code DynamoDB gave `error`, or None where it gave no answer.

    PynamoDB's own `cause_response_code` raises AttributeError for a read that timed out.
    """
    cause = error.cause if isinstance(error, PynamoDBException) else error
    code: str | None = cause.response["Error"].get("Code") if isinstance(cause, ClientError) else None
    return code


def is_condition_failure(error: PynamoDBException) -> bool:
    """Tell whether a conditional write of one item was refused."""
    return error_code(error) == "ConditionalCheckFailedException"


def is_throttled(error: ClientError) -> bool:
    """Tell whether nothing was done because too much is asked for, which may be otherwise in a moment."""
    told = error.__cause__ if isinstance(error.__cause__, ClientError) else error
    reasons = {one.get("Code", "None") for one in told.response.get("CancellationReasons", ())} - {"None"}
    return error_code(error) in _THROTTLED or (bool(reasons) and reasons <= _THROTTLED_ITEM)


def answer_metadata(error: ClientError) -> Mapping[str, Any]:
    """Return botocore's `ResponseMetadata` of an answer, which PynamoDB's error leaves out."""
    told = error.__cause__ if isinstance(error.__cause__, ClientError) else error
    metadata: Mapping[str, Any] = told.response.get("ResponseMetadata", {})
    return metadata


def as_problem(error: Exception) -> Problem | None:
    """Return the problem a store error is for the client, or None where it is a fault in our own code.

    Unreachable, slow and throttled databases, and any answer of the 5xx, are a 503 with Retry-After. Those
    that can be tried again have been (`libs.dynamodb.calls`) before they arrive here. DynamoDB Local with a
    full disk answers 500. What has never been sent is a fault of ours.
    """
    cause = error.cause if isinstance(error, PynamoDBException) else error
    cancelled = error.cancellation_reasons if isinstance(error, TransactWriteError) else []
    reasons = [reason for reason in cancelled if reason is not None]
    if _is_too_large(cause, reasons):
        return BodyTooLarge("It is more than DynamoDB stores in one item (400 KB).")
    if error_code(error) in _FULL or any(reason.code in _FULL for reason in reasons):
        return Conflict("There is no room for more of these. Delete some first.", code="STORE_FULL")
    if isinstance(cause, _NEVER_SENT):
        return None
    crowded = any(reason.code in _TRY_TRANSACTION_AGAIN for reason in reasons)
    if crowded or error_code(error) in _TRY_AGAIN or isinstance(cause, BotoCoreError) or _is_5xx(cause):
        # Of a circuit that is open it is known when it is tried again.
        return ServiceUnavailable(
            "The database does not answer. Try again.", retry_after=getattr(cause, "retry_after", 1)
        )
    return None


def _is_too_large(cause: Exception | None, reasons: Sequence[CancellationReason]) -> bool:
    """Tell it by DynamoDB's own words alone: those of others say nothing about an item."""
    texts = [reason.message or "" for reason in reasons]
    if isinstance(cause, VerboseClientError) and error_code(cause) == "ValidationException":
        texts.append(str(cause))
    return any("maximum allowed size" in text for text in texts)


def _is_5xx(cause: Exception | None) -> bool:
    """Tell whether it is an answer of DynamoDB, or of a proxy before it, that says nothing of the request.

    Such as InternalFailure, or a page of a load balancer, whose code is its status.
    """
    # An answer to another AWS client has no error of PynamoDB's.
    told = answer_metadata(cause) if isinstance(cause, VerboseClientError) else {}
    return int(told.get("HTTPStatusCode", 0)) >= 500
