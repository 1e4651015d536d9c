"""Whose credentials calls are made with, asked before anything is changed."""

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from infra.aws.clients import Aws
from infra.aws.errors import AwsError
from infra.aws.stage import Stage


def check_account(aws: Aws, stage: Stage) -> str:
    """Return who is calling, as the ARN of a user or role.

    Raises:
        AwsError: there are no credentials, they are not good any more, or not of the stage's account.
    """
    try:
        who = aws.client("sts").get_caller_identity()
    except NoCredentialsError as error:
        raise AwsError(
            f"there are no AWS credentials here, and {stage.name} is in account {stage.account}.\n"
            "Log in (`aws sso login`) and name the profile in AWS_PROFILE, or set AWS_ACCESS_KEY_ID etc.\n"
            "For an account that nothing was set up in yet, begin with docs/production.md."
        ) from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "an error")
        raise AwsError(
            f"AWS does not take the credentials found here ({code}).\n"
            "Log in again (`aws sso login`) if they have expired; else look at AWS_PROFILE and AWS_ACCESS_*."
        ) from error
    except BotoCoreError as error:
        # Such as a login that is over, or no network; botocore's own texts hold no secret.
        raise AwsError(f"AWS cannot be asked who is calling: {error}") from error
    if who["Account"] != stage.account:
        raise AwsError(
            f"these credentials are of account {who['Account']} ({who['Arn']}), "
            f"and {stage.name} is in {stage.account}.\n"
            f"Name the right profile in AWS_PROFILE, or mend infra/stages/{stage.name}.yaml."
        )
    return str(who["Arn"])
