"""A deploy that is broken off at every place there is, and goes on each time from where it was."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.aws import names
from infra.deploy.api import Api
from infra.deploy.exits import Exit
from infra.deploy.journal import JsonJournal
from infra.deploy.pipeline import STEPS
from infra.deploy.programs import Finished
from infra.deploy.tests.world import World
from infra.local.paths import ROOT

CHANGES = (
    "PutItem",
    "GetAuthorizationToken",
    "PutObject",
    "CreateApplicationVersion",
    "CreateEnvironment",
    "SwapEnvironmentCNAMEs",
)
"""What changes something in an upgrade, in order, but that the lock is given back."""


@pytest.fixture
def old(world: World) -> str:
    assert world.run("deploy").code == Exit.DONE
    name = world.name()
    world.commit()
    return name


def broken_at(places: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, how: str) -> Iterator[str]:
    """Have the next run be broken off at a place; one place after the other."""
    for place in places:
        with monkeypatch.context() as patched:
            if how == "step":
                patched.setattr(JsonJournal, "tell", interrupting_step(place, JsonJournal.tell))
            else:
                patched.setattr(Api, "change", interrupting_change(place, Api.change, how))
            yield place


def interrupting_step(place: str, tell: Callable[..., None]) -> Callable[..., None]:
    def told(self: JsonJournal, kind: str, text: str, **facts: Any) -> None:
        tell(self, kind, text, **facts)
        if kind == "step" and text == place:
            raise KeyboardInterrupt

    return told


def interrupting_change(place: str, change: Callable[..., Any], how: str) -> Callable[..., Any]:
    def changed(self: Api, service: str, operation: str, **parameters: Any) -> Any:
        if operation == place and how == "before":
            raise KeyboardInterrupt
        answer = change(self, service, operation, **parameters)
        if operation == place:
            raise KeyboardInterrupt
        return answer

    return changed


@pytest.mark.parametrize(
    ("how", "places"),
    [("step", tuple(step.name for step in STEPS)), ("before", CHANGES), ("after", CHANGES)],
)
def test_whatever_it_is_broken_off_at_it_goes_on(
    world: World, old: str, monkeypatch: pytest.MonkeyPatch, how: str, places: tuple[str, ...]
) -> None:
    world.standin.faults.calls.clear()
    for place in broken_at(places, monkeypatch, how):
        ran = world.run("deploy")
        assert ran.code == Exit.INTERRUPTED, place
        assert "The same command goes on from there" in ran.told("fault")[0]
        assert world.live() in (old, world.name())
    assert world.run("deploy").code == Exit.DONE
    assert world.standing() == {
        world.name(): names.live_cname("todos", world.stage.name),
        old: names.own_cname(world.name()),
    }
    for call in ("CreateApplicationVersion", "CreateEnvironment", "SwapEnvironmentCNAMEs"):
        assert world.standin.faults.made(f"elasticbeanstalk:{call}") == 1, call
    assert world.machine.did(" push ") == 4, "two of the deploy before, two of this one"


def test_a_first_environment_is_tried_though_an_earlier_run_has_made_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in ("auth", "profiles"):
        assert world.run("deploy", service=other).code == Exit.DONE
    for place in broken_at(("CreateEnvironment",), monkeypatch, "after"):
        assert world.run("deploy").code == Exit.INTERRUPTED, place
    world.machine.ran.clear()
    assert world.run("deploy").code == Exit.DONE
    assert world.machine.did("not operator") == 1
    world.machine.fails["not operator"] = Finished(1)
    ran = world.run("deploy")
    assert ran.code == Exit.ENVIRONMENT_REJECTED, "until there was a swap"
    assert world.live() == world.name(), "clients may come there by now"
    del world.machine.fails["not operator"]
    world.commit()
    assert world.run("deploy").code == Exit.DONE
    assert world.run("cleanup", "--previous").code == Exit.DONE
    world.machine.ran.clear()
    assert world.run("deploy").code == Exit.DONE
    assert world.machine.ran == [], "it was tried before clients came to it"


def test_these_are_all_changes_of_an_upgrade(world: World, old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    change = Api.change

    def noted(self: Api, service: str, operation: str, **parameters: Any) -> Any:
        made.append(operation)
        return change(self, service, operation, **parameters)

    monkeypatch.setattr(Api, "change", noted)
    assert world.run("deploy").code == Exit.DONE
    assert set(made) == {*CHANGES, "DeleteItem"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_process_that_is_ended_leaves_nothing_half_known(world: World, number: signal.Signals) -> None:
    world.scripted.say("never", world.name())
    child = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "infra.deploy.tests.process",
            str(world.stages),
            world.stage.name,
            world.machine.commit,
        ],
        cwd=ROOT,
        env={**os.environ},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        for line in child.stdout:
            if "Waiting for EC2 instances" in line:
                child.send_signal(number)
                break
        said = child.stdout.read()
        code = child.wait(60)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    ran = world.run("deploy", "--dry-run")
    if number == signal.SIGTERM:
        assert code == Exit.INTERRUPTED
        assert "interrupted at the step `environment`" in said
        assert ran.code == Exit.DONE, "the lock was given back"
    else:
        assert ran.code == Exit.LOCKED
        assert "its lock ends by itself in" in ran.told("fault")[0]
        world.forget_lock()
    world.scripted.say("green", world.name())
    world.machine.ran.clear()
    assert world.run("deploy").code == Exit.DONE
    assert world.live() == world.name()
    assert world.machine.ran == []
