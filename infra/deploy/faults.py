"""What went wrong with a call of AWS, in words that say what to do."""

import re
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnection

from infra.aws.account import LOGGED_OUT, NOBODY
from infra.deploy.calls import Call
from infra.deploy.exits import Busy, DeployError, Exit

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
UNKNOWN = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "AuthFailure",
}
DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "InsufficientPrivilegesException",
    "UnauthorizedOperation",
    "403",
}
BUSY = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "SlowDown",
    "PriorRequestNotComplete",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "ServiceUnavailable",
}
NOT_AUTHORIZED = re.compile(r"not authorized to perform:? ([a-z0-9-]+:[A-Za-z*]+)(?: on resource:? (\S+))?")

AGAIN = "The same command goes on where this one ended."


def missing_stage(command: str, stages: Path) -> DeployError:
    """Nobody has said where to; nor who asks, perhaps, which is told, too."""
    known = ", ".join(sorted(file.stem for file in stages.glob("*.yaml")))
    said = f"STAGE is missing, which is one of {known}: make {command} SERVICE=todos STAGE=staging."
    try:
        found = boto3.Session().get_credentials()
    except BotoCoreError:
        found = None  # such as a profile that there is not
    if found is not None:
        return DeployError(Exit.REFUSED, said)
    return DeployError(
        Exit.CREDENTIALS,
        f"{said}\n"
        "Nor are there AWS credentials here: log in (`aws sso login`) and name the profile in AWS_PROFILE.\n"
        "For an account that nothing was set up in yet, begin with docs/production.md.",
    )


def expired() -> DeployError:
    """They were good when the command began."""
    return DeployError(
        Exit.CREDENTIALS,
        f"the AWS credentials have expired: renew them (`aws sso login`, or a new job in CI). {AGAIN}",
    )


def told(error: ClientError | BotoCoreError, call: Call) -> DeployError:
    """What a person is told of a call that failed. No more of AWS' own words than its message."""
    if isinstance(error, ClientError):
        return _answered(error, call)
    if isinstance(error, (*NOBODY, *LOGGED_OUT)):
        return expired()
    if isinstance(error, HTTPClientError | NoConnection):
        return Busy(f"{call.service} of AWS does not answer ({type(error).__name__}). {AGAIN}")
    return DeployError(Exit.AWS, f"{call.service} {call.operation}: {error}")


def _answered(error: ClientError, call: Call) -> DeployError:
    code, said = str(error.response["Error"].get("Code")), error.response["Error"].get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in EXPIRED:
        return expired()
    if code in UNKNOWN:
        return DeployError(
            Exit.CREDENTIALS,
            f"AWS does not know these credentials ({code}): see AWS_PROFILE and the AWS_ variables.",
        )
    if code in DENIED or "not authorized to perform" in said:
        found = NOT_AUTHORIZED.search(said)
        action = found[1] if found else ", ".join(call.actions)
        where = f" on {found[2]}" if found and found[2] else ""
        return DeployError(
            Exit.DENIED,
            f"these credentials may not {action}{where}.\n"
            "The deploy role of the stage may (infra/stacks/roles.yaml; `make stacks` renews it).\n"
            f"{AGAIN}",
        )
    if code in BUSY or status >= 500:
        return Busy(f"{call.service} of AWS is busy ({code}). {AGAIN}")
    return DeployError(Exit.AWS, f"{call.service} {call.operation}: {code}: {said}")
