"""docker-bake.hcl names every image, and makes it as `make image` does."""

import json
import os
import re
import shutil
import subprocess
from typing import Any

import hcl2
import pytest

from infra.aws import names
from infra.image.build import AMD64, ARM64, PROXY, _service, parts
from infra.image.revision import Revision
from infra.local.paths import ROOT

FILE = ROOT / "docker-bake.hcl"
REVISION = Revision(commit="c" * 40, version="v1", seconds=0, source="https://example.com/todos")


@pytest.fixture(scope="module")
def targets() -> dict[str, dict[str, Any]]:
    """The targets of the file, by name."""
    with FILE.open() as file:
        told = hcl2.load(file)
    return {unquoted(name): unquoted(body) for target in told["target"] for name, body in target.items()}


def unquoted(value: Any) -> Any:
    """What the parser leaves in quotation marks, without them; its own notes are left out."""
    match value:
        case dict():
            return {unquoted(key): unquoted(one) for key, one in value.items() if key != "__is_block__"}
        case list():
            return [unquoted(one) for one in value]
        case str():
            return re.sub(r'^"(.*)"$', r"\1", value)
    return value


def test_every_service_and_the_proxy_is_built_for_both_platforms(targets: dict[str, dict[str, Any]]) -> None:
    assert [*targets["service"]["matrix"]["item"], "proxy"] == parts()
    for name in ("service", "proxy"):
        assert targets[name]["inherits"] == ["_common"]
    assert targets["_common"]["platforms"] == [AMD64, ARM64]


def test_they_are_built_as_make_builds_them(targets: dict[str, dict[str, Any]]) -> None:
    for name, part in (("service", "todos"), ("proxy", PROXY)):
        build = _service(part, REVISION, ROOT, "x", None)["build"]
        assert targets[name]["dockerfile"] == build["dockerfile"]
        arguments = {**targets["_common"]["args"], **targets[name].get("args", {})}
        assert set(arguments) == set(build["args"]) - {"SOURCE_DATE_EPOCH"}  # which bake takes by itself
        assert targets[name]["tags"] == [
            "${REGISTRY}" + names.repository(part.replace("todos", "${item}")) + ":${COMMIT}"
        ]


def test_buildx_reads_it() -> None:
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "buildx", "version"], capture_output=True).returncode
    ):
        pytest.skip("docker buildx is not installed here: the file was read by a parser alone")
    done = subprocess.run(
        ["docker", "buildx", "bake", "--file", FILE, "--print"],
        env={**os.environ, "COMMIT": REVISION.commit},
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)["target"]
    assert sorted(told) == sorted(parts())
    assert told["todos"]["args"]["SERVICE"] == "todos"
