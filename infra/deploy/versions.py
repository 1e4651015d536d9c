"""Application versions: bundles in S3 that Beanstalk knows by a label."""

import tempfile
from datetime import datetime
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
        return f"{self.work.version} is there" if known and not unfit_bundles(self.work) else None

    def run(self) -> str:
        work = self.work
        unfit = unfit_bundles(work)
        for role in roles(work):
            label = names.version(work.stage.name, work.commit, role)
            known = self._status(role) is not None
            if known and label in unfit:
                work.tell(f"the bundle {label} {unfit[label]}, and is put there again")
            if label in unfit:
                self._put(role)
            if not known:
                self._make(role)
            if not self.work.api.dry:
                self._wait(role)
        return f"{self.work.version} is made, and Beanstalk has read it through"

    def recall(self, role: Role) -> None:
        """See that Beanstalk can deploy a version it had once: it forgets some of which S3 has the bundle.

        :raises DeployError: the bundle is gone, or names images that are.
        """
        label = self._label(role)
        refuse_unfit(self.work, label)
        status = self._status(role)
        if status is None:
            self.work.tell(f"Beanstalk has forgotten {label}, which is made again of its bundle")
            self._make(role)
        if status != PROCESSED and not self.work.api.dry:
            self._wait(role)

    def never_was(self, role: Role) -> bool:
        """Whether there never was a bundle for a role, as of workers that ran beside the web processes.

        Beanstalk knows none and S3 has none, and has not forgotten the web's, which is made with it.
        """
        return (
            self._status(role) is None
            and _written(self.work, role) is None
            and _written(self.work, "web") is not None
        )

    def _label(self, role: Role) -> str:
        return names.version(self.work.stage.name, self.work.commit, role)

    def _status(self, role: Role) -> str | None:
        return status_of(self.work, self._label(role))

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
            label = self._label(role)
            said = (
                "Beanstalk says that it is none, and will say so again: deploy another commit.\n"
                f"If something else was the cause, an administrator deletes the version {label} in the"
                " console, and then the same again."
                if status
                else f"Beanstalk has not read it through in {PROCESS_SECONDS / 60:.0f} minutes."
            )
            raise DeployError(Exit.AWS, f"the bundle {label}: {said}\n`make bundle` writes it for a look.")


def status_of(work: Work, label: str) -> str | None:
    """How Beanstalk has a version: processed, failed and so on; None where there is no such version."""
    answer: dict[str, Any] = work.api.ask(
        BEANSTALK,
        "DescribeApplicationVersions",
        ApplicationName=work.environments.application,
        VersionLabels=[label],
    )
    found = next(iter(answer.get("ApplicationVersions", ())), None)
    # In capitals, too: the model of the API and what it answers differ.
    return None if found is None else str(found["Status"]).lower()


def roles(work: Work) -> tuple[Role, ...]:
    """What the service has bundles for."""
    return ("web", "worker") if work.has_workers else ("web",)


def place(work: Work, role: Role) -> tuple[str, str]:
    """The bucket and the key of a bundle."""
    bucket = names.bundles_bucket(work.stage.account, work.stage.region)
    return bucket, names.bundle_key(work.service, work.stage.name, work.commit, role)


def unfit_bundles(work: Work) -> dict[str, str]:
    """The versions of the commit whose bundle is of no use, and why in a few words.

    It is not in S3: not yet, or not any more, for the bucket forgets. Or it names images by digests that ECR
    has not any more: they were removed, and perhaps built again since. Beanstalk goes on to name such a
    version, and cannot launch an environment of it.
    """
    registry = Registry(work.api, work.clock)
    pushed = [registry.pushed(one, work.commit) for one in (work.service, PROXY)]
    there = [at for at in pushed if at is not None]
    unfit = {}
    for role in roles(work):
        written = _written(work, role)
        label = names.version(work.stage.name, work.commit, role)
        if written is None:
            unfit[label] = "is not in S3 any more"
        elif len(there) < len(pushed):
            unfit[label] = "names images that are not in ECR any more"
        elif written < max(there):
            unfit[label] = "names images that were built again since"
    return unfit


def _written(work: Work, role: Role) -> datetime | None:
    """When the bundle that S3 has was written; None where it has none."""
    bucket, key = place(work, role)
    answer = work.api.ask(STORE, "ListObjectsV2", Bucket=bucket, Prefix=key, MaxKeys=1)
    return next((one["LastModified"] for one in answer.get("Contents", ())), None)


def refuse_unfit(work: Work, *labels: str) -> None:
    """See that bundles can be launched by which to go back.

    :param labels: of which versions; by default of all of the commit.
    :raises DeployError: one cannot.
    """
    unfit = unfit_bundles(work)
    found = [f"the bundle {label} {unfit[label]}" for label in labels or unfit if label in unfit]
    if found:
        raise DeployError(
            Exit.REFUSED,
            f"{', '.join(found)}. Bundles are kept for a year.\n"
            f"Check out {work.commit[:12]} and `make deploy`: what has to be made again of it is.",
        )
