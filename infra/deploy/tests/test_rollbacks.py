"""Going back, looking, and removing what nobody needs."""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from infra.aws import names
from infra.deploy import cleanup, cli, rollback
from infra.deploy.api import Api
from infra.deploy.environments import Environment, Environments
from infra.deploy.exits import Busy, Exit
from infra.deploy.history import History, history
from infra.deploy.tests.world import World
from infra.deploy.waiting import Waiting
from libs.service.testing import eventually

CREATE = "elasticbeanstalk:CreateEnvironment"


@pytest.fixture
def two(world: World) -> tuple[str, str]:
    """Two environments: what is kept, and what is live."""
    assert world.run("deploy").code == Exit.DONE
    first = world.name()
    world.commit()
    assert world.run("deploy").code == Exit.DONE
    return first, world.name()


def test_rollback_swaps_back_and_leaves_the_other_standing(world: World, two: tuple[str, str]) -> None:
    world.standin.faults.calls.clear()
    assert world.run("rollback").code == Exit.DONE
    assert world.live() == two[0]
    assert two[1] in world.standing()
    assert world.standin.faults.made("elasticbeanstalk:CreateEnvironment") == 0


def test_what_was_rolled_back_can_be_deployed_again(world: World, two: tuple[str, str]) -> None:
    assert world.run("rollback").code == Exit.DONE
    assert world.run("deploy").code == Exit.DONE
    assert world.live() == two[1]
    assert world.run("rollback").code == Exit.DONE
    assert world.live() == two[0]


def test_where_the_one_before_is_gone_its_bundle_is_launched_again(
    world: World, two: tuple[str, str]
) -> None:
    assert world.run("cleanup", "--previous").code == Exit.DONE
    assert set(world.standing()) == {two[1]}
    world.machine.ran.clear()
    assert world.run("rollback").code == Exit.DONE
    assert world.live() == two[0]
    assert world.machine.ran == [], "nothing is built, nothing tested"


def test_it_goes_back_to_no_version_that_its_tests_turned_away(world: World, two: tuple[str, str]) -> None:
    world.commit()
    world.probe = lambda stage, service, address: "/health/ready answers 503"
    assert world.run("deploy").code == Exit.ENVIRONMENT_REJECTED
    turned_away = world.name()
    world.probe = lambda stage, service, address: None
    world.commit()
    assert world.run("deploy").code == Exit.DONE
    assert world.run("cleanup", "--previous").code == Exit.DONE
    assert world.run("rollback").code == Exit.DONE
    assert world.live() == two[1] != turned_away


def test_it_goes_back_to_nothing_that_clients_were_brought_back_from(
    world: World, two: tuple[str, str]
) -> None:
    assert world.run("rollback").code == Exit.DONE
    world.commit()
    assert world.run("deploy").code == Exit.DONE
    third = world.name()
    assert world.run("cleanup", "--previous").code == Exit.DONE
    assert set(world.standing()) == {third}
    ran = world.run("rollback")
    assert ran.code == Exit.DONE
    assert world.live() == two[0], "the second was no good"
    assert any(two[1] in text for text in ran.told("note"))
    # By its CNAME the third was live before what is live now; but it was no good, either.
    assert world.standing()[third] == names.own_cname(two[0])
    told = [one for one in world.run("status").lines if one["kind"] == "environment"]
    assert {(two[0], "live"), (third, "aside")} <= {(one["environment"], one["role"]) for one in told}
    assert world.run("rollback").code == Exit.REFUSED
    assert world.live() == two[0]
    assert world.run("cleanup").code == Exit.DONE
    assert set(world.standing()) == {two[0]}


SWAPS = [("a", "b"), ("b", "a"), ("a", "c"), ("x", "y"), ("c", "d"), ("d", "a"), ("a", "e")]
"""What is live in turn: a, b and back, c, d, and back to a; then e. Nobody came to x and y."""


