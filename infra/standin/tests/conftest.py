"""One stand-in for all tests of a process; each test has names of its own in it."""

import io
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from infra.aws import names
from infra.standin.aws import StandIn, standin_aws
from infra.standin.beanstalk.estate import Pace
from infra.standin.beanstalk.records import STACKS
from infra.standin.runners.scripted import Scripted

STACK = next(iter(STACKS))
APPLICATION = names.application("todos")
OPTIONS = """
option_settings:
  aws:elasticbeanstalk:environment:process:default:
    HealthCheckPath: /health/ready
"""


@pytest.fixture(scope="session")
def scripted() -> Scripted:
    """What says how environments fare."""
    return Scripted()


@pytest.fixture(scope="session")
def one_standin(scripted: Scripted) -> Iterator[StandIn]:
    """The stand-in, for a whole run."""
    with standin_aws(scripted, pace=Pace(patience=0.5, look=0.1, swap=0.02)) as standin:
        yield standin


@pytest.fixture
def standin(one_standin: StandIn) -> Iterator[StandIn]:
    """The stand-in, without the faults of another test."""
    one_standin.faults.clear()
    yield one_standin
    one_standin.faults.clear()


@pytest.fixture
def eb(standin: StandIn) -> Any:
    """A client of Beanstalk."""
    return standin.client("elasticbeanstalk")


@pytest.fixture
def name() -> str:
    """A name that nothing has yet."""
    return f"todos-{uuid.uuid4().hex[:12]}"


def zipped(files: Mapping[str, str]) -> bytes:
    """A bundle of files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return content.getvalue()


BUNDLE = zipped({"docker-compose.yml": "services: {}\n", ".ebextensions/options.config": OPTIONS})


@pytest.fixture
def upload(standin: StandIn, name: str) -> Callable[..., dict[str, str]]:
    """Put a bundle into the bucket, and tell where it is."""

    def put(content: bytes = BUNDLE, key: str = "") -> dict[str, str]:
        bucket = names.bundles_bucket(standin.stage.account, standin.stage.region)
        key = key or f"{name}.zip"
        standin.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
        return {"S3Bucket": bucket, "S3Key": key}

    return put


@pytest.fixture
def version(eb: Any, upload: Callable[..., dict[str, str]]) -> Callable[..., str]:
    """Make a version of a bundle."""

    def make(label: str, content: bytes = BUNDLE) -> str:
        eb.create_application_version(
            ApplicationName=APPLICATION, VersionLabel=label, SourceBundle=upload(content, f"{label}.zip")
        )
        return label

    return make


@pytest.fixture
def launch(standin: StandIn, eb: Any, version: Callable[..., str]) -> Iterator[Callable[..., dict[str, Any]]]:
    """Make an environment and wait until it has been launched, however well; it ends with the test."""
    made = []

    def make(environment: str, **told: Any) -> dict[str, Any]:
        given = {"ApplicationName": APPLICATION, "SolutionStackName": STACK, **told}
        if "VersionLabel" not in given:
            given["VersionLabel"] = version(f"v-{environment}")
        eb.create_environment(EnvironmentName=environment, **given)
        made.append(environment)
        standin.estate.events.wait_for(environment, *ENDS)
        return described(eb, environment)

    yield make
    for one in made:
        if described(eb, one).get("Status") == "Ready":
            eb.terminate_environment(EnvironmentName=one)


ENDS = ("Successfully launched environment", "Create environment operation is complete, but with errors")


def described(eb: Any, environment: str) -> dict[str, Any]:
    """How DescribeEnvironments describes an environment now."""
    found = eb.describe_environments(EnvironmentNames=[environment], IncludeDeleted=False)["Environments"]
    assert len(found) <= 1
    return found[0] if found else {}
