"""The contracts in apis/published/ are what the code serves."""

import json

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from libs.api import PUBLISHED
from libs.service import contracts

SERVICES = contracts.services()


def test_every_service_is_published_and_nothing_else():
    told = "`make contracts` writes one for each service, and removes the others"
    assert sorted(path.name for path in PUBLISHED.iterdir()) == [f"{name}.json" for name in SERVICES], told


@pytest.mark.parametrize("name", SERVICES)
def test_a_published_contract_is_what_the_code_serves(name):
    published = (PUBLISHED / f"{name}.json").read_bytes()
    if published != contracts.document(name):
        pytest.fail(
            f"apis/published/{name}.json is not what the code serves: run `make contracts`, look, commit"
        )


@pytest.mark.parametrize("name", SERVICES)
def test_a_published_contract_is_valid_openapi(name):
    OpenAPIV31SpecValidator(json.loads((PUBLISHED / f"{name}.json").read_bytes())).validate()


def test_publishing_changes_what_has_drifted_and_removes_what_is_no_service(tmp_path):
    folder = tmp_path / "published"
    everything = [f"{name}.json" for name in SERVICES]
    assert contracts.publish(folder) == everything
    assert contracts.publish(folder) == []
    (folder / everything[0]).write_text("{}")
    (folder / "gone.json").write_text("{}")
    assert contracts.publish(folder) == sorted([everything[0], "gone.json"])
    assert sorted(path.name for path in folder.iterdir()) == everything
    assert (folder / everything[0]).read_bytes() == (PUBLISHED / everything[0]).read_bytes()
