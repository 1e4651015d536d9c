import hashlib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from infra.aws.errors import AwsError
from infra.aws.stage import Stage
from infra.bundle import Images, write_bundle
from infra.bundle.tests.conftest import COMMIT, MakeStage


def test_a_bundle_is_a_zip_and_a_folder_with_the_same_in_them(
    live: Stage, images: Images, tmp_path: Path
) -> None:
    zipped = write_bundle(live, "todos", COMMIT, images, tmp_path)
    assert zipped == tmp_path / "todos-live-0123456789ab.zip"
    opened = tmp_path / "todos-live-0123456789ab"
    with zipfile.ZipFile(zipped) as made:
        inside = {name: made.read(name) for name in made.namelist()}
    assert inside == {
        str(file.relative_to(opened)): file.read_bytes() for file in opened.rglob("*") if file.is_file()
    }
    assert sorted(inside) == [
        ".ebextensions/10-environment.config",
        ".ebextensions/20-instances.config",
        ".ebextensions/30-load-balancer.config",
        ".ebextensions/40-host.config",
        "docker-compose.yml",
    ]
    for text in inside.values():
        assert isinstance(yaml.safe_load(text), dict)
        assert COMMIT.encode() in text


def test_the_same_input_gives_the_same_bytes(live: Stage, images: Images, tmp_path: Path) -> None:
    first, again = (write_bundle(live, "todos", COMMIT, images, tmp_path / name) for name in ("a", "b"))
    assert hashlib.sha256(first.read_bytes()).digest() == hashlib.sha256(again.read_bytes()).digest()


def test_nothing_of_an_earlier_bundle_is_left(live: Stage, images: Images, tmp_path: Path) -> None:
    opened = write_bundle(live, "todos", COMMIT, images, tmp_path).with_suffix("")
    (opened / "left.txt").write_text("from before")
    write_bundle(live, "todos", COMMIT, images, tmp_path)
    assert not (opened / "left.txt").exists()


def test_the_environment_of_workers_has_a_bundle_of_its_own(
    make_stage: MakeStage, images: Images, tmp_path: Path
) -> None:
    stage = make_stage(worker="environment")
    zipped = write_bundle(stage, "todos", COMMIT, images, tmp_path, "worker")
    assert zipped.name == "todos-live-0123456789ab-worker.zip"
    with zipfile.ZipFile(zipped) as made:
        assert ".ebextensions/30-load-balancer.config" not in made.namelist()


@pytest.mark.parametrize(
    ("service", "commit", "role", "said"),
    [
        ("shop", COMMIT, "web", "SERVICE=shop is none of auth, profiles, todos, which live has."),
        ("todos", "main", "web", "'main' is no commit: 40 digits, as `git rev-parse HEAD` prints them."),
        ("todos", COMMIT, "worker", "in infra/stages/live.yaml its `worker` is beside."),
        ("profiles", COMMIT, "worker", "in infra/stages/live.yaml its `worker` is none."),
    ],
)
def test_misuse_is_told(
    live: Stage, images: Images, tmp_path: Path, service: str, commit: str, role: str, said: str
) -> None:
    with pytest.raises(AwsError) as caught:
        write_bundle(live, service, commit, images, tmp_path, role)
    assert said in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_instance_that_is_too_small_is_refused(
    make_stage: MakeStage, images: Images, tmp_path: Path
) -> None:
    with pytest.raises(AwsError, match=r"t4g.micro: 1024 MiB are too little for web, worker, beat, proxy"):
        write_bundle(make_stage(instance_type="t4g.micro"), "todos", COMMIT, images, tmp_path)


def test_more_than_beanstalk_takes_is_told(
    live: Stage, images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.bundle.writing.LARGEST", 100)
    with pytest.raises(AwsError, match="larger than the 100 bytes"):
        write_bundle(live, "todos", COMMIT, images, tmp_path)


def test_without_a_certificate_nothing_is_redirected(live: Stage, images: Images, tmp_path: Path) -> None:
    opened = write_bundle(replace(live, certificate=None), "todos", COMMIT, images, tmp_path).with_suffix("")
    told = yaml.safe_load((opened / ".ebextensions/30-load-balancer.config").read_text())
    assert "Resources" not in told
    assert "aws:elbv2:listener:443" not in told["option_settings"]
