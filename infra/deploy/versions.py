"""Application versions: bundles in S3 that Beanstalk knows by a label."""

import tempfile
from pathlib import Path
from typing import Any

from infra.aws import names
from infra.bundle import Images, Role, write_bundle
from infra.bundle.images import PROXY
from infra.deploy.calls import BEANSTALK, STORE
from infra.deploy.exits import DeployError, Exit
from infra.deploy.registry import Registry
from infra.deploy.work import Step, Work

PROCESS_SECONDS = 5 * 60.0
LOOK_SECONDS = 3.0
PROCESSED, FAILED = "processed", "failed"


class Version(Step):
    """The bundle, made of the images' digests, in S3 and known to Beanstalk, which has read it through."""

    name = "version"

    def done(self) -> str | None:
        known = all(self._status(role) == PROCESSED for role in roles(self.work))
        return f"{self.work.version} is there" if known and not missing_bundles(self.work) else None

    def run(self) -> str:
        work = self.work
        missing = missing_bundles(work)
        for role in roles(work):
            label = names.version(work.stage.name, work.commit, role)
            known = self._status(role) is not None
            if known and label in missing:
                work.tell(f"the bundle {label} is not in S3 any more, and is put there again")
            if label in missing:
                self._put(role)
            if not known:
                self._make(role)
            if not self.work.api.dry:
                self._wait(role)
        return f"{self.work.version} is made, and Beanstalk has read it through"

    def _label(self, role: Role) -> str:
        return names.version(self.work.stage.name, self.work.commit, role)

    def _status(self, role: Role) -> str | None:
        """Processed, failed and so on; None where there is no such version."""
        answer: dict[str, Any] = self.work.api.ask(
            BEANSTALK,
            "DescribeApplicationVersions",
            ApplicationName=self.work.environments.application,
            VersionLabels=[self._label(role)],
        )
        found = next(iter(answer.get("ApplicationVersions", ())), None)
        # In capitals, too: the model of the API and what it answers differ.
        return None if found is None else str(found["Status"]).lower()

    def _put(self, role: Role) -> None:
        work = self.work
        registry = Registry(work.api, work.clock)
        images = Images(
            service=registry.reference(work.service, work.commit),
            proxy=registry.reference(PROXY, work.commit),
        )
        with tempfile.TemporaryDirectory(prefix="deploy-bundle-") as folder:
            bundle = write_bundle(
                work.stage, work.service, work.commit, images, Path(folder), role
            ).read_bytes()
        bucket, key = place(work, role)
        work.api.change(
            STORE, "PutObject", Bucket=bucket, Key=key, Body=bundle, ContentType="application/zip"
        )

    def _make(self, role: Role) -> None:
        work = self.work
        bucket, key = place(work, role)
        work.api.change(
            BEANSTALK,
            "CreateApplicationVersion",
            ApplicationName=work.environments.application,
            VersionLabel=self._label(role),
            Description=work.commit,
            SourceBundle={"S3Bucket": bucket, "S3Key": key},
            Process=True,
            AutoCreateApplication=False,
        )

    def _wait(self, role: Role) -> None:
        def look() -> str | None:
            status = self._status(role)
            return status if status in (PROCESSED, FAILED) else None

        status = self.work.clock.poll(look, every=LOOK_SECONDS, timeout=PROCESS_SECONDS)
        if status != PROCESSED:
            said = (
                "Beanstalk says that it is none"
                if status
                else f"Beanstalk has not read it through in {PROCESS_SECONDS / 60:.0f} minutes"
            )
            raise DeployError(
                Exit.AWS, f"the bundle {self._label(role)}: {said}. `make bundle` writes it for a look."
            )


def roles(work: Work) -> tuple[Role, ...]:
    """What the service has bundles for."""
    return ("web", "worker") if work.has_workers else ("web",)


def place(work: Work, role: Role) -> tuple[str, str]:
    """The bucket and the key of a bundle."""
    bucket = names.bundles_bucket(work.stage.account, work.stage.region)
    return bucket, names.bundle_key(work.service, work.stage.name, work.commit, role)


def missing_bundles(work: Work) -> list[str]:
    """The versions of the commit whose bundle is not in S3: not yet, or not any more, for the bucket forgets.

    Beanstalk goes on to name such a version, and cannot launch an environment of it.
    """
    missing = []
    for role in roles(work):
        bucket, key = place(work, role)
        if not work.api.ask(STORE, "ListObjectsV2", Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents"):
            missing.append(names.version(work.stage.name, work.commit, role))
    return missing