@pytest.mark.parametrize(
    "events", [("source", "target"), ("target", "source"), ("source",), ("target",), ("one of them",)]
)
def test_what_clients_had_is_told_by_swaps(events: tuple[str, ...]) -> None:
    told = []
    for number, swap in enumerate(SWAPS):
        named = dict(zip(("source", "target"), swap, strict=True))
        named["one of them"] = swap[number % 2]
        for order, side in enumerate(events):  # of each environment one, or of one of them
            told.append(
                {
                    "EventDate": datetime(2026, 1, 1, 0, number, order, tzinfo=UTC),
                    "EnvironmentName": named[side],
                    "Message": f"Completed swapping CNAMEs for environments '{swap[0]}' and '{swap[1]}'.",
                }
            )
    told.append({"EventDate": datetime.now(UTC), "Message": "Swapping CNAMEs for environments 'e' and 'b'."})
    work = SimpleNamespace(
        api=SimpleNamespace(pages=lambda *call, **parameters: iter(told)),
        environments=SimpleNamespace(application="todos", web=list),
    )
    found = history(cast(Any, work), cast(Any, SimpleNamespace(name="e")))
    assert found == History(good=("a",), taken_back=frozenset("bcd"))


@pytest.fixture
def ill(world: World, two: tuple[str, str]) -> str:
    """The one that is kept, which is red by now, until it is made anew."""
    world.scripted.say("red", two[0])
    world.clock.skipping = 10
    eventually(lambda: world.health(two[0]) == "Red")
    world.standin.faults.calls.clear()
    world.standin.faults.before(CREATE, lambda: world.scripted.say("green", two[0]))
    return two[0]


def test_one_that_is_ill_by_now_is_made_anew(world: World, ill: str) -> None:
    ran = world.run("rollback")
    assert ran.code == Exit.DONE
    assert world.live() == ill
    assert world.standin.faults.made(CREATE) == 1
    assert any(f"{ill} is of no use: its health is Red (ELB processes" in text for text in ran.told("note"))


def test_one_that_has_the_cname_it_needs_goes_first(world: World, two: tuple[str, str]) -> None:
    world.commit()
    assert world.run("deploy").code == Exit.DONE
    third = world.name()
    assert world.standing()[two[0]] == names.own_cname(two[1])
    world.scripted.say("red", two[1])
    world.clock.skipping = 10
    eventually(lambda: world.health(two[1]) == "Red")
    said = io.StringIO()
    with redirect_stderr(said):
        asked = ["rollback", "todos", world.stage.name]
        assert cli.main(asked, world.stages, clock=world.clock, programs=world.programs) == Exit.REFUSED
    assert (
        f"which terminates {two[1]} if it is not well then (Ready, Red now) and {two[0]} and launches"
        in said.getvalue()
    )
    world.standin.faults.before(CREATE, lambda: world.scripted.say("green", two[1]))
    assert world.run("rollback").code == Exit.DONE
    assert world.live() == two[1]
    assert world.standing()[third] == names.own_cname(two[1])
    assert two[0] not in world.standing()


def test_the_standby_is_left_alone_where_it_could_not_be_made_anew(
    world: World, two: tuple[str, str], ill: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Environments, "is_free", lambda self, prefix: False)
        ran = world.run("rollback")
    assert ran.code == Exit.REFUSED
    assert f"the CNAME {names.own_cname(ill)}" in ran.told("fault")[0]
    assert "elasticbeanstalk:TerminateEnvironment" not in world.changes()
    world.probe = lambda stage, service, address: "/health/ready answers 503"  # as if the cache were away
    ran = world.run("rollback")
    assert ran.code == Exit.ENVIRONMENT
    assert f"{two[1]}, which is live: /health/ready answers 503" in ran.told("fault")[0]
    assert "elasticbeanstalk:TerminateEnvironment" not in world.changes()
    kept = next(one for one in world.standin.estate.environments if one.name == ill)
    world.machine.commit = kept.description or ""
    assert f"ARGS=--to={world.machine.commit[:12]}" in ran.told("fault")[0]
    assert world.run("rollback", "--to", "something").code == Exit.DONE, "who says which is believed"
    assert world.live() == ill


