"""What the steps of a deploy share: what is deployed, where, and what they do it with."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from infra.aws import names
from infra.aws.stage import STAGES, Stage
from infra.deploy.api import Api
from infra.deploy.clock import Clock
from infra.deploy.docker import Docker
from infra.deploy.environments import Environments
from infra.deploy.journal import Journal
from infra.deploy.probe import Probe
from infra.deploy.programs import Programs
from infra.deploy.source import Source
from infra.deploy.waiting import Waiting


@dataclass(frozen=True)
class Tools:
    """What a command works with, whatever it does."""

    api: Api
    journal: Journal
    clock: Clock
    programs: Programs
    probe: Probe
    fetch: Callable[[str], str]
    """Reads the logs that Beanstalk leaves at an address."""
    parts: Callable[[str], bytes]
    """Lists what is in an image of this machine, as a CycloneDX document."""
    holder: str
    """Who works, for the lock."""
    caller: str = ""
    """Whose credentials calls are made with, as an ARN."""
    keep: bool = False
    """Whether an environment that failed stays, for somebody to look at."""
    stages: Path = STAGES
    passed: set[tuple[str, str]] = field(default_factory=set)
    """Step and commit of tests that this very command has seen pass, for another service of the commit."""


class Work:
    """A service at a stage, and a commit to bring there."""

    def __init__(self, tools: Tools, stage: Stage, service: str, commit: str) -> None:
        self.tools = tools
        self.api, self.journal, self.clock, self.programs = (
            tools.api,
            tools.journal,
            tools.clock,
            tools.programs,
        )
        self.stage = stage
        self.service = service
        self.commit = commit
        self.docker = Docker(tools.programs)
        self.source = Source(tools.programs)
        self.environments = Environments(tools.api, stage, service)
        self.waiting = Waiting(tools.api, tools.journal, tools.clock, self.environments, tools.fetch)
        self.created: set[str] = set()
        """The environments that this very run has made: nobody has come to rely on them."""
        self.swapped: float | None = None
        """When this very run saw clients come to the commit's environment, by AWS' clock."""

    @property
    def name(self) -> str:
        """The environment of this commit."""
        return names.environment(self.service, self.stage.name, self.commit)

    @property
    def version(self) -> str:
        """The application version of this commit."""
        return names.version(self.stage.name, self.commit)

    @property
    def has_workers(self) -> bool:
        """Whether workers have an environment of their own."""
        return self.stage.services[self.service].worker == "environment"

    @property
    def operations_role(self) -> str:
        """The ARN of the role that Beanstalk makes and changes environments with."""
        role = names.operations_role(self.stage.name)
        return f"arn:{self.stage.partition}:iam::{self.stage.account}:role/{role}"

    def beside(self, service: str) -> Environments:
        """The environments of another service of the stage."""
        return Environments(self.api, self.stage, service)

    def tell(self, text: str) -> None:
        """Something on the way."""
        self.journal.tell("note", text)


class Step(ABC):
    """One step of a deploy. What was done before, it finds out from AWS, Docker or git."""

    name: str

    def __init__(self, work: Work) -> None:
        self.work = work

    @abstractmethod
    def done(self) -> str | None:
        """By what one sees that there is nothing to do any more; None where there is."""

    @abstractmethod
    def run(self) -> str:
        """Do it, or go on with it, and say in a few words what was done.

        :raises DeployError: it cannot be done.
        """


def take(steps: list[Step]) -> None:
    """Take one step after the other, leaving out those that are done.

    :raises DeployError: a step fails.
    """
    for step in steps:
        journal = step.work.journal
        journal.tell("step", step.name)
        done = step.done()
        if done is not None:
            journal.tell("skip", done)
            continue
        said = step.run()
        if not step.work.api.dry:
            journal.tell("done", said)
