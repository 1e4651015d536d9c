"""The workflows call what is there, with no more rights than they need."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.aws.stage import stage_names
from infra.deploy.waiting import LAUNCH_SECONDS
from infra.image.build import PROXY, parts

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".github" / "workflows"
MAKEFILE = (ROOT / "Makefile").read_text()
ACTION = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


class Strings(yaml.BaseLoader):
    """Leaves everything a string: `on` is no truth value, and 3.10 no 3.1."""


WORKFLOWS: dict[str, dict[str, Any]] = {
    path.name: yaml.load(path.read_text(), Strings)  # noqa: S506  # a loader of strings alone
    for path in sorted(FOLDER.iterdir())
}
JOBS = {(file, name): job for file, told in WORKFLOWS.items() for name, job in told["jobs"].items()}
STEPS = [(place, step) for place, job in JOBS.items() for step in job.get("steps", ())]


def test_the_workflows_are_all_there():
    assert set(WORKFLOWS) == {
        *("ci.yaml", "deploy.yaml", "stage.yaml"),
        *("rollback.yaml", "fuzz.yaml", "updates.yaml"),
    }


def test_what_they_call_is_there():
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    called = set()
    for place, step in STEPS:
        for line in step.get("run", "").splitlines():
            if found := re.match(r"make ([a-z-]+)", line):
                called.add(found[1])
                given = set(re.findall(r"\b([A-Z]+)=", line))
                variables = set(re.findall(r"\$\((?:or \$\()?([A-Z]+)", recipe(found[1])))
                assert given <= variables, f"{place}: {line}"
            elif program := re.match(r"\.[\w/]+", line):
                assert (ROOT / program[0]).stat().st_mode & 0o100, program[0]
    assert called - targets == set()
    assert {"test", "lint", "deploy", "rollback", "status", "fuzz", "requirements"} <= called


def recipe(target: str) -> str:
    """The lines of a target in the Makefile."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)*)", MAKEFILE, re.MULTILINE)
    return found[1] if found else ""


@pytest.mark.parametrize("file", sorted(WORKFLOWS))
def test_actions_are_pinned_by_hash_the_same_everywhere(file):
    for line in re.findall(r"uses: (.+)", (FOLDER / file).read_text()):
        if line.startswith("./"):
            assert (ROOT / line).is_file()
        else:
            assert ACTION.fullmatch(line), line
    pins = {line for path in FOLDER.iterdir() for line in re.findall(r"uses: ([^.].+)", path.read_text())}
    assert len({pin.partition("@")[0] for pin in pins}) == len(pins)


def test_rights_are_given_job_by_job_and_no_more_than_reading():
    assert {file: told["permissions"] for file, told in WORKFLOWS.items() if told["permissions"]} == {}
    for place, job in JOBS.items():
        rights = dict(job["permissions"])
        if rights.pop("id-token", None):
            stage = job.get("environment") or job.get("with", {}).get("stage")
            assert stage, f"{place}: AWS lends a role to an environment"
        assert rights == {"contents": "read"}, place


def test_no_job_runs_for_ever_and_no_checkout_leaves_a_token():
    for place, job in JOBS.items():
        assert "uses" in job or 0 < int(job["timeout-minutes"]) <= 180, place
    checkouts = [step for _, step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == sum("uses" not in job for job in JOBS.values())
    assert all(step["with"]["persist-credentials"] == "false" for step in checkouts)


def test_nothing_that_is_given_becomes_part_of_a_command():
    assert [place for place, step in STEPS if "${{" in step.get("run", "")] == []


def test_every_version_of_python_is_tried():
    oldest = re.search(r"python_version = \"3\.(\d+)\"", (ROOT / "pyproject.toml").read_text())
    tried = list(JOBS["ci.yaml", "tests"]["strategy"]["matrix"]["python"])
    tried += [
        step["with"]["python-version"]
        for place, step in STEPS
        if place == ("ci.yaml", "everything") and "python-version" in step.get("with", {})
    ]
    assert tried == [f"3.{minor}" for minor in range(int(oldest[1]), 14)]
    assert "FROM python:3.13-slim" in (ROOT / "Dockerfile").read_text()


def test_each_stage_is_deployed_after_the_one_before():
    jobs = WORKFLOWS["deploy.yaml"]["jobs"]
    assert {job["with"]["stage"] for job in jobs.values() if "with" in job} == set(stage_names())
    assert jobs["staging"]["needs"] == "checks"
    assert jobs["live"]["needs"] == "staging"
    deploy = JOBS["stage.yaml", "deploy"]
    assert deploy["environment"] == "${{ inputs.stage }}"
    assert deploy["concurrency"] == {"group": "deploy-${{ inputs.stage }}", "cancel-in-progress": "false"}


def test_a_called_workflow_is_given_the_secrets_it_reads():
    """GitHub gives it none that the caller does not name, and refuses one that it does not declare."""
    calls = [job for job in JOBS.values() if "uses" in job]
    read = {}
    for job in calls:
        file = Path(job["uses"]).name
        read[file] = set(re.findall(r"secrets\.(\w+)", (FOLDER / file).read_text()))
        declared = (WORKFLOWS[file]["on"].get("workflow_call") or {}).get("secrets", {})
        assert set(declared) == read[file], file
        assert job.get("secrets", {}) == {name: f"${{{{ secrets.{name} }}}}" for name in read[file]}, file
    assert read["stage.yaml"] == {"TESTACCEPT_KEY"}
    assert len(calls) == 3


def test_all_can_be_rolled_back():
    choices = WORKFLOWS["rollback.yaml"]["on"]["workflow_dispatch"]["inputs"]
    assert sorted(choices["stage"]["options"]) == stage_names()
    assert choices["service"]["options"] == [part for part in parts() if part != PROXY]


def test_a_rollback_has_the_time_and_the_commits_it_may_need():
    job = JOBS["rollback.yaml", "rollback"]
    checkout, _, credentials, rolls = job["steps"]
    # Waiting until it is ready, until it is gone, and until another one is green.
    assert int(job["timeout-minutes"]) * 60 > 3 * LAUNCH_SECONDS
    assert int(credentials["with"]["role-duration-seconds"]) > int(job["timeout-minutes"]) * 60
    assert checkout["with"]["fetch-depth"] == "0"
    assert rolls["env"]["TO"] == "${{ inputs.to }}"


@pytest.mark.parametrize(
    ("to", "code", "said"),
    [
        ("", 0, "ARGS=--yes\n"),
        ("5f71eeb", 0, "ARGS=--yes --to=5f71eeb\n"),
        ("5f71eeb;id", 2, "no commit"),
        ("5f71eeb\nid", 2, "no commit"),
        ("$(id)", 2, "no commit"),
        ("main", 2, "no commit"),
    ],
)
def test_a_rollback_goes_to_a_commit_and_nothing_else(tmp_path, to, code, said):
    make = tmp_path / "make"
    make.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    make.chmod(0o755)
    told = {"PATH": f"{tmp_path}:{os.defpath}", "SERVICE": "todos", "STAGE": "live", "TO": to}
    command = JOBS["rollback.yaml", "rollback"]["steps"][-1]["run"]
    ran = subprocess.run(["bash", "-ec", command], env=told, capture_output=True, text=True, check=False)
    assert ran.returncode == code
    assert said in ran.stdout
    assert code == 0 or "SERVICE" not in ran.stdout
