"""What an image is built with, told to an engine that only writes it down."""

import json
from pathlib import Path

import pytest

from infra.image import cli
from infra.image.build import ARM64, build, parts
from infra.image.revision import Revision
from infra.local.errors import LocalError
from infra.local.paths import ROOT

REVISION = Revision(commit="c" * 40, version="v1", seconds=86400, source="https://example.com/todos")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` that writes down what it is told, in this folder, and exits as the file `code` says."""
    docker = tmp_path / "docker"
    docker.write_text(
        '#!/bin/sh\ncd "$(dirname "$0")"\n'
        'echo "$@" > arguments\ncat > told\necho the last line\nexit $(cat code)\n'
    )
    docker.chmod(0o755)
    (tmp_path / "code").write_text("0")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def test_there_is_an_image_of_each_service_and_of_the_proxy() -> None:
    assert parts() == ["auth", "profiles", "todos", "proxy"]


def test_a_service_is_built_with_its_commit(engine: Path) -> None:
    name = build("todos", REVISION, platform=ARM64, cache=False)
    assert name == f"polymacaron/todos:{'c' * 40}"
    assert "--no-cache" in (engine / "arguments").read_text()
    assert json.loads((engine / "told").read_text())["services"]["image"] == {
        "image": name,
        "build": {
            "context": str(ROOT),
            "dockerfile": "Dockerfile",
            "args": {
                "SERVICE": "todos",
                "VERSION": "v1",
                "COMMIT": "c" * 40,
                "CREATED": "1970-01-02T00:00:00Z",
                "SOURCE": "https://example.com/todos",
                "SOURCE_DATE_EPOCH": "86400",
            },
            "platforms": [ARM64],
        },
    }


def test_the_proxy_has_a_dockerfile_of_its_own(engine: Path) -> None:
    build("proxy", REVISION)
    told = json.loads((engine / "told").read_text())["services"]["image"]["build"]
    assert told["dockerfile"] == "infra/proxy/Dockerfile"
    assert "SERVICE" not in told["args"]
    assert "platforms" not in told


def test_what_is_no_service_is_built_by_nobody(engine: Path) -> None:
    with pytest.raises(LocalError, match="SERVICE=todo is none of auth, profiles, todos, proxy"):
        build("todo", REVISION)
    assert not (engine / "arguments").exists()


def test_a_build_that_fails_shows_its_last_lines(engine: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (engine / "code").write_text("17")
    with pytest.raises(LocalError, match="could not be built: see the last lines above"):
        build("todos", REVISION)
    assert "the last line" in capfd.readouterr().err


def test_no_service_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["build"]) == 1
    assert capsys.readouterr().err == "Error: say of which service: make image SERVICE=auth\n"
