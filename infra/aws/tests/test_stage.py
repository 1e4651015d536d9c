from pathlib import Path

import pytest
import yaml

from infra.aws.errors import AwsError
from infra.aws.stage import STAGES, load_stage, stage_names
from infra.local.ports import SERVICES

ROOT = STAGES.parents[1]


@pytest.mark.parametrize("name", stage_names())
def test_a_stage_that_is_shipped_is_read(name: str) -> None:
    stage = load_stage(name)
    assert stage.name == name
    assert set(stage.services) == set(SERVICES)
    assert (ROOT / f"config/{name}.yaml").is_file()


def changed(folder: Path, **changes: object) -> Path:
    told = yaml.safe_load((STAGES / "live.yaml").read_text()) | changes
    folder.mkdir(exist_ok=True)
    (folder / "live.yaml").write_text(yaml.safe_dump(told))
    return folder


def test_a_stage_without_a_file_is_told_with_those_there_are() -> None:
    with pytest.raises(AwsError, match=r"STAGE=production is none of live, staging"):
        load_stage("production")


@pytest.mark.parametrize("name", ["../stages/live", "Live", "live_2", "live-2", "2live"])
def test_a_name_can_be_told_from_what_it_is_put_together_with(tmp_path: Path, name: str) -> None:
    folder = changed(tmp_path / "stages")
    (folder / "live.yaml").rename(folder / f"{Path(name).name}.yaml")
    with pytest.raises(AwsError, match="is none of"):
        load_stage(name, folder)


@pytest.mark.parametrize("service", ["beanstalk", "deploy", "proxy", "redis", "to-do", "todos_2"])
def test_no_service_is_called_as_something_else_in_aws_is(tmp_path: Path, service: str) -> None:
    fleet = {"instance_type": "t4g.small", "smallest": 1, "largest": 2, "worker": "beside"}
    with pytest.raises(AwsError, match=rf"services\.{service}.*: (names something else|must be of a-z)"):
        load_stage("live", changed(tmp_path, services={service: fleet}))


def test_every_fault_of_a_file_is_named(tmp_path: Path) -> None:
    fleet = {"instance_type": "t4g.small", "smallest": 3, "largest": 2, "worker": "beside"}
    folder = changed(
        tmp_path, account=111122223333, colour="red", cache={"replicas": 9}, services={"auth": fleet}
    )
    with pytest.raises(AwsError) as caught:
        load_stage("live", folder)
    said = str(caught.value).splitlines()
    assert said[0] == "infra/stages/live.yaml:"
    assert sorted(line.strip() for line in said[1:]) == [
        "account: Not a valid string.",
        "cache.node_type: Missing data for required field.",
        "cache.replicas: Must be greater than or equal to 0 and less than or equal to 5.",
        "colour: Unknown field.",
        "services.auth.smallest: must not be more than largest",
    ]


def test_a_certificate_is_of_the_region_of_the_stage(tmp_path: Path) -> None:
    with pytest.raises(AwsError, match="certificate: must be in eu-central-1"):
        load_stage("live", changed(tmp_path, region="eu-central-1"))


def test_without_a_certificate_clients_speak_http(tmp_path: Path) -> None:
    assert load_stage("live").scheme == "https"
    assert load_stage("live", changed(tmp_path, certificate=None)).scheme == "http"


@pytest.mark.parametrize("text", ["", "[]", "a: [", "just text"])
def test_what_is_no_stage_at_all_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "live.yaml").write_text(text)
    with pytest.raises(AwsError, match=r"infra/stages/live\.yaml"):
        load_stage("live", tmp_path)
