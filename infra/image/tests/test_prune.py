"""What is removed from an image's packages, and what must not be."""

import re
from pathlib import Path

import pytest

from infra.image import prune
from libs.service.settings.named_secrets import _KINDS

ROOT = Path(__file__).parents[3]


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment with a little of everything."""
    packages = tmp_path / "lib" / "python3.13" / "site-packages"
    for name in (
        "botocore/data/endpoints.json",
        "botocore/data/dynamodb/2012-08-10/service-2.json.gz",
        "botocore/data/ec2/2016-11-15/service-2.json.gz",
        "numpy/core.py",
        "numpy/core.pyi",
        "numpy/tests/test_core.py",
        "numpy/tests/deep/tests/test_core.py",
        "numpy/testing/__init__.py",
        "yaml/_yaml.pyx",
        "yaml/_yaml.so",
        "yaml-6.dist-info/METADATA",
    ):
        file = packages / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    (tmp_path / "bin").mkdir()
    for name in ("python", "activate", "activate.fish", "Activate.ps1"):
        (tmp_path / "bin" / name).touch()
    return tmp_path


def left(environment: Path) -> set[str]:
    return {
        str(path.relative_to(environment)).removeprefix("lib/python3.13/site-packages/")
        for path in environment.rglob("*")
        if path.is_file()
    }


def test_what_runs_stays_and_the_rest_goes(environment: Path) -> None:
    prune.main([str(environment)])
    assert left(environment) == {
        "bin/python",
        "botocore/data/endpoints.json",
        "botocore/data/dynamodb/2012-08-10/service-2.json.gz",
        "numpy/core.py",
        "numpy/testing/__init__.py",
        "yaml/_yaml.so",
        "yaml-6.dist-info/METADATA",
    }


def called() -> set[str]:
    """The parts of AWS that libs/ and services/ make clients of, by what the code says."""
    calls = re.compile(r"\b(?:create_)?client\(\s*\"([a-z0-9-]+)\"")
    code = [path for folder in ("libs", "services") for path in (ROOT / folder).rglob("*.py")]
    found = {name for path in code if "tests" not in path.parts for name in calls.findall(path.read_text())}
    return found | set(_KINDS.values())


def test_no_service_calls_a_part_of_aws_that_its_image_has_no_description_of() -> None:
    assert called() >= {"secretsmanager", "ssm"}
    assert called() <= prune.KEPT
    # PynamoDB's, kombu's, and botocore's own for credentials of a role.
    assert {"dynamodb", "sqs", "sts"} <= prune.KEPT


def test_botocore_knows_all_that_is_kept() -> None:
    from botocore.session import Session

    assert set(Session().get_available_services()) >= prune.KEPT
