"""infra/stacks/data/ is what the models are; what is made of the models in DynamoDB Local is what it says."""

import os

import boto3
import pytest

from infra.local.paths import ROOT
from infra.tables.drift import of_shape
from infra.tables.templates import full_name, templates
from infra.tables.writing import FOLDER, text, write
from libs.service import Service
from tests.services import environment_of

TEMPLATES = templates()


def test_every_service_with_tables_has_a_template_and_nothing_else_has():
    told = "`make tables` writes one for each service, and removes the others"
    found = sorted(path.name for path in (ROOT / FOLDER).iterdir())
    assert found == [f"{name}.yaml" for name in TEMPLATES], told


@pytest.mark.parametrize("service", TEMPLATES)
def test_a_template_is_what_the_models_are(service):
    if (ROOT / FOLDER / f"{service}.yaml").read_text() != text(service, TEMPLATES[service]):
        pytest.fail(f"{FOLDER}/{service}.yaml is not what the models are: run `make tables`, look, commit")


def test_writing_changes_what_has_drifted_and_removes_what_is_no_service(tmp_path):
    everything = [f"{name}.yaml" for name in TEMPLATES]
    assert write(tmp_path) == everything
    assert write(tmp_path) == []
    (tmp_path / everything[0]).write_text("{}")
    (tmp_path / "gone.yaml").write_text("{}")
    assert write(tmp_path) == sorted([everything[0], "gone.yaml"])


@pytest.mark.parametrize("service", TEMPLATES)
def test_what_a_local_stack_makes_is_what_the_template_says(service):
    """So that what was tested on one machine is what is deployed."""
    one = Service.named(service)
    settings = one.load_settings(environment_of(service))
    database = one.database(settings)
    database.create_tables()
    try:
        client = boto3.client("dynamodb", "eu-west-1", endpoint_url=os.environ["TEST_DYNAMODB_ENDPOINT"])
        for table in TEMPLATES[service]["Resources"].values():
            name = full_name(table, settings.table_prefix)
            assert list(of_shape(client.describe_table(TableName=name)["Table"], table)) == []
            ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
            wanted = table["Properties"].get("TimeToLiveSpecification", {})
            assert ttl.get("AttributeName") == wanted.get("AttributeName")
        client.close()
    finally:
        database.delete_tables()
