"""What DynamoDB's errors mean for a client of ours.

Codes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException, TransactWriteError

from libs.errors import BodyTooLarge, Problem, ServiceUnavailable

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

_TRY_TRANSACTION_AGAIN = frozenset(
    {"ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"}
)


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


def as_problem(error: Exception) -> Problem | None:
    """Return the problem a store error is for the client, or None where it is a fault in our own code.

    Unreachable, slow and throttled databases are a 503 with Retry-After. botocore has retried those that
    can be retried before they arrive here.
    """
    cause = error.cause if isinstance(error, PynamoDBException) else error
    reasons = error.cancellation_reasons if isinstance(error, TransactWriteError) else []
    texts = [f"{error} {cause}", *(reason.message or "" for reason in reasons if reason)]
    if any("maximum allowed size" in text for text in texts):
        return BodyTooLarge("It is more than DynamoDB stores in one item (400 KB).")
    crowded = any(reason is not None and reason.code in _TRY_TRANSACTION_AGAIN for reason in reasons)
    if crowded or error_code(error) in _TRY_AGAIN or isinstance(cause, BotoCoreError):
        return ServiceUnavailable("The database does not answer. Try again.")
    return None
