"""What is rehearsed: first deploys, an upgrade under load, one that is turned away, and the way back."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from infra.aws import names
from infra.deploy.checks import stacks
from infra.deploy.exits import Exit
from infra.local.output import say
from infra.local.ports import HOST
from infra.standin.rehearsal.clone import Clone
from infra.standin.rehearsal.load import under_load
from infra.standin.whole import Whole

SERVICES = ("auth", "profiles", "todos")
"""In the order of their first deploys: nobody is ready before auth's keys can be fetched."""
ALL = ""
"""Every acceptance test that needs no key of the stage; they are about all services, and take a minute."""
SOME = "-k 'test_ping or test_health or test_readiness_tells or test_without_a_name'"
"""A few of them, where they have all passed before."""
OF_TODOS = "-x -k 'test_ping or test_todos'"
FAULT = ("\ntodos:\n", "\ntodos:\n  max_body_bytes: 1024\n")
"""What is changed in config/<stage>.yaml: todos with long notes do not get past that limit. Only the stage is
told, and so it is only there that acceptance tests fail."""
RATE = 10.0
"""Requests a second: the machine has other things to do."""
TRIES = 3
PATHS = ("/todos", "/auth/version", "/ping")
_NOTHING = json.dumps({"Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}})


class Unexpected(Exception):
    """Something did not go as it has to."""


@dataclass
class Rehearsal:
    """One rehearsal.

    :param engine: whether there are images and containers.
    :ivar shown: what was seen to work.
    """

    whole: Whole
    clone: Clone
    engine: bool
    verbose: bool = False
    shown: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Do all of it.

        :raises Unexpected: at the first thing that goes wrong.
        """
        self._make_stacks()
        first = self.clone.git("rev-parse", "HEAD")
        for service in SERVICES:
            self._deploy(service, first, "first deploy", ALL if service == SERVICES[-1] else SOME)
        self.show(f"{', '.join(SERVICES)} at {first[:7]}: each in an environment of its own, green, live")
        self.show("all acceptance tests but those of operators pass at the stage, with mails opened")
        second = self.clone.commit("A second version")
        self._upgrade(second)
        self._break()
        third = self.clone.commit("A version that does not pass at the stage")
        self._deploy("todos", third, "a deploy that is turned away", OF_TODOS, Exit.ENVIRONMENT_REJECTED)
        self._expect(second)
        self.show(f"todos at {third[:7]}: its acceptance tests fail at the stage; no swap, and it is removed")
        self._command("rollback", "todos", what="rollback")
        self._expect(first)
        self.show(f"todos rolled back to {first[:7]}")

    def _break(self) -> None:
        """Change what todos is told at the stage, and nowhere else, so that it is of no use there."""
        file = self.clone.folder / "config" / f"{self.whole.standin.stage.name}.yaml"
        text = file.read_text()
        if FAULT[0] not in text:
            raise Unexpected(f"{file.name} has no line `todos:` to put a fault below")
        file.write_text(text.replace(*FAULT))

    def _upgrade(self, commit: str) -> None:
        token = self._token()

        def deploy() -> None:
            self._deploy("todos", commit, "upgrade under load", SOME)
            self._expect(commit)

        rolled = under_load(self._live("todos"), PATHS, token, deploy, rate=RATE)
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(rolled.outcomes.items()))
        if rolled.failed or not rolled.outcomes["answered"]:
            raise Unexpected(f"under load: {told}")
        self.show(
            f"todos upgraded to {commit[:7]} under load: {told}, 0 failed, {rolled.slowest:.1f} s at most"
        )

    def show(self, text: str) -> None:
        """Say that something was seen to work."""
        self.shown.append(text)
        say(f"  -> {text}")

    def _deploy(self, service: str, commit: str, what: str, tests: str, code: Exit = Exit.DONE) -> None:
        if not self.engine:
            self._stand_in_for_images(service, commit)
        told = {
            "PYTEST_ADDOPTS": f"{tests} -p no:cacheprovider",
            "TESTACCEPT_MAIL_COMMAND": self.whole.mail_command,
            "TESTACCEPT_KEY": self.whole.acceptance_key,
        }
        self._command("deploy", service, what=f"{what} of {service}", told=told, code=code)

    def _command(
        self,
        command: str,
        service: str,
        *,
        what: str,
        told: Mapping[str, str] | None = None,
        code: Exit = Exit.DONE,
    ) -> None:
        """Run a command of the pipeline in the clone."""
        standin, began = self.whole.standin, time.monotonic()
        say(f"{what} ...")
        python = [sys.executable, "-m", "infra.standin.rehearsal.delivering", str(standin.stages)]
        engine = [] if self.engine else ["--no-engine"]
        inherited = {
            key: value for key, value in os.environ.items() if not key.startswith(("APP_", "AWS_", "PYTEST"))
        }
        done = subprocess.run(
            [*python, *engine, command, service, standin.stage.name, "--yes"],
            cwd=self.clone.folder,
            env={**inherited, **standin.environment, **(told or {})},
            stdin=subprocess.DEVNULL,
            stdout=None if self.verbose else subprocess.PIPE,
            stderr=None if self.verbose else subprocess.STDOUT,
            text=True,
        )
        if done.returncode != code:
            for line in (done.stdout or "").splitlines()[-60:]:
                say(f"    {line}")
            raise Unexpected(f"{what}: exit code {done.returncode}, and {int(code)} was to be expected")
        say(f"  {time.monotonic() - began:.0f} s")

    def _live(self, service: str) -> str:
        return self.whole.standin.estate.cname(names.live_cname(service, self.whole.standin.stage.name))

    def _expect(self, commit: str) -> None:
        """See that clients of todos come to a commit."""
        answer = httpx.get(f"http://{self._live('todos')}/version", trust_env=False).json()
        if not commit.startswith(answer["version"]):
            raise Unexpected(f"todos is {answer['version']}, and {commit[:12]} was to be expected")

    def _token(self) -> str:
        """Sign a token with the key of the stage."""
        told = {"APP_SERVICE": "auth", "APP_ENVIRONMENT": self.whole.standin.stage.name}
        wanted = ("--subject", "rehearsal", "--audience", "todos", "--expires-in", "3600")
        for _ in range(TRIES):  # next to environments that start, a database may be slow to answer
            done = subprocess.run(
                [sys.executable, "-m", "services.auth.token", *wanted],
                cwd=self.clone.folder,
                env={**told, **self.whole.told("auth", HOST), "PATH": os.environ["PATH"]},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
            if done.returncode == 0:
                return done.stdout.strip()
        raise Unexpected(f"no token: {done.stderr.strip()[-300:]}")

    def _make_stacks(self) -> None:
        """Have the stacks be there that a deploy looks for; what they make is there already."""
        client = self.whole.standin.client("cloudformation")
        stage = self.whole.standin.stage.name
        for stack in {stack for service in SERVICES for stack in stacks(stage, service)}:
            client.create_stack(StackName=stack, TemplateBody=_NOTHING)

    def _stand_in_for_images(self, service: str, commit: str) -> None:
        """Have ECR know images of a commit, so that none is built."""
        ecr = self.whole.standin.client("ecr")
        for name in (service, "proxy"):
            kind = "application/vnd.oci.image.manifest.v1+json"
            manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "of": f"{name}:{commit}"})
            known = ecr.describe_images(repositoryName=names.repository(name))["imageDetails"]
            if not any(commit in image.get("imageTags", ()) for image in known):
                ecr.put_image(
                    repositoryName=names.repository(name),
                    imageTag=commit,
                    imageManifest=manifest,
                    imageDigest=f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}",
                )
