"""Images in ECR. That one stands there under a commit says that its tests have passed."""

from datetime import datetime
from typing import Any

from infra.aws import names
from infra.deploy.api import Api
from infra.deploy.calls import IMAGES
from infra.deploy.clock import Clock
from infra.deploy.exits import DeployError, Exit

SCAN_SECONDS = 10 * 60.0
LOOK_SECONDS = 5.0
SCANNED = {"COMPLETE", "ACTIVE"}
"""Of basic scans, and of enhanced ones, which go on for as long as the image is there."""
FAILED = {"FAILED", "UNSUPPORTED_IMAGE", "SCAN_ELIGIBILITY_EXPIRED", "FINDINGS_UNAVAILABLE", "LIMIT_EXCEEDED"}


class Registry:
    """The repositories of the account."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    def address(self, service: str) -> str:
        """Where a repository is: REGISTRY/REPOSITORY.

        :raises DeployError: there is no such repository.
        """
        found = self._api.read(
            IMAGES,
            "DescribeRepositories",
            absent=("RepositoryNotFoundException",),
            repositoryNames=[names.repository(service)],
        )
        if found is None:
            raise DeployError(
                Exit.REFUSED,
                f"there is no repository {names.repository(service)} in ECR: `make stacks` makes it.",
            )
        return str(found["repositories"][0]["repositoryUri"])

    def digest(self, service: str, commit: str) -> str | None:
        """The digest of an image; None where there is none of that commit."""
        found = self._image(service, commit)
        return None if found is None else str(found["imageDigest"])

    def pushed(self, service: str, commit: str) -> datetime | None:
        """When an image was pushed, in whole seconds; None where there is none of that commit."""
        found = self._image(service, commit)
        at: datetime | None = found["imagePushedAt"] if found else None
        return at.replace(microsecond=0) if at else None

    def _image(self, service: str, commit: str) -> dict[str, Any] | None:
        found = self._api.read(
            IMAGES,
            "DescribeImages",
            absent=("ImageNotFoundException", "RepositoryNotFoundException"),
            repositoryName=names.repository(service),
            imageIds=[{"imageTag": commit}],
        )
        return None if found is None else dict(found["imageDetails"][0])

    def reference(self, service: str, commit: str) -> str:
        """An image by its digest, as a bundle names it. In a dry run there may be none yet."""
        digest = self.digest(service, commit)
        if digest is None and not self._api.dry:
            raise DeployError(Exit.AWS, f"ECR has no image {names.repository(service)}:{commit}. Try again.")
        return f"{self.address(service)}@{digest or 'sha256:' + '0' * 64}"

    def token(self) -> str:
        """What Docker pushes with: user and password, in base64. "" in a dry run."""
        answer = self._api.change(IMAGES, "GetAuthorizationToken")
        return "" if answer is None else str(answer["authorizationData"][0]["authorizationToken"])

    def findings(self, service: str, commit: str) -> dict[str, int]:
        """How many findings of each severity the scan of an image has, once it is done.

        :raises DeployError: it is not done in ten minutes, or cannot be made.
        """

        def look() -> dict[str, Any] | None:
            found = self._api.read(
                IMAGES,
                "DescribeImageScanFindings",
                absent=("ScanNotFoundException",),
                repositoryName=names.repository(service),
                imageId={"imageTag": commit},
                maxResults=1,
            )
            status = (found or {}).get("imageScanStatus", {})
            if status.get("status") in FAILED:
                raise DeployError(
                    Exit.FINDINGS,
                    f"ECR cannot scan {names.repository(service)}:{commit[:12]}: {status['status']}"
                    f" {status.get('description', '')}".rstrip()
                    + ".",
                )
            return found if status.get("status") in SCANNED else None

        found = self._clock.poll(look, every=LOOK_SECONDS, timeout=SCAN_SECONDS)
        if found is None:
            raise DeployError(
                Exit.FINDINGS,
                f"ECR has not scanned {names.repository(service)}:{commit[:12]} within"
                f" {SCAN_SECONDS / 60:.0f} minutes: is its repository scanned on push (`make stacks`)?",
            )
        return dict(found.get("imageScanFindings", {}).get("findingSeverityCounts", {}))
