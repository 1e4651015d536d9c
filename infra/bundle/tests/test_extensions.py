import re
from dataclasses import replace

import pytest

from infra.aws.stage import Network, Stage, load_stage, stage_names
from infra.bundle.compose import PORT, Role, compose
from infra.bundle.extensions import DEREGISTRATION_SECONDS, IDLE_SECONDS, Options, extensions, instances
from infra.bundle.images import Images
from infra.bundle.tests.conftest import MakeStage
from infra.bundle.tests.known_options import faults
from infra.local.ports import SERVICES
from libs.service.testing import ROOT
from libs.tasks.following import events


def options(stage: Stage, role: Role = "web", service: str = "todos") -> Options:
    """All options of a bundle; none is said twice."""
    found: dict[str, dict[str, str | int | bool]] = {}
    for _, content in extensions(stage, service, role).values():
        for namespace, told in content.get("option_settings", {}).items():
            assert not set(told) & set(found.get(namespace, {}))
            found.setdefault(namespace, {}).update(told)
    return found


@pytest.mark.parametrize("name", stage_names())
@pytest.mark.parametrize("service", SERVICES)
def test_beanstalk_knows_every_option_and_takes_its_value(name: str, service: str) -> None:
    assert faults(options(load_stage(name), service=service)) == []


def test_it_knows_those_of_workers_and_of_a_stage_without_a_certificate(make_stage: MakeStage) -> None:
    assert faults(options(make_stage(worker="environment"), "worker")) == []
    assert faults(options(replace(make_stage(), certificate=None))) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"aws:autoscaling:group": {"MinSize": 1}}, "aws:autoscaling:group is no namespace"),
        ({"aws:autoscaling:asg": {"Minsize": 1}}, "aws:autoscaling:asg has no Minsize"),
        ({"aws:autoscaling:asg": {"MinSize": 0}}, "aws:autoscaling:asg: MinSize does not take 0"),
        ({"aws:autoscaling:asg": {"MinSize": True}}, "aws:autoscaling:asg: MinSize does not take True"),
        ({"aws:ec2:instances": {"EnableSpot": 1}}, "aws:ec2:instances: EnableSpot does not take 1"),
        ({"aws:ec2:vpc": {"VPCId": "vpc-x"}}, "aws:ec2:vpc: VPCId does not take 'vpc-x'"),
    ],
)
def test_the_check_finds_what_is_wrong(settings: Options, said: str) -> None:
    assert faults(settings) == [said]


def test_the_network_is_that_of_the_stage(live: Stage) -> None:
    network = Network("vpc-1", ("subnet-a", "subnet-b"), ("subnet-c", "subnet-d"), ("10.0.0.0/16",))
    vpc = options(replace(live, network=network))["aws:ec2:vpc"]
    assert (vpc["VPCId"], vpc["Subnets"], vpc["ELBSubnets"]) == (
        "vpc-1",
        "subnet-a,subnet-b",
        "subnet-c,subnet-d",
    )


def test_there_are_as_many_instances_as_the_stage_says(make_stage: MakeStage) -> None:
    group = instances(make_stage(smallest=3, largest=7), "todos", "web")["aws:autoscaling:asg"]
    assert (group["MinSize"], group["MaxSize"]) == (3, 7)


def test_tls_ends_at_the_load_balancer_and_http_is_sent_there(live: Stage) -> None:
    told = options(live)["aws:elbv2:listener:443"]
    assert (told["Protocol"], told["SSLCertificateArns"]) == ("HTTPS", live.certificate)
    _, content = extensions(live, "todos", "web")["30-load-balancer"]
    listener = content["Resources"]["AWSEBV2LoadBalancerListener"]["Properties"]
    assert (listener["Port"], listener["Protocol"]) == (80, "HTTP")
    redirect = listener["DefaultActions"][0]["RedirectConfig"]
    assert (redirect["Protocol"], redirect["Port"], redirect["StatusCode"]) == ("HTTPS", "443", "HTTP_301")


def test_an_environment_lets_itself_into_the_cache_and_nobody_else(live: Stage) -> None:
    _, content = extensions(live, "todos", "web")["20-instances"]
    assert list(content["Resources"]) == ["CacheRule"]
    rule = content["Resources"]["CacheRule"]["Properties"]
    assert rule["GroupId"] == "{{resolve:ssm:/polymacaron/live/cache_group}}"
    assert rule["SourceSecurityGroupId"] == {"Fn::GetAtt": ["AWSEBSecurityGroup", "GroupId"]}
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", 6379, 6379)


def test_workers_have_no_load_balancer(make_stage: MakeStage) -> None:
    found = options(make_stage(worker="environment"), "worker")
    assert found["aws:elasticbeanstalk:environment"]["EnvironmentType"] == "SingleInstance"
    assert not [namespace for namespace in found if "elbv2" in namespace or ":process:" in namespace]


def test_the_load_balancer_asks_for_readiness_where_the_proxy_listens(live: Stage, images: Images) -> None:
    process = options(live)["aws:elasticbeanstalk:environment:process:default"]
    assert process["HealthCheckPath"] == "/health/ready"
    assert compose(live, "todos", images, "web")["services"]["proxy"]["ports"] == [
        f"{process['Port']}:{PORT}"
    ]
    assert int(process["HealthCheckTimeout"]) < int(process["HealthCheckInterval"])


def test_nobody_hangs_up_on_the_load_balancer() -> None:
    """Who keeps a connection for less than the other may close it just when the other sends a request."""
    proxy = (ROOT / "infra/proxy/nginx.conf").read_text()
    kept = re.search(r"keepalive_timeout (\d+)s;", proxy)
    longest = re.search(r"proxy_read_timeout (\d+)s;", proxy)
    assert kept
    assert longest
    assert int(longest[1]) < IDLE_SECONDS < int(kept[1])


def test_what_is_under_way_ends_before_an_instance_does() -> None:
    assert events.STREAM_SECONDS < DEREGISTRATION_SECONDS
