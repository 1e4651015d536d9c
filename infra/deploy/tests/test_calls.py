"""The list of calls, held against what botocore knows of AWS and against the code."""

import re
from pathlib import Path

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from infra.deploy.calls import CALLS, actions
from infra.local.paths import ROOT

READS = ("Describe", "List", "Get", "Head", "Check", "Retrieve")


@pytest.mark.parametrize("call", CALLS.values(), ids=lambda call: f"{call.service}:{call.operation}")
def test_a_call_is_one_of_aws_and_changes_what_its_name_says(call) -> None:
    model = ServiceModel(Loader().load_service_model(call.service, "service-2"), call.service)
    assert call.operation in model.operation_names
    # A token lets Docker push; AWS' own verbs tell the rest.
    assert call.changes == (not call.operation.startswith(READS) or call.operation == "GetAuthorizationToken")


def test_the_code_makes_these_calls_and_no_other() -> None:
    made = set()
    for file in (ROOT / "infra/deploy").glob("*.py"):
        if file.name != "calls.py":
            made |= set(re.findall(r'"([A-Z][a-z]+[A-Z]\w+)"', file.read_text()))
    operations = {operation for _, operation in CALLS} - {"GetCallerIdentity"}  # infra/aws/account.py
    assert operations <= made
    known = {
        name
        for service, _ in CALLS
        for name in ServiceModel(Loader().load_service_model(service, "service-2")).operation_names
    }
    assert made & known == operations


def test_the_deploy_role_allows_what_is_called() -> None:
    roles = ROOT / "infra/stacks/roles.yaml"
    text = roles.read_text()
    allowed = re.findall(r"\b[a-z0-9]+:[A-Z][A-Za-z]*\*?", text[text.index("  Deploying:") :])

    def is_allowed(action: str) -> bool:
        return any(action == one or (one.endswith("*") and action.startswith(one[:-1])) for one in allowed)

    assert [action for action in actions() if not is_allowed(action)] == []


def test_nothing_is_called_past_the_list() -> None:
    own = [file for file in Path(ROOT / "infra/deploy").glob("*.py") if file.name != "api.py"]
    assert [file.name for file in own if ".client(" in file.read_text()] == []
