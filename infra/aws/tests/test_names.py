import re

import pytest

from infra.aws import names
from infra.aws.stage import stage_names
from infra.local.ports import SERVICES

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize("stage", stage_names())
@pytest.mark.parametrize("service", SERVICES)
def test_names_keep_to_what_aws_takes(service: str, stage: str) -> None:
    # https://docs.aws.amazon.com/elasticbeanstalk/latest/api/API_CreateEnvironment.html
    environments = [names.environment(service, stage, COMMIT), names.worker_environment(service, stage)]
    for environment in environments:
        assert re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]{2,38})[A-Za-z0-9]", environment)
        assert 4 <= len(names.own_cname(environment)) <= 63
    assert 4 <= len(names.live_cname(service, stage)) <= 63
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", names.bundles_bucket("1" * 12, "ap-southeast-1"))
    assert len(names.instance_profile(service, stage)) <= 64


@pytest.mark.parametrize("stage", stage_names())
def test_no_two_roles_of_a_stage_have_one_name(stage: str) -> None:
    roles = [names.deploy_role(stage), names.operations_role(stage), names.service_role(stage)]
    roles += [names.instance_profile(service, stage) for service in SERVICES]
    assert len(set(roles)) == len(roles)
    assert max(map(len, roles)) <= 64
    assert len(names.cache(stage)) <= 40
