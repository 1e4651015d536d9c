"""docs/rehearsal.md shows how a test has a stand-in: that runs as it stands there."""

import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.paths import ROOT
from infra.standin import aws
from infra.standin.aws import StandIn
from infra.standin.runners import scripted as runners
from infra.standin.runners.scripted import Scripted
from infra.standin.tests.conftest import APPLICATION, STACK, described

ENVIRONMENT = "todos-staging-0123456"
CREATE = """
import json, sys, boto3
boto3.client("elasticbeanstalk").create_environment(**json.loads(sys.argv[1]))
"""


@pytest.fixture
def shared(
    standin: StandIn, scripted: Scripted, eb: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[dict[str, Any]]]:
    """What `standin_aws` was asked for; it gives the stand-in that all tests here have."""
    asked: list[dict[str, Any]] = []
    takes = inspect.signature(aws.standin_aws)

    @contextmanager
    def same(*given: Any, **named: Any) -> Iterator[StandIn]:
        asked.append(takes.bind(*given, **named).arguments)
        yield standin

    monkeypatch.setattr(aws, "standin_aws", same)
    monkeypatch.setattr(runners, "Scripted", lambda: scripted)
    yield asked
    scripted.say("green", "todos-staging")
    eb.terminate_environment(EnvironmentName=ENVIRONMENT)


def test_its_example_of_a_test_runs(
    shared: list[dict[str, Any]], eb: Any, version: Callable[..., str], scripted: Scripted
) -> None:
    (text,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/rehearsal.md").read_text(), re.DOTALL)
    told = {
        "ApplicationName": APPLICATION,
        "SolutionStackName": STACK,
        "EnvironmentName": ENVIRONMENT,
        "VersionLabel": version("v-guide"),
    }
    exec(text, {"command": [sys.executable, "-c", CREATE, json.dumps(told)]})  # noqa: S102 - ours
    assert [(one["runner"], one["pace"].patience) for one in shared] == [(scripted, 1)]
    assert described(eb, ENVIRONMENT)["Health"] == "Red"
    with pytest.raises(ClientError, match="not authorized to perform: elasticbeanstalk:SwapEnvironment"):
        eb.swap_environment_cnames(SourceEnvironmentName=ENVIRONMENT, DestinationEnvironmentName=ENVIRONMENT)
