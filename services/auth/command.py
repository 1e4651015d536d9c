"""What the commands of an operator have in common: the service's settings, its tables, and its log."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from botocore.exceptions import BotoCoreError
from pynamodb.exceptions import PynamoDBException

from libs.dynamodb import TableMismatch, error_code
from libs.service import SettingsError
from libs.service.logs import configure_logs, log_to_stderr
from services.auth.keys import TokenKeys, WrongSecret
from services.auth.service import service
from services.auth.settings import AuthSettings


def run(main: Callable[[list[str]], str | None]) -> str | None:
    """Run a command as a process of its own, and return what is wrong.

    What it does is logged, as the service logs, to standard error: its output is for who called it.
    """
    try:
        log_format = service.load_settings(os.environ).log_format
    except SettingsError:  # the command tells of that itself
        log_format = "json"
    configure_logs(service.name, log_format=log_format, level="INFO")
    log_to_stderr()
    return main(sys.argv[1:])


@contextmanager
def operators_tables(environ: Mapping[str, str]) -> Iterator[AuthSettings]:
    """Give the service's tables to what is done within a with-block.

    :raises SettingsError: naming what is wrong with the settings, or that the database does not answer.
    """
    settings = cast(AuthSettings, service.load_settings(environ))
    try:
        database = service.database(settings)
        if settings.create_tables:
            database.create_tables()
        yield settings
    except (PynamoDBException, BotoCoreError) as error:
        told = error_code(error) or type(getattr(error, "cause", None) or error).__name__
        raise SettingsError(f"DynamoDB: {told}") from None
    except TableMismatch as error:
        raise SettingsError(str(error)) from None


@contextmanager
def operators_keys(environ: Mapping[str, str]) -> Iterator[tuple[AuthSettings, TokenKeys]]:
    """Give the service's keys to what is done within a with-block.

    :raises SettingsError: as `operators_tables`, and if the keys were sealed with another secret.
    """
    with operators_tables(environ) as settings:
        try:
            yield settings, TokenKeys.of(settings)
        except WrongSecret:
            raise SettingsError("APP_KEY_SECRET: The stored keys were sealed with another one.") from None
