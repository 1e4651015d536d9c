"""Which images a bundle runs: named by digest, so that what was tested is what runs."""

import re
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from infra.aws import names
from infra.aws.clients import Aws
from infra.aws.errors import AwsError
from infra.aws.stage import Stage

COMMIT = re.compile(r"[0-9a-f]{40}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REFERENCE = re.compile(rf"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+@{DIGEST.pattern}")
_CODE = re.compile(r"[A-Za-z0-9.]{1,80}")

PROXY = "proxy"
"""What the image of the proxy is called among those of the services."""


@dataclass(frozen=True)
class Images:
    """References such as ``registry.example.com/polymacaron/todos@sha256:…``.

    Raises:
        AwsError: one of them does not name its image by digest.
    """

    service: str
    proxy: str

    def __post_init__(self) -> None:
        for reference in (self.service, self.proxy):
            if not _REFERENCE.fullmatch(reference):
                raise AwsError(f"{reference!r} names no image by digest: REGISTRY/NAME@sha256:<64 digits>.")


def registry(stage: Stage) -> str:
    """The ECR registry of the stage's account, in its region."""
    return f"{stage.account}.dkr.ecr.{stage.region}.amazonaws.com"


def reference(stage: Stage, service: str, digest: str) -> str:
    """The image of a service with this digest (``sha256:…``)."""
    return f"{registry(stage)}/{names.repository(service)}@{digest}"


def images_of(aws: Aws, stage: Stage, service: str, commit: str) -> Images:
    """Ask ECR for the images of a commit.

    Raises:
        AwsError: one is not there, or ECR does not say.
    """
    found = [reference(stage, name, _digest(aws, stage, name, commit)) for name in (service, PROXY)]
    return Images(*found)


def _digest(aws: Aws, stage: Stage, service: str, commit: str) -> str:
    repository = names.repository(service)
    try:
        told = aws.client("ecr").describe_images(
            registryId=stage.account, repositoryName=repository, imageIds=[{"imageTag": commit}]
        )
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in ("ImageNotFoundException", "RepositoryNotFoundException"):
            raise AwsError(f"ECR has no image {repository}:{commit}: deploy that commit first.") from error
        raise AwsError(
            f"ECR does not tell the digest: {code if _CODE.fullmatch(code) else 'error'}."
        ) from error
    except BotoCoreError as error:
        raise AwsError(
            f"ECR cannot be asked ({type(error).__name__}): give credentials, or both digests."
        ) from error
    digest: str = told["imageDetails"][0]["imageDigest"]
    return digest
