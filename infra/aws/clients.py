"""Clients of AWS' API, all made in one way."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ProfileNotFound

from infra.aws.errors import CredentialsError


class Aws:
    """Clients for one region, each made when it is first asked for.

    Where credentials and endpoints come from is botocore's own affair: AWS_PROFILE, AWS_ENDPOINT_URL,
    AWS_ENDPOINT_URL_ELASTIC_BEANSTALK and so on.

    Raises:
        CredentialsError: AWS_PROFILE names none there is.
    """

    def __init__(self, region: str) -> None:
        try:
            self._session = boto3.Session(region_name=region)
        except ProfileNotFound as error:
            raise CredentialsError(
                f"{error}: AWS_PROFILE has to name one of ~/.aws/config.",
                "`aws configure list-profiles` tells those there are; `aws configure sso` makes one.",
            ) from error
        # Adaptive: calls that are throttled slow down those that follow, on this side.
        self._config = Config(
            retries={"mode": "adaptive", "total_max_attempts": 8},
            connect_timeout=5,
            read_timeout=60,
            user_agent_appid="polymacaron",
        )
        self.client = cache(self._client)

    def _client(self, name: str) -> Any:
        return self._session.client(name, config=self._config)
