"""What has to be true before anything is done. What can be seen on this machine is told all at once."""

import os
import sys

from infra.aws import names
from infra.aws.errors import AwsError
from infra.aws.stage import load_stage
from infra.bundle.capacity import architecture
from infra.deploy.calls import BEANSTALK
from infra.deploy.exits import DeployError, Exit
from infra.deploy.programs import Finished
from infra.deploy.work import Step, Work

MAIL_COMMAND, KEY = "TESTACCEPT_MAIL_COMMAND", "TESTACCEPT_KEY"
AUTH, VERIFICATION, ACCEPTANCE_KEY = "auth", "email_verification", "acceptance_key"
EMPTY = {
    "REVIEW_IN_PROGRESS",
    *(f"{what}_{how}" for what in ("ROLLBACK", "DELETE") for how in ("IN_PROGRESS", "COMPLETE", "FAILED")),
    "CREATE_IN_PROGRESS",
    "CREATE_FAILED",
}
"""States of a stack that has not come to be, or is going. A set of changes that nobody executed leaves
REVIEW_IN_PROGRESS behind, and a first one that failed ROLLBACK_COMPLETE."""


class Check(Step):
    """Everything that can be known to be wrong beforehand."""

    name = "check"

    def done(self) -> str | None:
        return None

    def run(self) -> str:
        work = self.work
        faults = [
            *work.source.faults(work.commit),
            *self._settings(),
            *self._architectures(),
            *self._acceptance(),
        ]
        docker = work.docker.fault()
        faults += [docker] if docker else []
        full = [] if docker else work.docker.disk_faults()
        if faults or full:
            code = Exit.REFUSED if faults else Exit.DISK_FULL
            raise DeployError(code, "\n".join([*faults, *full]))
        check_stacks(work)
        on = ", ".join(work.source.branches(work.commit)[:2])
        return f"a clean tree, on {on}; {work.tools.caller}"

    def _settings(self) -> list[str]:
        """What is wrong with what the service is told at this stage, as its own loader sees it."""
        found = self._told(self.work.service)
        if found.code == 0:
            return []
        return [f"config/{self.work.stage.name}.yaml: {line}" for line in found.said[-5:]] or [
            "settings cannot be read"
        ]

    def _told(self, service: str) -> Finished:
        """What a service is told at this stage, a setting a line."""
        work = self.work
        told = {
            "APP_SERVICE": service,
            "APP_ENVIRONMENT": work.stage.name,
            "APP_VERSION": work.commit[:12],
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
        return work.programs.ask(
            sys.executable, "-m", "libs.service", "config", "--offline", environment=told, only=inherited
        )

    def _acceptance(self) -> list[str]:
        """What the acceptance tests at the stage lack: a way to read mails, the key to sign up so often."""
        lacking = [name for name in (MAIL_COMMAND, KEY) if not os.environ.get(name)]
        if not lacking or AUTH not in self.work.stage.services:
            return []
        said = [line.split()[:2] for line in self._told(AUTH).said]
        stage, faults = self.work.stage.name, []
        if MAIL_COMMAND in lacking and [VERIFICATION, "required"] in said:
            faults.append(
                f"{stage} wants e-mail addresses confirmed: set {MAIL_COMMAND}, by which the"
                " acceptance tests read mails (testaccept/README.md)."
            )
        if KEY in lacking and any(line[0] == ACCEPTANCE_KEY and line[1:] != ["-"] for line in said if line):
            faults.append(
                f"auth of {stage} lets its acceptance tests sign up so often by a key: set {KEY} to what"
                f" its {ACCEPTANCE_KEY} is (testaccept/README.md)."
            )
        return faults

    def _architectures(self) -> list[str]:
        """Images of a commit are shared by all stages of the account, and the proxy's by all services."""
        work = self.work
        found: dict[str, str] = {}
        for file in sorted(work.tools.stages.glob("*.yaml")):
            try:
                stage = load_stage(file.stem, work.tools.stages)
            except AwsError:
                continue  # another stage's file is its own affair
            if stage.account == work.stage.account:
                for service, fleet in stage.services.items():
                    found.setdefault(architecture(fleet.instance_type), f"{service} at {stage.name}")
        if len(found) < 2:
            return []
        told = ", ".join(f"{processor} for {one}" for processor, one in found.items())
        return [
            f"infra/stages: instances have different processors ({told}), and images are for one of them."
        ]


def stacks(stage: str, service: str) -> list[str]:
    """The stacks that a deploy stands on."""
    return [
        names.DELIVERY_STACK,
        names.delivery_stack(service),
        names.stack(stage, "roles"),
        names.service_stack(service, stage, "instances"),
    ]


def check_stacks(work: Work) -> None:
    """See that what the deploy stands on is there.

    :raises DeployError: it is not.
    """
    wanted = stacks(work.stage.name, work.service)
    missing = [one for one in wanted if not _is_there(work, one)]
    if missing:
        raise DeployError(
            Exit.REFUSED,
            f"there is no stack {', '.join(missing)}: `make stacks STAGE={work.stage.name}` makes it.",
        )
    found = work.api.ask(
        BEANSTALK, "DescribeApplications", ApplicationNames=[names.application(work.service)]
    )
    if not found.get("Applications"):
        raise DeployError(
            Exit.REFUSED,
            f"there is no Beanstalk application {names.application(work.service)}: `make stacks"
            f" STAGE={work.stage.name}` makes it.",
        )


def _is_there(work: Work, stack: str) -> bool:
    # CloudFormation calls a stack that there is not a ValidationError.
    found = work.api.read("cloudformation", "DescribeStacks", absent=("ValidationError",), StackName=stack)
    return found is not None and found["Stacks"][0]["StackStatus"] not in EMPTY
