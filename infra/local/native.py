"""Native mode: databases and services as processes of this machine, kept alive by supervisor."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from infra.local import environment, paths, preflight, supervisor_config
from infra.local.environment import Program
from infra.local.errors import LocalError
from infra.local.interrupt import exclusively
from infra.local.mode import Mode, forget, recall, remember
from infra.local.output import last_lines, say
from infra.local.packages import ensure_dynamodb, ensure_java
from infra.local.ports import DATABASES, Ports
from infra.local.readiness import why_not_ready
from infra.local.servers import dynamodb_answers, redis_answers, wait_until
from infra.local.supervisord import State, Supervisord

READY_SECONDS = 90
_GIVEN_UP = {"FATAL": "it ends as soon as it is started", "EXITED": "it cannot start"}
"""States in which a program is not started again, and what is wrong with it then."""
LOG_LINES = 15


def supervisord() -> Supervisord:
    """The supervisord of this clone."""
    return Supervisord(paths.LOCAL / "native")


def is_up() -> bool:
    """Whether a supervisord of ours is running, in whatever state its programs are."""
    return supervisord().pid() is not None


def up(ports: Ports) -> None:
    """Start what is not running, apply what has changed, and return when everything is ready.

    Raises LocalError with one line; what this call has started is stopped by then.
    """
    with exclusively("native"):
        daemon = supervisord()
        was_running = daemon.answers()
        with _stopping_on_failure(daemon, was_running):
            _start(daemon, ports, was_running)


@contextmanager
def _stopping_on_failure(daemon: Supervisord, was_running: bool) -> Iterator[None]:
    """What was up before stays up, for a look at it; what was started just now does not stay half-started."""
    try:
        yield
    except BaseException:
        if not was_running:
            if daemon.pid() is not None:
                say("Stopping what was started ...")
            _stop(daemon)
        raise


def _start(daemon: Supervisord, ports: Ports, was_running: bool) -> None:
    _preflight(daemon, ports, was_running)
    java = ensure_java()
    ensure_dynamodb()
    preflight.make_secrets()
    databases, services = environment.databases(ports, java), environment.services(ports)
    logs = paths.make_folder(paths.LOCAL / "log")
    for folder in (daemon.folder, paths.LOCAL / "run", paths.LOCAL / "tmp", *(d.folder for d in databases)):
        paths.make_folder(folder)
    config = supervisor_config.render(daemon.folder, daemon.socket, logs, [*databases, *services])
    paths.write_atomically(daemon.config, config)
    remember(Mode.NATIVE, ports)
    if was_running:
        changed = daemon.reload()
        if changed:
            say(f"Settings or code have changed, restarting: {', '.join(changed)}")
    else:
        daemon.start(environment.base_environment())
    _start_databases(daemon, databases, ports)
    _start_services(daemon, services, ports)


def _preflight(daemon: Supervisord, ports: Ports, was_running: bool) -> None:
    remembered = recall()
    own = remembered.ports.as_dict() if remembered else {}
    if was_running and not own:
        raise LocalError("what is running was started when there were other services: `make down` first")
    if not was_running:
        preflight.check_disk()
        daemon.kill()  # one that hangs
        shutil.rmtree(paths.LOCAL / "tmp", ignore_errors=True)  # what killed processes left there
        # Where an `up` or its supervisord was killed, what it started is about to end.
        wait_until(lambda: all(preflight.is_free(port) for port in own.values()), 20)
        own = {}
    preflight.check_ports(ports, [name for name, port in ports.as_dict().items() if port not in own.values()])


def _start_databases(daemon: Supervisord, databases: list[Program], ports: Ports) -> None:
    started = _start_missing(daemon, databases)
    if started:
        say("Starting the databases ...")
    answers = {"dynamodb": dynamodb_answers, "redis": redis_answers}
    for program in databases:
        name, port = program.name, ports.of(program.name)
        fatal = lambda name=name: daemon.states()[name].state == "FATAL"  # noqa: E731
        if not wait_until(lambda name=name, port=port: answers[name](port), 30, died=fatal):  # type: ignore[misc]
            raise _not_ready({name: f"it does not answer on port {port}"})


def _start_services(daemon: Supervisord, services: list[Program], ports: Ports) -> None:
    if _start_missing(daemon, services):
        say("Starting the services ...")
    began = time.monotonic()
    waiting = {program.name: program for program in services}
    while waiting:
        states = daemon.states()
        reasons = {name: why_not_ready(program, states[name], ports) for name, program in waiting.items()}
        waiting = {name: program for name, program in waiting.items() if reasons[name]}
        passed = time.monotonic() - began
        given_up = {name: _GIVEN_UP[found] for name in waiting if (found := states[name].state) in _GIVEN_UP}
        if given_up:
            raise _not_ready(given_up)
        if waiting and passed > READY_SECONDS:
            raise _not_ready({name: reasons[name] or "" for name in waiting})
        if waiting:
            time.sleep(0.2 if passed < 5 else 1)  # seldom enough not to bury a log under our questions


def _start_missing(daemon: Supervisord, programs: list[Program]) -> bool:
    states = daemon.states()
    missing = [program for program in programs if not states[program.name].is_up]
    for program in missing:
        if program.alive_file is not None:  # the one of an earlier process says nothing about this one
            program.alive_file.unlink(missing_ok=True)
        daemon.start_program(program.name)
    return bool(missing)


def _not_ready(reasons: dict[str, str]) -> LocalError:
    """One line that names what is not ready, under the last lines of the first one's log."""
    name = next(iter(reasons))
    log = paths.LOCAL / "log" / f"{name}.log"
    say("\n".join(f"  {name} | {line}" for line in last_lines(log, LOG_LINES)))
    what = "; ".join(f"{name} ({reason})" for name, reason in reasons.items())
    return LocalError(f"not ready: {what}. Read {log.relative_to(paths.LOCAL.parent)}")


def down(data: bool = False) -> bool:
    """Stop everything and wait until it is gone; False if nothing was running.

    Data and secrets stay, unless `data` says to remove them.
    """
    with exclusively("native"):
        daemon = supervisord()
        was_running = daemon.pid() is not None
        _stop(daemon)
        for folder in (paths.LOCAL / "data", paths.LOCAL / "secrets"):
            if data and folder.exists():
                shutil.rmtree(folder)
        return was_running


def _stop(daemon: Supervisord) -> None:
    if daemon.answers():
        # All services at once, then the databases they still write to; supervisord alone would go one by one.
        states = list(daemon.states())
        daemon.stop([name for name in states if name not in DATABASES])
        daemon.stop([name for name in states if name in DATABASES])
        daemon.shut_down()
    else:
        daemon.kill()
    forget()


def states() -> list[State]:
    """Every program with its state; empty when nothing is up."""
    daemon = supervisord()
    return list(daemon.states().values()) if daemon.answers() else []
