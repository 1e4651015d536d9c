"""Clients are watched after a swap, and brought back from what turned bad."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.validate import ParamValidator

from infra.aws import names
from infra.deploy.api import Api
from infra.deploy.calls import Call
from infra.deploy.environments import Environment, Environments
from infra.deploy.exits import Busy, Exit
from infra.deploy.swap import Watch, are_too_many
from infra.deploy.tests.world import World
from libs.service.testing import eventually


def turn_bad(world: World, *, after: int) -> list[str]:
    """Have what is watched for two minutes be bad after so many looks; return where was looked."""
    world.stage = replace_minutes(world, 2)
    world.clock.skipping = 1
    looks: list[str] = []
    clients = names.live_cname("todos", world.stage.name)

    def probe(stage: object, service: str, address: str) -> str | None:
        if address != world.standin.estate.cname(clients):
            return None
        looks.append(address)
        return "/health/ready answers 503" if len(looks) > after else None

    world.probe = probe
    return looks


def test_what_turns_bad_under_its_clients_is_swapped_back(world: World, old: str) -> None:
    looks = turn_bad(world, after=2)
    ran = world.run("deploy")
    assert ran.code == Exit.SWAPPED_BACK
    assert world.live() == old
    assert set(world.standing()) == {old, world.name()}
    assert len(looks) == 2 + 3, "one bad look is none"


def test_what_turns_bad_with_nothing_to_go_back_to_is_told_as_that(world: World) -> None:
    turn_bad(world, after=1)
    ran = world.run("deploy")
    assert ran.code == Exit.STAYS_BAD
    assert "it stays live" in ran.told("fault")[0]
    assert world.live() == world.name()


def test_clients_are_brought_back_to_one_that_is_yellow_and_answers(
    world: World, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = Environments._described

    def yellow(self: Environments, **which: Any) -> Iterator[Environment]:
        for one in described(self, **which):
            yield replace(one, health="Yellow") if one.name == old else one

    monkeypatch.setattr(Environments, "_described", yellow)
    turn_bad(world, after=1)
    assert world.run("deploy").code == Exit.SWAPPED_BACK
    assert world.live() == old


def test_clients_stay_where_the_one_before_does_not_answer_either(world: World, old: str) -> None:
    turn_bad(world, after=1)
    probe = world.probe
    away: list[str] = []

    def both(stage: Any, service: str, address: str) -> str | None:
        fault = probe(stage, service, address)
        away.extend([fault] if fault else [])  # as DynamoDB would be: for all at once
        return away[0] if away else None

    world.probe = both
    ran = world.run("deploy")
    assert ran.code == Exit.STAYS_BAD
    assert f"({old} is no better)" in ran.told("fault")[0]
    assert world.live() == world.name()
    assert world.standin.faults.made("elasticbeanstalk:SwapEnvironmentCNAMEs") == 1


def test_one_that_was_there_before_under_that_name_is_watched_anew(world: World, old: str) -> None:
    earlier = next(one.description for one in world.standin.estate.environments if one.name == old)
    assert world.run("deploy").code == Exit.DONE
    assert world.run("cleanup", "--previous").code == Exit.DONE
    client = world.standin.client("elasticbeanstalk")
    client.terminate_environment(EnvironmentName=world.name())
    eventually(
        lambda: (
            not [
                one
                for one in world.standin.estate.environments
                if one.is_there and one.name in (old, world.name())
            ]
        )
    )
    world.stage = replace_minutes(world, 2)
    world.clock.skipping = 1
    looks: list[str] = []

    def probe(stage: object, service: str, address: str) -> str | None:
        if not looks:
            world.clock.skipped += 600
        looks.append(address)
        return None

    world.probe = probe
    world.machine.commit = earlier
    assert world.run("deploy").code == Exit.DONE
    assert len(looks) > 5, "for two minutes"


@pytest.mark.parametrize("resumed", [True, False])
def test_one_that_is_deployed_again_is_watched_though_no_event_tells_of_it_yet(
    world: World, old: str, monkeypatch: pytest.MonkeyPatch, resumed: bool
) -> None:
    earlier = next(one.description for one in world.standin.estate.environments if one.name == old)
    assert world.run("deploy").code == Exit.DONE
    if resumed:
        assert world.run("rollback").code == Exit.DONE
    else:
        world.machine.commit = earlier or ""
    until = datetime.now(UTC)
    pages = Api.pages

    def late(self: Api, service: str, operation: str, key: str, **rest: Any) -> Iterator[dict[str, Any]]:
        for one in pages(self, service, operation, key, **rest):
            if operation != "DescribeEvents":
                yield one
            elif one["EventDate"] < until:
                yield {**one, "EventDate": one["EventDate"] - timedelta(minutes=10)}

    monkeypatch.setattr(Api, "pages", late)
    world.stage = replace_minutes(world, 2)
    world.clock.skipping = 1
    swap = Api.change

    def breaks_off(self: Api, service: str, operation: str, **parameters: Any) -> Any:
        answer = swap(self, service, operation, **parameters)
        if operation == "SwapEnvironmentCNAMEs":
            raise KeyboardInterrupt
        return answer

    if resumed:
        with monkeypatch.context() as patched:
            patched.setattr(Api, "change", breaks_off)
            assert world.run("deploy").code == Exit.INTERRUPTED
    ran = world.run("deploy")
    assert ran.code == Exit.DONE
    assert any("watching" in text and "for 2 minutes" in text for text in ran.told("note"))


def test_clients_are_brought_back_to_nothing_that_they_were_brought_back_from(world: World, old: str) -> None:
    earlier = next(one.description for one in world.standin.estate.environments if one.name == old)
    assert world.run("deploy").code == Exit.DONE
    assert world.run("cleanup", "--previous").code == Exit.DONE
    assert world.run("rollback").code == Exit.DONE  # which makes the old one anew
    assert world.live() == old
    assert world.standing()[world.name()] == names.own_cname(old), "by its CNAME it was live before"
    world.machine.commit = earlier or ""
    turn_bad(world, after=0)
    assert world.run("deploy").code == Exit.STAYS_BAD
    assert world.live() == old


def test_the_watch_goes_on_where_aws_is_busy_for_a_moment(
    world: World, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stage = replace_minutes(world, 2)
    world.clock.skipping = 1
    looks = iter([None, Busy("throttled"), Busy("throttled")])

    def look(self: object) -> str | None:
        found = next(looks, "its health is Red")
        if isinstance(found, Busy):
            raise found
        return found

    monkeypatch.setattr(Watch, "_fault", look)
    assert world.run("deploy").code == Exit.SWAPPED_BACK
    assert world.live() == old


def busy_on_the_way_back(
    monkeypatch: pytest.MonkeyPatch, calls: dict[str, int], *, answer_lost: bool = False
) -> None:
    """Have AWS be busy once the watched one is bad: for so many of each call, and for all lists of events."""
    call, pages = Api._call, Api.pages
    bad: list[str] = []

    def seen(self: Watch) -> str | None:
        bad.append("its health is Red")
        return bad[-1]

    def called(self: Api, which: Call, *rest: Any) -> Any:
        if len(bad) < 3 or not calls.get(which.operation):
            return call(self, which, *rest)
        calls[which.operation] -= 1
        if answer_lost:
            call(self, which, *rest)
        raise Busy("throttled")

    def listed(self: Api, service: str, operation: str, key: str, **rest: Any) -> Iterator[dict[str, Any]]:
        if bad and operation == "DescribeEvents":
            raise Busy("throttled")
        return pages(self, service, operation, key, **rest)

    monkeypatch.setattr(Watch, "_fault", seen)
    monkeypatch.setattr(Api, "_call", called)
    monkeypatch.setattr(Api, "pages", listed)


@pytest.mark.parametrize("answer_lost", [False, True])
def test_clients_are_brought_back_though_aws_is_busy_for_a_moment(
    world: World, old: str, monkeypatch: pytest.MonkeyPatch, answer_lost: bool
) -> None:
    world.stage = replace_minutes(world, 2)
    world.clock.skipping = 1
    world.standin.faults.calls.clear()
    calls = {"DescribeEnvironments": 2, "SwapEnvironmentCNAMEs": 1}
    busy_on_the_way_back(monkeypatch, calls, answer_lost=answer_lost)
    ran = world.run("deploy")
    assert ran.code == Exit.SWAPPED_BACK
    assert world.live() == old
    assert not any(calls.values())
    assert world.standin.faults.made("elasticbeanstalk:SwapEnvironmentCNAMEs") == 2, "there, and back"


def test_that_aws_is_too_busy_for_the_way_back_is_told_as_that(
    world: World, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stage = replace_minutes(world, 2)
    world.clock.skipping = 1
    with monkeypatch.context() as patched:
        busy_on_the_way_back(patched, {"SwapEnvironmentCNAMEs": 5})
        ran = world.run("deploy")
    assert ran.code == Exit.AWS
    assert "its health is Red, and AWS is too busy" in ran.told("fault")[0]
    assert f"`make rollback` brings them back to {old}" in ran.told("fault")[0]
    assert world.live() == world.name()
    assert world.run("rollback").code == Exit.DONE
    assert world.live() == old


def replace_minutes(world: World, minutes: int) -> object:
    file = world.stages / f"{world.stage.name}.yaml"
    file.write_text(file.read_text().replace("watch_minutes: 0", f"watch_minutes: {minutes}"))
    return replace(world.stage, watch_minutes=minutes)


@pytest.mark.parametrize(
    ("failed", "requests", "bad"),
    [(5, 100, False), (5, 99, True), (6, 100, True), (4, 4, False), (5, 5, True), (0, 0, False)],
)
def test_5xx_count_from_five_on_and_above_five_in_a_hundred(failed: int, requests: int, bad: bool) -> None:
    assert are_too_many(failed, requests) is bad


def test_5xx_under_its_clients_bring_them_back(
    world: World, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stage = replace_minutes(world, 5)
    world.clock.skipping = 1
    # Few, or a small share of many, or none told yet: they are not counted. Three looks in a row are.
    told = iter([(80, 9), (80, 4), (80, 9), (80, 9), (300, 9), None, (80, 9), (80, 9), (80, 9)])
    read = Api.read

    def health(self: Api, service: str, operation: str, **parameters: Any) -> Any:
        answer = read(self, service, operation, **parameters)
        if operation != "DescribeEnvironmentHealth":
            return answer
        counts = next(told)
        metrics = {"RequestCount": counts[0], "StatusCodes": {"Status5xx": counts[1]}} if counts else {}
        shape = self.aws.client(service).meta.service_model.operation_model(operation).output_shape
        assert not ParamValidator().validate({"ApplicationMetrics": metrics}, shape).has_errors()
        return {**answer, "ApplicationMetrics": metrics}

    monkeypatch.setattr(Api, "read", health)
    ran = world.run("deploy")
    assert ran.code == Exit.SWAPPED_BACK
    assert "9 of 80" in ran.told("fault")[0]
    assert next(told, "told") == "told"
