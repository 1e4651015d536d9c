"""Values that are kept in AWS: ``aws-secret:<name or ARN>[#key]`` and ``aws-parameter:<name or ARN>``.

They are fetched when the settings are read, each once, before the process forks, and not again while it runs.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html and
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as UnreachableError
from botocore.session import Session

CONNECT_SECONDS = 2.0
READ_SECONDS = 4.0
TRIES = 3

_KINDS = {"aws-secret": "secretsmanager", "aws-parameter": "ssm"}
_REFERENCE = re.compile(r"aws-[a-z]+:")
_CODE = re.compile(r"[A-Za-z0-9.]{1,80}")
_ARN_REGION = re.compile(r"arn:[a-z-]+:[a-z]+:([a-z0-9-]+):")


class NamedSecretError(Exception):
    """A named secret cannot be had; the message tells why, and nothing of its value.

    :param passing: whether the same may work a little later.
    """

    def __init__(self, message: str, *, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


def is_reference(value: object) -> bool:
    """Return whether a value of a setting says where the value is."""
    return isinstance(value, str) and _REFERENCE.match(value) is not None


def read_reference(text: str) -> tuple[str, str, str]:
    """Return kind, name, and the key within what has the name, which may be empty.

    :raises NamedSecretError: if the text names nothing.
    """
    kind, _, rest = text.partition(":")
    if kind not in _KINDS:
        raise NamedSecretError(f"Names nothing: what begins so is {':… or '.join(_KINDS)}:….")
    name, hash_, key = rest.partition("#") if kind == "aws-secret" else (rest, "", "")
    if not name or (hash_ and not key):
        raise NamedSecretError(f"{kind}: names nothing.")
    return kind, name, key


class NamedSecrets:
    """Where named secrets are fetched from, with the credentials that AWS gives the process.

    :param region: of those that are not named by their ARN.
    :param endpoint: instead of AWS's own, for both services.
    """

    def __init__(self, region: str | None, endpoint: str | None = None) -> None:
        self._region = region
        self._endpoint = endpoint
        self._session: Session | None = None
        self._clients: dict[tuple[str, str], Any] = {}
        self._texts: dict[tuple[str, str], str | NamedSecretError] = {}
        self._away: dict[tuple[str, str], NamedSecretError] = {}

    def text(self, reference: str) -> str:
        """Return what a reference stands for, without the space around it.

        :raises NamedSecretError: with AWS's code of the error, if it gave one.
        """
        kind, name, key = read_reference(reference)
        text = self._once(kind, name)
        return (_entry(text, key, kind) if key else text).strip()

    def _once(self, kind: str, name: str) -> str:
        if (kind, name) not in self._texts:
            try:
                self._texts[kind, name] = self._fetch(kind, name)
            except NamedSecretError as error:
                self._texts[kind, name] = error
        found = self._texts[kind, name]
        if isinstance(found, NamedSecretError):
            raise found
        return found

    def _fetch(self, kind: str, name: str) -> str:
        arn = _ARN_REGION.match(name)
        region = arn[1] if arn else self._region
        if not region:
            raise NamedSecretError(f"{kind}: give APP_SECRETS_REGION, or APP_DYNAMODB_REGION.")
        if away := self._away.get((kind, region)):
            raise away
        try:
            client = self._client(_KINDS[kind], region)
            if kind == "aws-parameter":
                told = client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
            else:
                told = client.get_secret_value(SecretId=name).get("SecretString")
        except ClientError as error:
            raise _refused(error, kind) from None
        except (BotoCoreError, ValueError) as error:
            # Whoever does not answer now is not waited for once more for each secret.
            passing = isinstance(error, UnreachableError | HTTPClientError)
            away = NamedSecretError(f"{kind}: {type(error).__name__}", passing=passing)
            if away.passing:
                self._away[kind, region] = away
            raise away from None
        if not isinstance(told, str):
            raise NamedSecretError(f"{kind}: is binary; a text is wanted.")
        return told

    def _client(self, service: str, region: str) -> Any:
        if (service, region) not in self._clients:
            self._session = self._session or Session()
            self._clients[service, region] = self._session.create_client(
                service,
                region_name=region,
                endpoint_url=self._endpoint,
                config=Config(
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    retries={"total_max_attempts": TRIES, "mode": "standard"},
                ),
            )
        return self._clients[service, region]


def _refused(error: ClientError, kind: str) -> NamedSecretError:
    told: Mapping[str, Any] = error.response
    code = str(told.get("Error", {}).get("Code"))
    status = told.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    passing = status >= 500 or "Throttl" in code or "TooManyRequests" in code
    return NamedSecretError(f"{kind}: {code if _CODE.fullmatch(code) else status}", passing=passing)


def _entry(text: str, key: str, kind: str) -> str:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        raise NamedSecretError(f"{kind}: is not JSON, and its key {key} is asked for.") from None
    if not isinstance(entries, dict) or key not in entries:
        raise NamedSecretError(f"{kind}: has no key {key}.")
    if not isinstance(entries[key], str):
        raise NamedSecretError(f"{kind}: its key {key} is not a text.")
    found: str = entries[key]
    return found
