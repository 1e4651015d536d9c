from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from infra.aws.errors import AwsError
from infra.aws.stage import Stage
from infra.bundle.images import Images, images_of
from infra.bundle.tests.conftest import COMMIT

REGISTRY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com"


class Ecr:
    """Answers as ECR does; what it was asked is kept."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self._fault = fault

    def client(self, name: str) -> "Ecr":
        assert name == "ecr"
        return self

    def describe_images(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        if self._fault:
            raise self._fault
        digit = "1" if asked["repositoryName"].endswith("todos") else "2"
        return {"imageDetails": [{"imageDigest": f"sha256:{digit * 64}"}]}


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "secret"}}, "DescribeImages")


def test_the_images_of_a_commit_are_asked_for_by_tag(live: Stage) -> None:
    ecr: Any = Ecr()
    found = images_of(ecr, live, "todos", COMMIT)
    assert found.service == f"{REGISTRY}/polymacaron/todos@sha256:{'1' * 64}"
    assert found.proxy == f"{REGISTRY}/polymacaron/proxy@sha256:{'2' * 64}"
    assert ecr.asked == [
        {
            "registryId": "111122223333",
            "repositoryName": f"polymacaron/{name}",
            "imageIds": [{"imageTag": COMMIT}],
        }
        for name in ("todos", "proxy")
    ]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (refused("ImageNotFoundException"), f"ECR has no image polymacaron/todos:{COMMIT}"),
        (refused("AccessDeniedException"), "ECR does not tell the digest: AccessDeniedException."),
        (
            NoCredentialsError(),
            "ECR cannot be asked (NoCredentialsError): give credentials, or both digests.",
        ),
    ],
)
def test_what_ecr_does_not_tell_is_told(live: Stage, fault: Exception, said: str) -> None:
    ecr: Any = Ecr(fault)
    with pytest.raises(AwsError) as caught:
        images_of(ecr, live, "todos", COMMIT)
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "reference",
    [
        "polymacaron/todos:latest",
        f"todos@sha256:{'1' * 64}",
        f"a/b@sha256:{'1' * 63}",
        f"a/b@sha256:{'1' * 64}\n",
    ],
)
def test_an_image_without_a_digest_is_refused(reference: str) -> None:
    with pytest.raises(AwsError, match="names no image by digest"):
        Images(reference, f"{REGISTRY}/polymacaron/proxy@sha256:{'2' * 64}")
