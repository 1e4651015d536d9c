"""Put one entry into a service's secret, which has others that are to stay."""

import getpass
import json
import sys
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from infra.aws import names
from infra.aws.account import check_account
from infra.aws.clients import Aws
from infra.aws.errors import AwsError
from infra.aws.stage import Stage
from infra.aws.told import told
from infra.local.output import say


def put_entry(aws: Aws, stage: Stage, service: str, entry: str, given: Callable[[], str]) -> None:
    """Set `entry` of the service's secret to what `given` returns; asked when it is known that there is one.

    Raises:
        AwsError: there is no such service, secret, or entry in it or in config/<stage>.yaml; or the value is
            empty.
    """
    if service not in stage.services:
        raise AwsError(f"SERVICE={service} is none of {', '.join(stage.services)} (the stage's file).")
    check_account(aws, stage)
    name, client = names.secret(service, stage.name), aws.client("secretsmanager")
    try:
        held: dict[str, Any] = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        raise AwsError(f"there is no secret {name}: `make stacks STAGE={stage.name}` makes it.") from error
    references = told(stage.name, service).references
    named = {what for kind, of, what in references if (kind, of) == ("aws-secret", name) and what}
    if entry not in (known := sorted({*held, *named})):
        raise AwsError(
            f"{name} has no entry {entry}, only {', '.join(known)}.\n"
            f"A new one is named in config/{stage.name}.yaml first: aws-secret:{name}#{entry}."
        )
    value = given()
    if not value:
        raise AwsError("an empty value was given: nothing was changed.")
    client.put_secret_value(SecretId=name, SecretString=json.dumps({**held, entry: value}))
    say(f"{name}#{entry} is set. Processes read it when they start: deploy, or restart their environment.")


def ask(prompt: str) -> str:
    """The value, not shown while it is typed; or a line of standard input, where that is no terminal."""
    return getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
