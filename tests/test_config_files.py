"""The files of config/ are right for every service, and the local stacks start with theirs."""

import pytest
import yaml

from infra.local.environment import service_environment
from infra.local.ports import Ports
from libs.service import Service
from libs.service.settings.deployment import DEVELOPMENT
from libs.service.settings.files import CONFIG, environments
from tests.services import SERVICES, environment_of

DEPLOYED = sorted(set(environments(CONFIG)) - DEVELOPMENT)


def test_there_is_a_file_for_each_environment_that_is_spoken_of():
    assert environments(CONFIG) == ["live", "local", "staging", "test"]
    assert DEPLOYED == ["live", "staging"]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("environment", DEPLOYED)
def test_a_deployed_service_needs_to_be_told_no_more_than_who_and_where_it_is(environment, service):
    environ = {"APP_SERVICE": service, "APP_ENVIRONMENT": environment, "APP_VERSION": "1"}
    reading = Service.named(service).read_settings(environ, fetch=False)
    assert reading.faults == []
    assert reading.values["table_prefix"] == f"{environment}-"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_of_the_tests_finds_nothing_wrong_in_theirs(service):
    reading = Service.named(service).read_settings(environment_of(service))
    assert reading.faults == []
    assert reading.values["validate_answers"] == "always"


@pytest.mark.parametrize("service", ["auth", "profiles", "todos"])
def test_the_local_stack_without_containers_is_told_all_but_its_secrets(service):
    reading = Service.named(service).read_settings(service_environment(service, Ports()))
    secrets = [fault for fault in reading.faults if "_SECRET" not in fault]
    assert secrets == []
    assert reading.values["table_prefix"] == "local-"
    assert reading.values["create_tables"] is True


@pytest.mark.parametrize("service", ["auth", "profiles", "todos"])
def test_so_is_the_one_with_containers(service):
    stack = yaml.safe_load((CONFIG.parent / "docker-compose.yml").read_text())
    told = {**stack["services"][service]["environment"], "APP_SERVICE": service}
    # What stands for a port is a port where the stack is started.
    environ = {name: str(value).replace("${AUTH_PORT:-8101}", "8101") for name, value in told.items()}
    environ = {name: value for name, value in environ.items() if "${" not in value}
    reading = Service.named(service).read_settings(environ)
    assert [fault for fault in reading.faults if "_SECRET" not in fault] == []
    flower = stack["services"]["flower"]["environment"]
    assert flower["APP_TABLE_PREFIX"] == reading.values["table_prefix"]
