"""The commands of `python -m infra.local`, which `make` offers as its own."""

import argparse
import errno
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence

from infra.local import compose, logs, native, paths
from infra.local.environment import LOCAL, base_environment, program_name, roles, service_environment
from infra.local.errors import LocalError
from infra.local.mode import Choice, Mode, choose, docker_answers, ports_of_what_is_up, recall
from infra.local.output import next_commands, say, table, urls
from infra.local.ports import DATABASES, SERVICES, read_ports
from infra.local.readiness import why_service_not_ready
from infra.local.seed import seed

# Faults of the machine, not of this program: they are told in one line, without a traceback.
MACHINE_FAULTS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    options, rest = _parser().parse_known_args(arguments)
    if rest and not options.takes_rest:
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    try:
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except LocalError as error:
        say(f"Error: {error}")
    except KeyboardInterrupt:
        say("Interrupted")
        return 130
    except OSError as error:
        if error.errno not in MACHINE_FAULTS:
            raise
        say(f"Error: {error.strerror}: {error.filename or paths.LOCAL}")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local", description="The whole stack on this machine."
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(
        name: str, command: Callable[[argparse.Namespace], int], takes_rest: bool = False
    ) -> argparse.ArgumentParser:
        # Arguments for another program are passed on as they are, --help included.
        sub = commands.add_parser(
            name, help=command.__doc__, description=command.__doc__, add_help=not takes_rest
        )
        sub.set_defaults(command=command, takes_rest=takes_rest)
        return sub

    add("up", up)
    add("down", down).add_argument("--data", action="store_true", help="remove the data of both modes, too")
    add("ps", ps)
    add("urls", show_urls)
    add("logs", show_logs).add_argument("service", nargs="?", help="a service, a database or a process")
    add("seed", run_seed)
    add("shell", shell).add_argument("service", choices=SERVICES)
    config = add("config", show_config)
    config.add_argument("service", choices=SERVICES)
    config.add_argument("environment", nargs="?", default=LOCAL, help="a file in config/; default: local")
    add("testaccept", testaccept, takes_rest=True)
    add("token", token, takes_rest=True)
    add("tasks", tasks, takes_rest=True)
    add("migrations", migrations, takes_rest=True)
    add("run", run_command, takes_rest=True)
    return parser


def _mode_that_is_up() -> Mode | None:
    """The mode `up` remembered, unless it cannot be up: its supervisord or its Docker engine is gone."""
    remembered = recall()
    if remembered and (native.is_up() if remembered.mode is Mode.NATIVE else docker_answers()):
        return remembered.mode
    return None


def _choice() -> Choice:
    return choose(os.environ, _mode_that_is_up(), docker_answers)


def up(options: argparse.Namespace) -> int:
    """Start everything and wait until it is ready."""
    choice, is_up, ports = _choice(), _mode_that_is_up(), read_ports(os.environ)
    say(str(choice))
    if is_up not in (None, choice.mode):
        raise LocalError(f"{is_up} mode is up: `make down` first, then MODE={choice.mode} make up.")
    (native if choice.mode is Mode.NATIVE else compose).up(ports)
    print(f"{urls(ports)}\n\n{next_commands()}")
    return 0


def down(options: argparse.Namespace) -> int:
    """Stop everything; the data stays unless --data is given."""
    if options.data:
        return _down_with_data()
    choice = _choice()
    say(str(choice))
    stopped = native.down() if choice.mode is Mode.NATIVE else compose.down()
    say("Stopped; the data stays." if stopped else "Nothing was running.")
    return 0


def _down_with_data() -> int:
    """Leave nothing of either mode: data of the one may be left from before the other was chosen."""
    remembered = recall()
    native.down(data=True)
    if docker_answers():
        compose.down(data=True)
    elif remembered and remembered.mode is Mode.COMPOSE:
        say("No Docker engine answers: the volumes of compose mode stay.")
        return 0
    say("Stopped; the data is removed.")
    return 0


def ps(options: argparse.Namespace) -> int:
    """Show the state of every process."""
    choice = _choice()
    say(str(choice))
    if choice.mode is Mode.COMPOSE:
        return compose.run("ps", "--all")
    states = native.states()
    if not states:
        print("Nothing is running: make up")
        return 0
    states.sort(key=lambda state: log_names(None).index(state.name))
    print(table([("PROCESS", "STATE", "DESCRIPTION"), *((s.name, s.state, s.description) for s in states)]))
    return 0


def show_urls(options: argparse.Namespace) -> int:
    """Show where everything is."""
    print(urls(ports_of_what_is_up(os.environ)))
    return 0


def show_logs(options: argparse.Namespace) -> int:
    """Follow the logs, of everything or of one service (its worker and beat too) or process."""
    names = log_names(options.service)
    try:
        if _choice().mode is Mode.COMPOSE:
            return compose.run("logs", "--follow", "--tail", "10", *names)
        logs.follow(paths.LOCAL / "log", names)
    except KeyboardInterrupt:  # how one stops following
        pass
    return 0