def test_one_bad_look_at_the_standby_is_none(
    world: World, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    described, wait = Environments._described, world.clock.wait
    waits = []

    def red(self: Environments, **which: Any) -> Iterator[Environment]:
        for one in described(self, **which):
            yield replace(one, health="Red") if one.name == two[0] and len(waits) < 2 else one

    def waited(seconds: float) -> None:
        waits.append(seconds)
        wait(seconds)

    monkeypatch.setattr(Environments, "_described", red)
    monkeypatch.setattr(world.clock, "wait", waited)
    assert world.run("rollback").code == Exit.DONE
    assert len(waits) >= 2
    assert world.live() == two[0]
    assert world.standin.faults.made("elasticbeanstalk:TerminateEnvironment") == 0


def test_one_that_is_being_changed_and_comes_out_ill_is_made_anew(
    world: World, ill: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = next(one for one in world.standin.estate.environments if one.name == ill)
    kept.status = "Updating"
    wait, meanwhile = world.clock.wait, ["another change"]

    def ends(seconds: float) -> None:
        world.clock.skipping = 0
        if kept.status == "Updating":
            kept.status = "Ready"
        if kept.status == "Ready":
            world.clock.skipped += seconds
        else:
            wait(seconds)

    def changes(*told: object) -> None:
        kept.status = "Updating"
        meanwhile.clear()

    monkeypatch.setattr(world.clock, "wait", ends)
    monkeypatch.setattr(rollback, "_see_that_live_is_better", changes)
    assert world.run("rollback").code == Exit.DONE
    assert world.live() == ill
    assert world.standin.faults.made(CREATE) == 1
    assert not meanwhile


@pytest.mark.parametrize("answers", [True, False])
def test_one_that_is_yellow_is_gone_back_to_if_it_answers(
    world: World, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    described = Environments._described

    def yellow(self: Environments, **which: Any) -> Iterator[Environment]:
        for one in described(self, **which):
            made = world.standin.faults.made("elasticbeanstalk:CreateEnvironment")
            yield replace(one, health="Yellow") if one.name == two[0] and not made else one

    world.standin.faults.calls.clear()
    monkeypatch.setattr(Environments, "_described", yellow)
    world.clock.skipping = 10
    before = world.standin.estate.cname(world.standing()[two[0]])
    world.probe = lambda stage, service, address: (
        None if answers or address != before else "/health/ready answers 503"
    )
    ran = world.run("rollback")
    assert ran.code == Exit.DONE
    assert world.live() == two[0]
    assert world.standin.faults.made("elasticbeanstalk:CreateEnvironment") == (0 if answers else 1)
    assert sum("is not quite well: its health is Yellow" in text for text in ran.told("note")) == 1


def test_a_version_whose_bundle_is_gone_is_made_again_by_a_deploy(world: World, two: tuple[str, str]) -> None:
    assert world.run("cleanup", "--previous").code == Exit.DONE
    first = next(one.description for one in world.standin.estate.environments if one.name == two[0])
    assert first
    world.standin.client("ecr").batch_delete_image(
        repositoryName=names.repository("todos"), imageIds=[{"imageTag": first}]
    )
    world.standin.faults.calls.clear()
    ran = world.run("rollback")
    assert ran.code == Exit.REFUSED
    assert "images that are not in ECR" in ran.told("fault")[0]
    world.forget_bundle(first)
    ran = world.run("rollback")
    assert ran.code == Exit.REFUSED
    assert "is not in S3" in ran.told("fault")[0]
    assert f"Check out {first[:12]} and `make deploy`" in ran.told("fault")[0]
    assert set(world.changes()) == {"dynamodb:PutItem", "dynamodb:DeleteItem"}


def test_workers_can_follow_before_clients_are_moved(world: World) -> None:
    world.workers_apart()
    assert world.run("deploy").code == Exit.DONE
    first = world.machine.commit
    label = names.version(world.stage.name, first, "worker")
    world.commit()
    assert world.run("deploy").code == Exit.DONE
    live = world.name()
    forget = world.standin.client("elasticbeanstalk").delete_application_version
    forget(ApplicationName=names.application("todos"), VersionLabel=label)
    ran = world.run("rollback")
    assert ran.code == Exit.DONE
    assert any(f"Beanstalk has forgotten {label}" in text for text in ran.told("note"))
    assert world.worker_version() == label
    assert world.run("deploy").code == Exit.DONE
    assert world.live() == live
    world.standin.client("s3").delete_object(
        Bucket=names.bundles_bucket(world.stage.account, world.stage.region),
        Key=names.bundle_key("todos", world.stage.name, first, "worker"),
    )
    ran = world.run("rollback")
    assert ran.code == Exit.REFUSED
    assert f"the bundle {label} is not in S3 any more" in ran.told("fault")[0]
    assert world.live() == live, "nobody is brought to where no workers can follow"


@pytest.mark.parametrize("fails", [KeyboardInterrupt, Busy("throttled")])
def test_one_that_breaks_off_says_how_it_is_finished(
    world: World, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch, fails: BaseException
) -> None:
    world.commit()
    assert world.run("deploy").code == Exit.DONE  # so that there is one to go back to by mistake
    change = Api.change

    def changed(self: Api, service: str, operation: str, **parameters: Any) -> Any:
        answer = change(self, service, operation, **parameters)
        if operation == "SwapEnvironmentCNAMEs":
            raise fails
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(Api, "change", changed)
        ran = world.run("rollback")
    assert ran.code in (Exit.INTERRUPTED, Exit.AWS)
    assert "The same command goes on from there" not in ran.told("fault")[0]
    (how,) = [text for text in ran.told("note") if "to finish it: make rollback" in text]
    live = next(one for one in world.standin.estate.environments if one.name == two[1])
    assert how.split("--to=")[1].startswith(f"{live.version.removeprefix(world.stage.name + '-')};")
    world.machine.commit = live.description
    ran = world.run("rollback", "--to", "something")  # while the swap may still be under way
    assert ran.code == Exit.DONE
    assert world.live() == two[1]


def test_a_swap_under_way_is_waited_for_and_heeded_though_no_event_tells_of_it_yet(
    world: World, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, live = (one for one in world.standin.estate.environments if one.name in two)
    kept.status = live.status = "Updating"  # as by a rollback that broke off

    def ends(self: Waiting, *wanted: str) -> None:
        kept.cname, live.cname = live.cname, kept.cname
        kept.status = live.status = "Ready"

    monkeypatch.setattr(Waiting, "until_ready", ends)
    world.clock.skipping = 10
    ran = world.run("rollback")
    assert "there is no earlier version that clients were left with" in ran.told("fault")[0]
    assert world.live() == two[0]


def test_one_can_say_to_which_commit(world: World, two: tuple[str, str]) -> None:
    world.commit()
    assert world.run("deploy").code == Exit.DONE
    third = world.name()
    estate = world.standin.estate.environments
    label = next(one.version for one in estate if one.name == two[0])
    versions = world.standin.client("elasticbeanstalk").describe_application_versions(
        ApplicationName=names.application("todos"), VersionLabels=[label]
    )
    world.machine.commit = versions["ApplicationVersions"][0]["Description"]  # what git expands it to
    assert world.run("rollback", "--to", "something").code == Exit.DONE
    assert world.live() == two[0]
    assert world.standing()[third] == names.own_cname(two[0])


def test_a_commit_without_a_version_is_told_with_those_there_are(world: World, two: tuple[str, str]) -> None:
    world.commit()
    ran = world.run("rollback", "--to", "something")
    assert ran.code == Exit.REFUSED
    assert names.version(world.stage.name, world.machine.commit) in ran.told("fault")[0]
    assert world.live() == two[1]


def test_there_is_nothing_to_go_back_from_or_to(world: World) -> None:
    ran = world.run("rollback")
    assert ran.code == Exit.REFUSED
    assert "nothing to go back from" in ran.told("fault")[0]
    assert world.run("deploy").code == Exit.DONE
    ran = world.run("rollback")
    assert ran.code == Exit.REFUSED
    assert "there is no earlier version that clients were left with" in ran.told("fault")[0]


def test_nobody_is_brought_to_what_is_no_better(world: World, two: tuple[str, str]) -> None:
    world.probe = lambda stage, service, address: "/health/ready answers 503"
    assert world.run("rollback").code == Exit.ENVIRONMENT
    assert world.live() == two[1]


def test_cleanup_leaves_the_live_one_and_the_one_before(world: World, two: tuple[str, str]) -> None:
    world.commit()
    assert world.run("deploy").code == Exit.DONE
    assert len(world.standing()) == 3
    ran = world.run("cleanup", "--dry-run")
    assert ran.told("call") == [
        *("dynamodb PutItem", "elasticbeanstalk TerminateEnvironment", "dynamodb DeleteItem")
    ]
    assert len(world.standing()) == 3
    assert world.run("cleanup").code == Exit.DONE
    assert set(world.standing()) == {two[1], world.name()}
    assert world.run("rollback").code == Exit.DONE
    assert world.live() == two[1]


def test_cleanup_terminates_nothing_where_nobody_is_live(world: World, two: tuple[str, str]) -> None:
    for one in world.standin.estate.environments:
        if one.name == two[1]:
            one.cname = f"{one.cname}-moved"
    assert world.run("cleanup").code == Exit.REFUSED
    assert set(world.standing()) == set(two)


def test_clients_that_come_meanwhile_keep_an_environment_from_being_terminated(
    world: World, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    web = Environments.web

    def then_swapped(self: Environments) -> list[Environment]:
        found = web(self)
        # As a swap that was interrupted here, and ends there just now.
        both = {one.name: one for one in world.standin.estate.environments if one.name in two}
        both[two[0]].cname, both[two[1]].cname = (
            names.live_cname("todos", world.stage.name),
            names.own_cname(two[0]),
        )
        return found

    seen: list[str] = []
    monkeypatch.setattr(Environments, "web", then_swapped)
    monkeypatch.setattr(Environments, "live", lambda self: next(o for o in web(self) if o.name == two[1]))
    monkeypatch.setattr(cleanup, "kept", lambda work, live: seen.append("kept"))
    ran = world.run("cleanup")
    assert ran.code == Exit.DONE
    assert seen
    assert any("has the live CNAME, so it stays" in text for text in ran.told("note"))
    assert two[0] in world.standing()


def test_status_says_who_is_there_for_what(world: World, two: tuple[str, str]) -> None:
    ran = world.run("status")
    assert {(one["environment"], one["role"]) for one in ran.lines if one["kind"] == "environment"} == {
        (two[0], "kept"),
        (two[1], "live"),
    }
    said = io.StringIO()
    with redirect_stdout(said):
        assert cli.main(["status", "todos", world.stage.name], world.stages, clock=world.clock) == Exit.DONE
    assert said.getvalue().splitlines()[0].split()[:3] == ["SERVICE", "ENVIRONMENT", "ROLE"]
    seen: list[str] = []

    def look(command: str) -> None:
        if command == "make test":
            seen.extend(json.loads(line).get("holder", "") for line in world.run("status").out.splitlines())

    world.machine.before = look
    world.commit()
    assert world.run("deploy").code == Exit.DONE
    assert any("process" in holder for holder in seen)
