"""Environments of the stand-in, as boto3 sees them: how they come to be, and what is refused meanwhile."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from infra.standin.aws import StandIn
from infra.standin.runners.scripted import Scripted
from infra.standin.tests.conftest import APPLICATION, OPTIONS, STACK, described, zipped

Launch = Callable[..., dict[str, Any]]


def refused(call: Callable[..., object], **told: Any) -> tuple[str, str]:
    """Make a call that is refused; code and message."""
    with pytest.raises(ClientError) as caught:
        call(**told)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def answer_at(address: str, path: str = "/") -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"http://{address}{path}", trust_env=False).json()
    return found


def messages(eb: Any, environment: str) -> list[tuple[str, str]]:
    events = eb.describe_events(EnvironmentName=environment)["Events"]
    return [(event["Severity"], event["Message"]) for event in reversed(events)]


def test_an_environment_is_launched(standin: StandIn, eb: Any, launch: Launch, name: str) -> None:
    tags = [{"Key": "commit", "Value": "0123"}]
    environment = launch(name, CNAMEPrefix=name, Tags=tags, Description="todos of staging")
    assert (environment["Status"], environment["Health"], environment["HealthStatus"]) == (
        "Ready",
        "Green",
        "Ok",
    )
    assert environment["Description"] == "todos of staging"
    said = messages(eb, name)
    assert said[0] == ("INFO", "createEnvironment is starting.")
    assert said[-1] == ("INFO", f"Successfully launched environment: {name}")
    assert ("INFO", f"Application available at {environment['CNAME']}.") in said
    kept = eb.list_tags_for_resource(ResourceArn=environment["EnvironmentArn"])
    assert kept["ResourceTags"] == tags


def test_an_environment_is_behind_a_load_balancer(launch: Launch, name: str) -> None:
    environment = launch(name)
    for address in (environment["CNAME"], environment["EndpointURL"]):
        answer = answer_at(address, "/todos?limit=1")
        assert (answer["environment"], answer["version"]) == (name, f"v-{name}")
        assert answer["headers"]["x-forwarded-for"] == "127.0.0.1"
        assert answer["headers"]["x-forwarded-proto"] == "http"
        assert answer["headers"]["host"] == address


def test_one_that_is_not_ready_in_time_is_red(eb: Any, launch: Launch, name: str, scripted: Scripted) -> None:
    scripted.say("red", name)
    environment = launch(name)
    assert (environment["Status"], environment["Health"]) == ("Ready", "Red")
    health = eb.describe_environment_health(EnvironmentName=name, AttributeNames=["All"])
    assert (health["HealthStatus"], health["Color"]) == ("Severe", "Red")
    assert "[503]" in health["Causes"][0]
    assert messages(eb, name)[-1][0] == "ERROR"


def test_one_whose_containers_do_not_start_is_red(
    eb: Any, launch: Launch, name: str, scripted: Scripted
) -> None:
    scripted.say("broken", name)
    assert launch(name)["Health"] == "Red"
    error = next(message for severity, message in messages(eb, name) if severity == "ERROR")
    assert error.startswith("[Instance: i-")
    assert (
        eb.describe_instances_health(EnvironmentName=name, AttributeNames=["All"])["InstanceHealthList"] == []
    )


def test_its_health_is_looked_after(
    standin: StandIn, eb: Any, launch: Launch, name: str, scripted: Scripted
) -> None:
    launch(name)
    scripted.say("red", name)
    standin.estate.events.wait_for(name, "from Ok to Severe")
    assert described(eb, name)["Health"] == "Red"
    scripted.say("green", name)
    standin.estate.events.wait_for(name, "from Severe to Ok")
    assert described(eb, name)["Health"] == "Green"


def test_one_that_is_launched_refuses_all_else(
    standin: StandIn, eb: Any, launch: Launch, name: str, scripted: Scripted, version: Callable[..., str]
) -> None:
    other = f"{name}-other"
    launch(other)
    scripted.say("never", name)
    label = version(f"v-{name}")
    eb.create_environment(
        ApplicationName=APPLICATION, EnvironmentName=name, VersionLabel=label, SolutionStackName=STACK
    )
    scripted.say("green", other)
    assert described(eb, name)["Status"] == "Launching"
    must = (
        "InvalidParameterValue",
        f"Environment named {name} is in an invalid state for this operation. Must be Ready.",
    )
    assert refused(eb.update_environment, EnvironmentName=name, VersionLabel=label) == must
    swap = {"SourceEnvironmentName": other, "DestinationEnvironmentName": name}
    assert refused(eb.swap_environment_cnames, **swap) == must
    assert refused(eb.terminate_environment, EnvironmentName=name)[1].endswith("pending deployment.")
    assert refused(eb.abort_environment_update, EnvironmentName=name)[1].endswith(
        "Must be pending deployment."
    )
    scripted.say("green", name)
    standin.estate.events.wait_for(name, "Successfully launched")


def test_names_are_unique_until_they_are_free_again(
    standin: StandIn, eb: Any, launch: Launch, name: str
) -> None:
    launch(name, CNAMEPrefix=name)
    known = {"ApplicationName": APPLICATION, "VersionLabel": f"v-{name}", "SolutionStackName": STACK}
    assert refused(eb.create_environment, EnvironmentName=name, **known) == (
        "InvalidParameterValue",
        f"Environment {name} already exists.",
    )
    assert refused(eb.create_environment, EnvironmentName=f"{name}-2", CNAMEPrefix=name, **known) == (
        "InvalidParameterValue",
        f"DNS name ({name}.eu-west-1.elasticbeanstalk.com) is not available.",
    )
    assert not eb.check_dns_availability(CNAMEPrefix=name)["Available"]
    assert eb.terminate_environment(EnvironmentName=name)["Status"] == "Terminating"
    standin.estate.events.wait_for(name, "terminateEnvironment completed")
    assert eb.check_dns_availability(CNAMEPrefix=name)["Available"]
    launch(name, CNAMEPrefix=name, VersionLabel=f"v-{name}")


def test_what_was_terminated_is_still_told_of(standin: StandIn, eb: Any, launch: Launch, name: str) -> None:
    environment = launch(name)
    eb.terminate_environment(EnvironmentId=environment["EnvironmentId"])
    standin.estate.events.wait_for(name, "terminateEnvironment completed")
    (gone,) = eb.describe_environments(EnvironmentNames=[name])["Environments"]
    assert gone["Status"] == "Terminated"
    assert described(eb, name) == {}
    assert refused(eb.describe_environment_resources, EnvironmentName=name) == (
        "InvalidParameterValue",
        f"No Environment found for EnvironmentName = '{name}'.",
    )
    with pytest.raises(httpx.TransportError):
        answer_at(environment["CNAME"])


def test_a_swap_exchanges_the_names_of_two(standin: StandIn, eb: Any, launch: Launch, name: str) -> None:
    live, own = f"{name}-live", f"{name}-own"
    one, two = f"{name}-1", f"{name}-2"
    blue, green = launch(one, CNAMEPrefix=live), launch(two, CNAMEPrefix=own)
    assert (answer_at(blue["CNAME"])["environment"], answer_at(green["CNAME"])["environment"]) == (one, two)
    eb.swap_environment_cnames(SourceEnvironmentName=one, DestinationEnvironmentName=two)
    assert described(eb, one)["Status"] == "Updating"
    standin.estate.events.wait_for(two, "Completed swapping CNAMEs")
    assert (answer_at(blue["CNAME"])["environment"], answer_at(green["CNAME"])["environment"]) == (two, one)
    assert described(eb, two)["CNAME"] == blue["CNAME"]
    assert eb.check_dns_availability(CNAMEPrefix=live)["FullyQualifiedCNAME"] == blue["CNAME"]


def test_an_update_deploys_another_version(
    standin: StandIn, eb: Any, launch: Launch, name: str, version: Callable[..., str]
) -> None:
    environment = launch(name)
    label = version(
        f"w-{name}", zipped({"docker-compose.yml": "services: {}", ".ebextensions/x.config": OPTIONS})
    )
    during = eb.update_environment(EnvironmentName=name, VersionLabel=label)
    assert (during["Status"], during["VersionLabel"]) == ("Updating", f"v-{name}")
    standin.estate.events.wait_for(name, "Environment update completed successfully")
    assert described(eb, name)["VersionLabel"] == label
    assert answer_at(environment["CNAME"])["version"] == label


def test_an_update_that_fails_leaves_what_was(
    standin: StandIn, eb: Any, launch: Launch, name: str, version: Callable[..., str], scripted: Scripted
) -> None:
    environment = launch(name)
    scripted.say("broken", name)
    eb.update_environment(EnvironmentName=name, VersionLabel=version(f"w-{name}"))
    standin.estate.events.wait_for(name, "Update environment operation is complete, but with errors.")
    assert described(eb, name)["VersionLabel"] == f"v-{name}"
    assert answer_at(environment["CNAME"])["version"] == f"v-{name}"


def test_an_update_can_be_aborted(
    standin: StandIn, eb: Any, launch: Launch, name: str, version: Callable[..., str], scripted: Scripted
) -> None:
    launch(name)
    scripted.say("never", name)
    eb.update_environment(EnvironmentName=name, VersionLabel=version(f"w-{name}"))
    assert described(eb, name)["AbortableOperationInProgress"]
    eb.abort_environment_update(EnvironmentName=name)
    standin.estate.events.wait_for(name, "aborted")
    scripted.say("green", name)
    assert described(eb, name)["Status"] == "Ready"
    assert described(eb, name)["VersionLabel"] == f"v-{name}"


def test_options_of_bundle_and_call_are_told(eb: Any, launch: Launch, name: str) -> None:
    namespace = "aws:elasticbeanstalk:command"
    launch(
        name, OptionSettings=[{"Namespace": namespace, "OptionName": "DeploymentPolicy", "Value": "Rolling"}]
    )
    (told,) = eb.describe_configuration_settings(ApplicationName=APPLICATION, EnvironmentName=name)[
        "ConfigurationSettings"
    ]
    values = {(one["Namespace"], one["OptionName"]): one["Value"] for one in told["OptionSettings"]}
    assert values == {
        (namespace, "DeploymentPolicy"): "Rolling",
        ("aws:elasticbeanstalk:environment:process:default", "HealthCheckPath"): "/health/ready",
    }


def test_logs_can_be_fetched(eb: Any, launch: Launch, name: str) -> None:
    launch(name)
    eb.request_environment_info(EnvironmentName=name, InfoType="tail")
    (info,) = eb.retrieve_environment_info(EnvironmentName=name, InfoType="tail")["EnvironmentInfo"]
    assert httpx.get(info["Message"]).text == f"{name}: v-{name} answers\n"


@pytest.mark.parametrize(
    ("told", "code", "message"),
    [
        ({"ApplicationName": "other"}, "InvalidParameterValue", "No Application named 'other' found."),
        ({"VersionLabel": "other"}, "InvalidParameterValue", "No Application Version named 'other' found."),
        ({"SolutionStackName": "other"}, "InvalidParameterValue", "No Solution Stack named 'other' found."),
        ({"SolutionStackName": None}, "InvalidParameterValue", "Unable to determine base for template pack"),
        ({"PlatformArn": "arn"}, "InvalidParameterCombination", "Only one of"),
        ({"EnvironmentName": "-name"}, "InvalidParameterValue", "must contain only letters"),
        ({"EnvironmentName": "x" * 41}, "ValidationError", "at 'environmentName' failed to satisfy"),
        ({"Tier": {"Name": "Other"}}, "InvalidParameterValue", "tier name must be one of"),
        ({"Tier": {"Name": "Worker"}, "CNAMEPrefix": "mine"}, "InvalidParameterCombination", "Worker tier"),
    ],
)
def test_what_cannot_be_made_is_refused(
    eb: Any, version: Callable[..., str], name: str, told: dict[str, Any], code: str, message: str
) -> None:
    good = {"ApplicationName": APPLICATION, "EnvironmentName": name, "SolutionStackName": STACK}
    given = {"VersionLabel": version(f"v-{name}"), **good, **told}
    found = refused(
        eb.create_environment, **{key: value for key, value in given.items() if value is not None}
    )
    assert found[0] == code
    assert message in found[1]
    assert described(eb, name) == {}


def test_a_worker_has_no_name(eb: Any, launch: Launch, name: str) -> None:
    environment = launch(name, Tier={"Name": "Worker", "Type": "SQS/HTTP"})
    assert "CNAME" not in environment
    resources = eb.describe_environment_resources(EnvironmentName=name)["EnvironmentResources"]
    assert resources["LoadBalancers"] == []
    assert len(resources["Queues"]) == 1


def test_pages_hold_every_event_once(eb: Any, launch: Launch, name: str) -> None:
    launch(name)
    whole = messages(eb, name)
    pages = eb.get_paginator("describe_events").paginate(
        EnvironmentName=name, PaginationConfig={"PageSize": 2}
    )
    found = [event for page in pages for event in page["Events"]]
    assert [event["Message"] for event in reversed(found)] == [message for _, message in whole]
    third = sorted(event["EventDate"] for event in found)[2]
    since = eb.describe_events(EnvironmentName=name, StartTime=third)["Events"]
    assert len(since) == len(whole) - 2
    until = eb.describe_events(EnvironmentName=name, EndTime=third)["Events"]
    assert len(until) == 2
    assert eb.describe_events(EnvironmentName=name, Severity="WARN")["Events"] == []
    assert refused(eb.describe_events, NextToken="other")[0] == "InvalidParameterValue"
