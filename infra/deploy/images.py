"""The first half of a deploy: from a commit to images in ECR that are tested and scanned.

An image is pushed only when its tests have passed. So where it is in ECR, nothing of this is done again.
"""

from infra.aws import names
from infra.bundle.capacity import architecture
from infra.bundle.images import PROXY
from infra.deploy.acceptance import accept_images
from infra.deploy.calls import STORE
from infra.deploy.exits import DeployError, Exit
from infra.deploy.registry import Registry
from infra.deploy.work import Step, Work

DOCKERS = {"x86_64": "amd64", "arm64": "arm64"}
"""What Docker calls the processors of instances."""
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")


def local_name(service: str, commit: str) -> str:
    """What an image is called on this machine."""
    return f"{names.repository(service)}:{commit}"


def build(work: Work, wanted: list[str]) -> str:
    """Build the images that are not on this machine yet, and say which.

    :raises DeployError: one cannot be built, or what was built is of another commit: somebody has changed the
        tree meanwhile.
    """
    processors = DOCKERS[architecture(work.stage.services[work.service].instance_type)]

    def has(one: str) -> bool:
        return work.docker.has(local_name(one, work.commit), work.commit, processors)

    built = [one for one in wanted if not has(one)]
    for one in built:
        work.docker.build(one, processors)
        if not work.api.dry and not has(one):
            raise DeployError(
                Exit.IMAGE,
                f"what was built of {one} is not {work.commit[:7]} any more: leave the tree as it is while"
                " it is deployed, or deploy from a clone.",
            )
    there = [one for one in wanted if one not in built]
    said = [f"built {', '.join(built)}" if built else "", f"{', '.join(there)} built before" if there else ""]
    return "; ".join(part for part in said if part)


class _OfImages(Step):
    """A step that is done where the image is in ECR."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.registry = Registry(work.api, work.clock)

    def done(self) -> str | None:
        if (self.name, self.work.commit) in self.work.tools.passed:
            return "passed just now, for all services of the commit"
        if self.registry.digest(self.work.service, self.work.commit) is None:
            return None
        return f"{names.repository(self.work.service)}:{self.work.commit[:12]} is in ECR, so this was passed"


class UnitTests(_OfImages):
    """``make test``."""

    name = "unit tests"

    def run(self) -> str:
        # What concerns the pipeline alone has no part in the tests. In MAKEFLAGS, which a make hands to those
        # below it, stand the variables of its command line; they go before those of the environment.
        own = dict.fromkeys(("ARGS", "SERVICE", "STAGE", "MAKEFLAGS"), "")
        done = self.work.programs.run("make", "test", environment=own)
        if done.code != 0:
            raise DeployError(Exit.UNIT_TESTS, "the unit tests fail: see above, or `make test`.")
        self.work.tools.passed.add((self.name, self.work.commit))
        return "make test passed"


class Build(_OfImages):
    """The image of the service, and those it is tested with: of every service of the commit."""

    name = "image"

    def run(self) -> str:
        return build(self.work, [*self.work.stage.services, PROXY])


class AcceptImage(_OfImages):
    """The acceptance tests against the stack of docker-compose.yml, made of these images."""

    name = "acceptance"

    def run(self) -> str:
        accept_images(
            self.work,
            {service: local_name(service, self.work.commit) for service in self.work.stage.services},
        )
        self.work.tools.passed.add((self.name, self.work.commit))
        return "the acceptance tests pass against the image"


class Push(Step):
    """The images in ECR: the proxy's first, for the service's says that all before it is done."""

    name = "push"

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.registry = Registry(work.api, work.clock)

    def _missing(self) -> list[str]:
        return [
            one for one in (PROXY, self.work.service) if self.registry.digest(one, self.work.commit) is None
        ]

    def done(self) -> str | None:
        return None if self._missing() else "both images are in ECR"

    def run(self) -> str:
        work, pushed = self.work, []
        for service in self._missing():
            image = local_name(service, work.commit)
            if not work.api.dry:
                build(work, [service])  # where the other one was pushed from another machine
            self._keep_parts(service, image)
            address = self.registry.address(service)
            token = self.registry.token()
            work.api.guard()
            try:
                work.docker.push(image, f"{address}:{work.commit}", token)
            except DeployError:
                # Tags are immutable: another service or stage may have been faster with the same commit.
                if self.registry.digest(service, work.commit) is None:
                    raise
            pushed.append(service)
        return f"pushed {' and '.join(pushed)}"

    def _keep_parts(self, service: str, image: str) -> None:
        """Put the list of an image's parts where its bundles are."""
        work = self.work
        parts = b"" if work.api.dry else work.tools.parts(image)
        work.api.change(
            STORE,
            "PutObject",
            Bucket=names.bundles_bucket(work.stage.account, work.stage.region),
            Key=names.parts_key(service, work.commit),
            Body=parts,
            ContentType="application/vnd.cyclonedx+json",
        )


class Scan(Step):
    """What ECR's scan has found in the images."""

    name = "scan"

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.registry = Registry(work.api, work.clock)

    def done(self) -> str | None:
        if self.work.api.dry and self.registry.digest(self.work.service, self.work.commit) is None:
            return "nothing is scanned in a dry run"
        return None

    def run(self) -> str:
        worst = self.work.stage.refused_findings
        refused = SEVERITIES[: SEVERITIES.index(worst) + 1] if worst in SEVERITIES else ()
        found = {
            service: self.registry.findings(service, self.work.commit)
            for service in (self.work.service, PROXY)
        }
        bad = [
            f"{names.repository(service)}: {count} {severity}"
            for service, counts in found.items()
            for severity, count in counts.items()
            if severity in refused and count
        ]
        if bad:
            raise DeployError(
                Exit.FINDINGS,
                f"the scan finds what {self.work.stage.name} does not let pass: {', '.join(bad)}.\n"
                "ECR lists them; a newer base image (`docker pull`) or package mends most."
                f" What passes: refused_findings in infra/stages/{self.work.stage.name}.yaml.",
            )
        told = [
            f"{service}: {', '.join(f'{n} {name}' for name, n in counts.items()) or 'nothing'}"
            for service, counts in found.items()
        ]
        return f"the scan finds {'; '.join(told)}"
