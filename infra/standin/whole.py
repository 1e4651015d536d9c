"""The stand-in with all that services need to run in it: databases, mail, secrets, tables."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from infra.aws import names
from infra.local.errors import LocalError
from infra.local.paths import ROOT
from infra.local.ports import HOST
from infra.local.throwaway import throwaway_servers
from infra.standin.aws import SECRET, SERVICE_KEY, STAGES, StandIn, standin_aws
from infra.standin.beanstalk.estate import Pace
from infra.standin.mailbox import Mailbox
from infra.standin.relay import gateway, relayed
from infra.standin.runners.compose import GATEWAY, Compose, sweep
from infra.standin.runners.processes import Processes
from infra.standin.runners.runner import Runner
from infra.standin.servers import serving

PACE = Pace(patience=180, look=0.5, swap=0.5)


@dataclass(frozen=True)
class Whole:
    """A stand-in in which services can run.

    :ivar mailbox: the mails that they have sent.
    :ivar acceptance_key: with which acceptance tests may sign up as often as they do.
    """

    standin: StandIn
    mailbox: Mailbox
    ports: Mapping[str, int]
    acceptance_key: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    @property
    def mail_command(self) -> str:
        """What prints the texts of the mails to an address, which it gets as its last argument."""
        return f"curl -sS --fail http://{HOST}:{self.ports['mails']}/ --data-raw"

    def told(self, service: str, host: str) -> dict[str, str]:
        """What a service is told beside config/<stage>.yaml, which has names of AWS in it.

        :param host: what this machine is called where the service runs.
        """
        stage = self.standin.stage
        endpoint = self.standin.environment["AWS_ENDPOINT_URL"].replace(HOST, host)

        def url(other: str) -> str:
            cname = self.standin.estate.cname(names.live_cname(other, stage.name))
            return f"http://{cname.replace(HOST, host)}"

        told = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://{host}:{self.ports['dynamodb']}",
            "AWS_ACCESS_KEY_ID": SERVICE_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if service == "auth":
            return told | {"APP_PROFILES_URL": url("profiles"), "APP_TODOS_URL": url("todos")}
        keys = f"{url('auth')}/.well-known"
        return told | {"APP_JWKS_URL": f"{keys}/jwks.json", "APP_REVOCATIONS_URL": f"{keys}/revoked.json"}


@contextmanager
def whole_standin(
    *, containers: bool, repository: Path = ROOT, stages: Path = STAGES, pace: Pace = PACE
) -> Iterator[Whole]:
    """Start a stand-in in which environments run their bundles.

    :param containers: whether by docker compose, or as processes of a checkout.
    :param repository: that knows the commits.
    """
    found: list[Whole] = []
    runner: Runner
    if containers:
        sweep()
        runner = Compose(
            lambda service: found[0].told(service, GATEWAY), lambda: found[0].standin.images.token()
        )
    else:
        runner = Processes(lambda service: found[0].told(service, HOST), repository)
    address = gateway() if containers else None
    hosts = (HOST, address) if address else (HOST,)
    mailbox = Mailbox()
    with ExitStack() as stack:
        ports = stack.enter_context(throwaway_servers())
        ports["smtp"] = stack.enter_context(mailbox.serving())
        ports["mails"] = stack.enter_context(serving(mailbox.told))
        dynamodb = f"http://{HOST}:{ports['dynamodb']}"
        standin = stack.enter_context(
            standin_aws(runner, pace=pace, stages=stages, hosts=hosts, dynamodb=dynamodb)
        )
        whole = Whole(standin, mailbox, ports)
        found.append(whole)
        if address:
            front = int(standin.environment["AWS_ENDPOINT_URL"].rpartition(":")[2])
            stack.enter_context(relayed(address, [ports["redis"], ports["smtp"], front]))
        _keep_secrets(whole, GATEWAY if containers else HOST)
        _make_tables(whole)
        yield whole


def _keep_secrets(whole: Whole, host: str) -> None:
    stage, kept = whole.standin.stage.name, whole.standin.client("secretsmanager")
    entries = {
        names.cache_secret(stage): {"url": f"redis://{host}:{whole.ports['redis']}/0"},
        names.secret("auth", stage): {
            "key_secret": secrets.token_urlsafe(48),
            "smtp_url": f"smtp://{host}:{whole.ports['smtp']}?tls=off",
        },
        names.secret("todos", stage): {"cursor_secret": secrets.token_urlsafe(48)},
    }
    for name, values in entries.items():
        kept.create_secret(Name=name, SecretString=json.dumps(values))
    kept.create_secret(Name=names.secret("auth-acceptance", stage), SecretString=whole.acceptance_key)


def _make_tables(whole: Whole) -> None:
    stage = whole.standin.stage
    told = {
        service: {"APP_SERVICE": service, "APP_ENVIRONMENT": stage.name, **whole.told(service, HOST)}
        for service in stage.services
    }
    aws = {name: value for name, value in told["auth"].items() if name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "infra.standin.tables"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **aws},
        input=json.dumps(told),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise LocalError(f"the tables cannot be made: {done.stderr.strip()[-400:]}")
