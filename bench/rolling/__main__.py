"""``python -m bench.rolling``: restart every service under load and print what failed.

Without ``--instance`` two instances of each service are started on databases of their own. With it, whatever
runs is restarted by the commands given, each of which returns when the old process has ended::

    python -m bench.rolling --path /ping \\
      --instance "http://127.0.0.1:8103=docker restart polymacaron-todos-1" \\
      --instance "http://127.0.0.1:8203=docker restart polymacaron-todos-2"
"""

import argparse
import asyncio
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from bench.rolling.balancer import Balancer
from bench.rolling.restarting import Restart, Rolled, roll
from bench.tasks.__main__ import DUMMY_CREDENTIALS
from infra.local.ports import HOST
from infra.local.throwaway import reserved_port, throwaway_servers
from libs.jwt import SharedSecret, TokenIssuer
from libs.service import Service
from libs.service.testing import environment, python_process

SECRET = secrets.token_urlsafe(48)
ISSUER = "http://auth.bench"
PATHS = {
    "auth": ("/auth/version", "/ping", "/docs"),
    "profiles": ("/auth/version", "/ping", "/version"),
    "todos": ("/todos", "/auth/version", "/ping"),
}
"""What each service is asked, in turn; DynamoDB is asked by those that need a token."""


def main(arguments: list[str]) -> int:
    """Roll; 1 if a request failed."""
    parser = argparse.ArgumentParser(prog="python -m bench.rolling", description=__doc__)
    parser.add_argument("--rate", type=float, default=50, help="requests a second (50)")
    parser.add_argument("--seconds", type=float, default=60, help="at least, for each service (60)")
    parser.add_argument("--delay", type=float, default=5, help="APP_SHUTDOWN_DELAY_SECONDS (5)")
    parser.add_argument("--interval", type=float, default=0.2, help="between two looks at readiness (0.2)")
    parser.add_argument("--service", action="append", help="only this one")
    parser.add_argument("--instance", action="append", help="URL=COMMAND that restarts it")
    parser.add_argument("--path", action="append", help="what instances are asked (/ping)")
    given = parser.parse_args(arguments)
    if given.instance:
        pairs = (one.partition("=") for one in given.instance)
        restarts = {url: _by_command(command) for url, _, command in pairs}
        return _print("instances", _roll(restarts, given.path or ["/ping"], {}, given))
    os.environ.update(DUMMY_CREDENTIALS)
    failed = 0
    with throwaway_servers() as ports:
        os.environ["TEST_DYNAMODB_ENDPOINT"] = f"http://{HOST}:{ports['dynamodb']}"
        os.environ["TEST_REDIS_URL"] = f"redis://{HOST}:{ports['redis']}/0"
        for service in given.service or PATHS:
            token = TokenIssuer(SharedSecret(SECRET), ISSUER).issue(
                "bench", audience=[service], scopes=["todos:read"], expires_in=3600
            )
            with _instances(service, given.delay) as restarts:
                headers = {"Authorization": f"Bearer {token}"}
                failed |= _print(service, _roll(restarts, PATHS[service], headers, given))
    return failed


def _roll(
    restarts: dict[str, Restart],
    paths: list[str] | tuple[str, ...],
    headers: dict[str, str],
    given: argparse.Namespace,
) -> Rolled:
    requests = [httpx.Request("GET", f"http://balancer{path}", headers=headers) for path in paths]
    return asyncio.run(
        roll(restarts, requests, rate=given.rate, interval=given.interval, at_least=given.seconds)
    )


def _print(name: str, rolled: Rolled) -> int:
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(rolled.outcomes.items()))
    print(f"{name}: {outcomes}; {rolled.failed} failed, the slowest took {rolled.slowest:.2f} s", flush=True)
    return int(rolled.failed > 0)


def _by_command(command: str) -> Restart:
    async def restart(balancer: Balancer) -> None:
        process = await asyncio.create_subprocess_shell(command)
        if await process.wait():
            raise SystemExit(f"{command}: exit code {process.returncode}")

    return restart


@contextmanager
def _instances(service: str, delay: float) -> Iterator[dict[str, Restart]]:
    """Run two instances for the length of a with-block."""
    settings = {"jwt_issuer": ISSUER, "jwt_secret": SECRET, "create_tables": "true"}
    settings["shutdown_delay_seconds"] = str(delay)
    if service == "auth":
        calls = {"profiles_url": "http://127.0.0.1:1", "todos_url": "http://127.0.0.1:1"}
        settings |= {"email_verification": "optional", "mail_folder": "unused", **calls}
    if service == "todos":
        settings["cursor_secret"] = SECRET
    environ = environment(service, **settings)
    del environ["APP_JWKS_URL"]
    running: dict[int, ExitStack] = {}

    def start(port: int) -> None:
        stack = running[port] = ExitStack()
        told = {**environ, "APP_PORT": str(port)}
        process = stack.enter_context(python_process("-m", "libs.service", "web", environ=told, output=log))
        stack.callback(process.wait, 60)
        stack.callback(process.send_signal, signal.SIGTERM)

    def restarting(port: int) -> Restart:
        def restart() -> None:
            running[port].close()
            start(port)

        return lambda balancer: asyncio.to_thread(restart)

    with tempfile.TemporaryDirectory() as folder, Path(folder, "log").open("wb") as log, ExitStack() as stack:
        ports = [stack.enter_context(reserved_port()) for _ in range(2)]
        for port in ports:
            start(port)
        try:
            yield {f"http://{HOST}:{port}": restarting(port) for port in ports}
        finally:
            for one in running.values():
                one.close()
            declared = Service.named(service)
            declared.database(declared.load_settings(environ)).delete_tables()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
