"""A machine to deploy from and a stage to deploy to, of which a test says what goes wrong."""

import io
import json
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from infra.aws import names
from infra.aws.stage import Stage, load_stage
from infra.deploy import cli
from infra.deploy.calls import CALLS
from infra.deploy.checks import stacks
from infra.deploy.clock import Clock
from infra.deploy.journal import Journal
from infra.deploy.programs import Finished, Programs
from infra.standin.aws import StandIn
from infra.standin.runners.scripted import Scripted

TEMPLATE = json.dumps({"Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}})


class QuickClock(Clock):
    """Waits for a moment instead of for minutes.

    :ivar skipping: how many times the time that was to be waited for has passed then.
    :ivar set_by: by how much somebody has set it; no time has passed by that.
    """

    def __init__(self) -> None:
        self.skipping = 0
        self.skipped = 0.0
        self.set_by = 0.0

    def now(self) -> float:
        return time.time() + self.skipped + self.set_by

    def passed(self) -> float:
        return super().passed() + self.skipped

    def wait(self, seconds: float) -> None:
        time.sleep(0.05)
        self.skipped += seconds * self.skipping


@dataclass
class Machine:
    """What git, Docker and the tests say on this machine, and what they were told."""

    commit: str
    client: Callable[[str], Any]
    """Makes clients of boto3."""
    changed: str = ""
    branches: str = "origin/main"
    images: set[str] = field(default_factory=set)
    built_for: str = "amd64"
    """The processors its images are for."""
    fails: dict[str, Finished] = field(default_factory=dict)
    """How a program ends whose command line holds such a text."""
    ran: list[str] = field(default_factory=list)
    environments: list[Mapping[str, str]] = field(default_factory=list)
    before: Callable[[str], None] = lambda command: None

    def ask(self, command: str) -> Finished:
        failed = next((how for text, how in self.fails.items() if text in command), None)
        if failed:
            return failed
        match command.split()[:3]:
            case ["git", "rev-parse", _]:
                said = self.commit
            case ["git", "status", _]:
                said = self.changed
            case ["git", "for-each-ref", _]:
                said = self.branches
            case ["git", "log", _]:
                said = "Say what is deployed"
            case ["docker", "image", "inspect"]:
                image = command.split()[-1]
                said = f"{image.partition(':')[2]} {self.built_for}"
                return Finished(0, (said,)) if image in self.images else Finished(1)
            case ["docker", "info", _]:
                said = "/nowhere"
            case ["docker", "version", _]:
                said = "amd64"
            case _:
                said = ""
        return Finished(0, tuple(said.splitlines()))

    def run(self, command: str, environment: Mapping[str, str]) -> Finished:
        self.before(command)
        self.ran.append(command)
        self.environments.append(environment)
        failed = next((how for text, how in self.fails.items() if text in command), None)
        if failed:
            return failed
        words = command.split()
        if words[1:4] == ["-m", "infra.image", "build"]:
            self.images.add(f"{names.repository(words[4])}:{self.commit}")
        if "push" in words:
            self._push(words[-1])
        return Finished(0)

    def _push(self, reference: str) -> None:
        repository, _, tag = reference.partition("/")[2].rpartition(":")
        layers = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "of": reference,
        }
        manifest = json.dumps(layers)
        self.client("ecr").put_image(
            repositoryName=repository,
            imageTag=tag,
            imageManifest=manifest,
            imageDigest=f"sha256:{sha256(manifest.encode()).hexdigest()}",
        )

    def did(self, text: str) -> int:
        """How many programs were run whose command line holds a text."""
        return sum(text in command for command in self.ran)


class FakePrograms(Programs):
    """Programs of a `Machine`."""

    def __init__(self, machine: Machine, journal: Journal, dry: bool) -> None:
        super().__init__(journal, dry=dry)
        self._machine = machine

    def ask(
        self,
        *command: str,
        environment: Mapping[str, str] | None = None,
        only: Mapping[str, str] | None = None,
    ) -> Finished:
        return self._machine.ask(" ".join(command))

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> Finished:
        if self.dry:
            return super().run(*command)
        return self._machine.run(" ".join(command), dict(environment or {}))


@dataclass(frozen=True)
class Ran:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def told(self, kind: str) -> list[str]:
        return [one["text"] for one in self.lines if one["kind"] == kind]


@dataclass
class World:
    """The stage of one test, and the machine that deploys to it."""

    standin: StandIn
    scripted: Scripted
    stage: Stage
    stages: Path
    machine: Machine
    clock: QuickClock = field(default_factory=QuickClock)
    probe: Callable[[Stage, str, str], str | None] = lambda stage, service, address: None

    def programs(self, journal: Journal, dry: bool) -> Programs:
        """What the command runs other programs by."""
        return FakePrograms(self.machine, journal, dry)

    def run(self, *arguments: str, service: str = "todos") -> Ran:
        """Run a command as `make` does, with its lines for programs."""
        name, *rest = arguments
        given = [name, service, self.stage.name, "--yes", "--json", *rest]
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.main(
                given,
                self.stages,
                clock=self.clock,
                programs=self.programs,
                probe=self.probe,
                parts=lambda image: f"the parts of {image}".encode(),
            )
        return Ran(code, out.getvalue(), err.getvalue())

    def forget_lock(self, service: str = "todos") -> None:
        """As if a minute had passed since its holder was killed."""
        key = {"name": {"S": f"{service}-{self.stage.name}"}}
        self.standin.client("dynamodb").delete_item(TableName=names.LOCK_TABLE, Key=key)

    def commit(self) -> str:
        """Make a commit, and return it."""
        self.machine.commit = new_commit()
        return self.machine.commit

    def name(self, commit: str | None = None, service: str = "todos") -> str:
        """The environment of a commit."""
        return names.environment(service, self.stage.name, commit or self.machine.commit)

    def standing(self) -> dict[str, str]:
        """The state of the stage: environments and the CNAMEs that they have, by the prefix of each."""
        there = [one for one in self.standin.estate.environments if one.is_there]
        return {
            one.name: one.cname or ""
            for one in there
            if f"-{self.stage.name}-" in one.name and one.status != "Terminating"
        }

    def changes(self) -> list[str]:
        """The calls that changed something, the oldest first."""
        changing = {f"{call.service}:{call.operation}" for call in CALLS.values() if call.changes}
        return [call for call in self.standin.faults.calls if call in changing]

    def end(self) -> None:
        """Have nobody look after its environments any more, while other tests go on."""
        with self.standin.estate.lock:
            own = [one for one in self.standin.estate.environments if one.name in self.standing()]
            ended = [one for one in own if one.status == "Ready"]
            for one in ended:
                one.status = "Terminated"
        for one in ended:
            if one.deployment:
                one.deployment.stop()

    def workers_apart(self) -> None:
        """Have the workers of todos be an environment of their own."""
        file = self.stages / f"{self.stage.name}.yaml"
        file.write_text(file.read_text().replace("worker: beside", "worker: environment"))

    def workers_beside(self) -> None:
        """Have the workers of todos run beside its web processes, as at first."""
        file = self.stages / f"{self.stage.name}.yaml"
        file.write_text(file.read_text().replace("worker: environment", "worker: beside"))

    def worker_version(self) -> str:
        """What the environment of workers runs."""
        worker = names.worker_environment("todos", self.stage.name)
        return next(one.version for one in self.standin.estate.environments if one.name == worker)

    def health(self, name: str) -> str:
        """How an environment that is there is, as a color."""
        there = [one for one in self.standin.estate.environments if one.is_there]
        return next(one.color for one in there if one.name == name)

    def forget_bundle(self, commit: str | None = None) -> None:
        """As if it had been in S3 for longer than bundles are kept."""
        self.standin.client("s3").delete_object(
            Bucket=names.bundles_bucket(self.stage.account, self.stage.region),
            Key=names.bundle_key("todos", self.stage.name, commit or self.machine.commit),
        )

    def live(self, service: str = "todos") -> str | None:
        """The environment that clients come to."""
        prefix = names.live_cname(service, self.stage.name)
        return next((name for name, cname in self.standing().items() if cname == prefix), None)


def new_commit() -> str:
    """A commit that there is not."""
    return sha256(uuid.uuid4().bytes).hexdigest()[:40]


def made_world(standin: StandIn, scripted: Scripted, folder: Path, **changes: Any) -> World:
    """A stage of its own within the stand-in."""
    name = f"s{uuid.uuid4().hex[:8]}"
    told = yaml.safe_load((standin.stages / f"{standin.stage.name}.yaml").read_text())
    told["services"] = {
        service: {**fleet, "instance_type": "t3.medium"} for service, fleet in told["services"].items()
    }
    (folder / f"{name}.yaml").write_text(yaml.safe_dump({**told, **changes}))
    stage = load_stage(name, folder)
    formation = standin.client("cloudformation")
    there = {one["StackName"] for one in formation.describe_stacks()["Stacks"]}
    for stack in {stack for service in stage.services for stack in stacks(name, service)} - there:
        formation.create_stack(StackName=stack, TemplateBody=TEMPLATE)
    return World(standin, scripted, stage, folder, Machine(new_commit(), standin.client))