def log_names(wanted: str | None) -> list[str]:
    """The processes meant by a name: all, a service's, or one."""
    groups = {service: [program_name(service, role) for role in roles(service)] for service in SERVICES}
    everything = [*DATABASES, *(name for names in groups.values() for name in names)]
    if not wanted:
        return everything
    if wanted not in everything:
        raise LocalError(f"SERVICE={wanted} is none of {', '.join(everything)}.")
    return groups.get(wanted, [wanted])


def run_seed(options: argparse.Namespace) -> int:
    """Make a demo user with some todos."""
    print(seed(ports_of_what_is_up(os.environ)))
    return 0


def shell(options: argparse.Namespace) -> int:
    """Open a Python prompt with a service loaded."""
    return _in_service(options.service, ["-m", "libs.service", "shell"], "shell")


def token(options: argparse.Namespace) -> int:
    """Print a signed token: --subject USER --audience todos [--scope "a b"] [--expires-in SECONDS]."""
    return _in_service("auth", ["-m", "services.auth.token", *options.rest], "token")


def tasks(options: argparse.Namespace) -> int:
    """See and mend what a service's tasks have to do: `todos list --status parked`."""
    if not options.rest or options.rest[0] not in SERVICES:
        raise LocalError(f'say which service ({", ".join(SERVICES)}): make tasks SERVICE=todos ARGS="list"')
    service, *rest = options.rest
    return _in_service(service, ["-m", "libs.service", "tasks", *(rest or ["stats"])], "command")


def migrations(options: argparse.Namespace) -> int:
    """See and start a service's migrations: `todos list`."""
    if not options.rest or options.rest[0] not in SERVICES:
        raise LocalError(
            f'say which service ({", ".join(SERVICES)}): make migrations SERVICE=todos ARGS="list"'
        )
    service, *rest = options.rest
    return _in_service(service, ["-m", "libs.service", "migrations", *(rest or ["list"])], "command")


def run_command(options: argparse.Namespace) -> int:
    """Run a command of a service, with its settings: `auth admin grant ada@example.com admin`."""
    if (
        len(options.rest) < 2
        or options.rest[0] not in SERVICES
        or not options.rest[1].replace("-", "_").isidentifier()
    ):
        raise LocalError(
            f"say which service ({', '.join(SERVICES)}) and which command: "
            'make run SERVICE=auth ARGS="keys list"'
        )
    service, command, *rest = options.rest
    if command == "log-level":  # of every service
        return _in_service(service, ["-m", "libs.service", command, *rest], "command")
    return _in_service(service, ["-m", f"services.{service}.{command}", *rest], "command")


def show_config(options: argparse.Namespace) -> int:
    """Show what a service is told, and by what; of another environment, what the files tell it."""
    python = ["-m", "libs.service", "config"]
    if options.environment == LOCAL and _choice().mode is Mode.COMPOSE:
        return compose.run_python(options.service, python, terminal=False)
    if options.environment == LOCAL:
        environment = service_environment(options.service, ports_of_what_is_up(os.environ), "command")
    else:
        python.append("--offline")
        chosen = {"APP_SERVICE": options.service, "APP_ENVIRONMENT": options.environment}
        environment = {**base_environment(), **chosen}
    return subprocess.run([sys.executable, *python], cwd=paths.ROOT, env=environment).returncode


def _in_service(service: str, python: list[str], role: str) -> int:
    """Run Python with a service's settings, here or in its container."""
    if _choice().mode is Mode.COMPOSE:
        return compose.run_python(service, python, terminal=sys.stdin.isatty() and role == "shell")
    if not native.is_up():
        raise LocalError("nothing is up: make up")
    environment = service_environment(service, ports_of_what_is_up(os.environ), role)
    terminal = {name: os.environ[name] for name in ("TERM", "COLUMNS", "LINES") if name in os.environ}
    done = subprocess.run([sys.executable, *python], cwd=paths.ROOT, env={**terminal, **environment})
    return done.returncode


def testaccept(options: argparse.Namespace) -> int:
    """Run the acceptance tests against what is up; arguments go to pytest."""
    ports = ports_of_what_is_up(os.environ)
    for service in SERVICES:
        reason = why_service_not_ready(ports.of(service))
        if reason:
            raise LocalError(f"{service} is not ready ({reason}): make up")
    environment = {
        **os.environ,
        **{f"{service.upper()}_URL": ports.url(service) for service in SERVICES},
        "TESTACCEPT_TOKEN_COMMAND": shlex.join([sys.executable, "-m", "infra.local", "token"]),
    }
    pytest = [sys.executable, "-m", "pytest", "testaccept", "-n", "4", *options.rest]
    return subprocess.run(pytest, cwd=paths.ROOT, env=environment).returncode
