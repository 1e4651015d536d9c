"""Whose credentials calls are made with, asked before anything is changed."""

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    LoginError,
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)

from infra.aws.clients import Aws
from infra.aws.errors import AwsError, CredentialsError
from infra.aws.stage import Stage

NOBODY = (NoCredentialsError, PartialCredentialsError)
LOGGED_OUT = (SSOError, LoginError, NoAuthTokenError, TokenRetrievalError, CredentialRetrievalError)
"""What botocore raises where a login is over, or was never made."""


def check_account(aws: Aws, stage: Stage) -> str:
    """Return who is calling, as the ARN of a user or role.

    Raises:
        CredentialsError: there are no credentials, they are not good any more, or not of the stage's account.
        AwsError: AWS does not answer.
    """
    try:
        who = aws.client("sts").get_caller_identity()
    except NOBODY as error:
        raise CredentialsError(
            f"there are no AWS credentials here, and {stage.name} is in account {stage.account}.",
            "Log in (`aws sso login`) and name the profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID etc.",
        ) from error
    except LOGGED_OUT as error:
        raise CredentialsError(
            f"the login to AWS is over, or was never made ({type(error).__name__}).",
            "Log in (`aws sso login`); AWS_PROFILE names the profile. In CI: a new job.",
        ) from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "an error")
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400) >= 500:
            raise AwsError(f"AWS cannot be asked who is calling ({code}): try again.") from error
        raise CredentialsError(
            f"AWS does not take the credentials found here ({code}).",
            "Log in again (`aws sso login`) if they have expired; else look at AWS_PROFILE and AWS_ACCESS_*.",
        ) from error
    except BotoCoreError as error:
        # Such as no network; botocore's own texts hold no secret.
        raise AwsError(f"AWS cannot be asked who is calling: {error}") from error
    if who["Account"] != stage.account:
        raise CredentialsError(
            f"these credentials are of account {who['Account']} ({who['Arn']}), "
            f"and {stage.name} is in {stage.account}.",
            f"Name the right profile in AWS_PROFILE, or mend infra/stages/{stage.name}.yaml.",
        )
    return str(who["Arn"])
