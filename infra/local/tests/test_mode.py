from pathlib import Path

import pytest

from infra.local.errors import LocalError
from infra.local.mode import Mode, choose, forget, ports_of_what_is_up, recall, remember
from infra.local.ports import Ports


def engine(answers: bool):
    return lambda: answers


@pytest.mark.parametrize(
    ("environ", "up", "docker", "mode", "reason"),
    [
        ({"MODE": "native"}, Mode.COMPOSE, True, Mode.NATIVE, "MODE says so"),
        ({"MODE": "compose"}, None, False, Mode.COMPOSE, "MODE says so"),
        ({}, Mode.NATIVE, True, Mode.NATIVE, "it is up"),
        ({"MODE": ""}, Mode.COMPOSE, False, Mode.COMPOSE, "it is up"),
        ({}, None, True, Mode.COMPOSE, "a Docker engine answers"),
        ({}, None, False, Mode.NATIVE, "no Docker engine"),
    ],
)
def test_the_mode_and_why(environ, up, docker, mode, reason):
    choice = choose(environ, up, engine(docker))
    assert choice.mode is mode
    assert str(choice).startswith(f"Mode: {mode} ({reason}")
    assert "\n" not in str(choice)


def test_an_unknown_mode_is_refused():
    with pytest.raises(LocalError, match="MODE=docker is no mode"):
        choose({"MODE": "docker"}, None, engine(True))


def test_docker_is_asked_only_where_it_decides():
    def must_not_be_asked() -> bool:
        raise AssertionError

    choose({"MODE": "native"}, None, must_not_be_asked)
    choose({}, Mode.NATIVE, must_not_be_asked)


def test_what_is_up_is_remembered_with_its_ports(local: Path):
    assert recall() is None
    remember(Mode.NATIVE, Ports(auth=9001))
    assert ports_of_what_is_up({"AUTH_PORT": "9002"}).auth == 9001, "what is up wins over the environment"
    forget()
    assert ports_of_what_is_up({"AUTH_PORT": "9002"}).auth == 9002


@pytest.mark.parametrize(
    "text", ["", "native", "{}", '{"mode": "x", "ports": {}}', '{"mode": "native", "ports": 3}']
)
def test_a_file_that_makes_no_sense_means_that_nothing_is_up(local: Path, text: str):
    local.mkdir()
    (local / "mode").write_text(text)
    assert recall() is None
