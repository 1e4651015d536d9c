import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.aws.stage import Stage
from infra.bundle import host
from infra.bundle.compose import HEALTHD
from infra.bundle.tests.conftest import MakeStage


def program(file: Path, text: str) -> None:
    file.write_text(f"#!/bin/sh\n{text}")
    file.chmod(0o755)


@pytest.fixture
def hop_limit(tmp_path: Path) -> Path:
    """The script, with metadata and AWS' CLI in its PATH; ``asked`` has what both were asked."""
    answers = "*api/token) echo TOKEN;; *TOKEN*) echo i-1;; *) exit 22;;"
    program(tmp_path / "curl", f'echo "curl $*" >>{tmp_path}/asked\ncase "$*" in {answers} esac\n')
    program(tmp_path / "aws", f'echo "aws $*" >>{tmp_path}/asked\n')
    script = tmp_path / "hop-limit"
    script.write_text(host.files("web")[host.HOP_LIMIT]["content"])
    script.chmod(0o755)
    return script


def run(script: Path) -> int:
    path = f"{script.parent}:{os.environ['PATH']}"
    return subprocess.run([script, "eu-west-1"], env={"PATH": path}, capture_output=True).returncode


def test_containers_reach_the_metadata_service(hop_limit: Path) -> None:
    assert run(hop_limit) == 0
    token, instance, change = (hop_limit.parent / "asked").read_text().splitlines()
    assert "-X PUT" in token
    assert "X-aws-ec2-metadata-token: TOKEN" in instance
    assert change == (
        "aws ec2 modify-instance-metadata-options --region eu-west-1 --instance-id i-1 "
        "--http-tokens required --http-put-response-hop-limit 2"
    )


def test_an_instance_that_may_not_do_so_does_not_start(hop_limit: Path) -> None:
    """Else its containers would have no credentials, and nobody would know why."""
    program(hop_limit.parent / "aws", "echo AccessDenied >&2; exit 254\n")
    assert run(hop_limit) == 254


def test_commands_run_what_files_bring(live: Stage) -> None:
    told = host.commands(live, "web")
    assert list(told) == sorted(told)
    assert told["10-hop-limit"]["command"] == f"{host.HOP_LIMIT} eu-west-1"
    assert told["20-healthd"]["command"].endswith(host.TMPFILES)


def test_workers_have_no_proxy_to_make_room_for(make_stage: MakeStage) -> None:
    assert list(host.files("worker")) == [host.HOP_LIMIT]
    assert list(host.commands(make_stage(worker="environment"), "worker")) == ["10-hop-limit"]


def test_the_health_log_has_a_folder_that_is_cleaned(tmp_path: Path) -> None:
    """By systemd itself, in a root of its own."""
    systemd = shutil.which("systemd-tmpfiles")
    if systemd is None or os.geteuid() != 0:
        pytest.skip("there is no systemd here, or nobody is root")
    folder = tmp_path / "root" / HEALTHD.lstrip("/")
    settings = tmp_path / "settings.conf"
    command = [systemd, f"--root={tmp_path}/root", settings]
    (tmp_path / "root").mkdir()

    shipped = host.files("web")[host.TMPFILES]["content"]
    settings.write_text(shipped)
    subprocess.run([*command, "--create"], check=True)
    assert (folder.stat().st_uid, folder.stat().st_mode & 0o777) == (host.PROXY_USER, 0o755)

    (folder / "application.log.2026-01-01-00").write_text("")
    subprocess.run([*command, "--clean"], check=True)
    assert len(list(folder.iterdir())) == 1
    # Nobody can make a file old: the time of its last change cannot be told. So what is new counts as old.
    assert " 2h\n" in shipped
    settings.write_text(shipped.replace(" 2h\n", " 0\n"))
    subprocess.run([*command, "--clean"], check=True)
    assert list(folder.iterdir()) == []
