"""What values of settings are taken."""

import re
from collections.abc import Callable

from marshmallow import ValidationError
from marshmallow.validate import Regexp

from libs.api import is_http_url, is_service_url
from libs.jwt import check_secret
from libs.tasks.broker.brokers import BrokerAddress

_DSN = re.compile(r"https?://[^\s/@:]+(:[^\s/@]*)?@[^\s/@?#]+(/[^\s?#]*)?/[0-9]+")

HOST = Regexp(r"\S+\Z", error="Not the name or address of a host.")
"""Takes what may be listened at; an empty one would be all there is."""


def readable(read: Callable[[str], object]) -> Callable[[str], str]:
    """Return a validator that takes what `read` can read.

    :param read: raises ValueError where it cannot, with a message that quotes nothing of the text.
    """

    def validate(text: str) -> str:
        try:
            read(text)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        return text

    return validate


strong_secret = readable(check_secret)
"""Takes a secret that somebody may have drawn at random."""


over_tls = Regexp(r"(?!http://)", error="Has to be https outside of development.")
"""Refuses what is sent in the clear."""


def http_url(text: str) -> str:
    """Take a URL that may have credentials and a query.

    :raises ValidationError: if it is none, or of a host or port that cannot be.
    """
    if not is_http_url(text):
        raise ValidationError("Not an http or https URL.")
    return text


def sentry_dsn(text: str) -> str:
    """Take the address that a project of Sentry takes events at.

    :raises ValidationError: if it is none.
    """
    if not _DSN.fullmatch(text) or not is_http_url(text):
        raise ValidationError("Not as Sentry shows it: https://key@host/project.")
    return text


def service_url(text: str) -> str:
    """Take the address of another service.

    :raises ValidationError: if it is none.
    """
    if not is_service_url(text):
        raise ValidationError("Not an http or https URL, without credentials, query and fragment.")
    return text


ANSWER_CHECK = Regexp(
    r"(always|off|1|0\.[0-9]*[1-9][0-9]*)\Z", error="Neither always, off, nor a share such as 0.01."
)


def _redis_url(text: str) -> str:
    if BrokerAddress.read(text).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("Not a redis, rediss or unix URL.")
    return text


redis_address = readable(_redis_url)
"""Takes the address of one Redis."""


def read_queues(text: str) -> list[str]:
    """Read names of queues: ``default,slow``.

    :raises ValueError: if it has none.
    """
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise ValueError("Not names of queues, with commas between them.")
    return names
