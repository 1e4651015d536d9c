"""Calls of Beanstalk about all but environments, and what its own description refuses."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from infra.standin.aws import KEY, StandIn
from infra.standin.beanstalk.answers import write_answer
from infra.standin.beanstalk.records import STACKS
from infra.standin.beanstalk.service import CALLS
from infra.standin.tests.conftest import APPLICATION, zipped
from infra.standin.tests.test_environments import refused

Upload = Callable[..., dict[str, str]]
MODEL = ServiceModel(Loader().load_service_model("elasticbeanstalk", "service-2"))
SIGNED = {
    "Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/eu-west-1/elasticbeanstalk/aws4_request, "
    "SignedHeaders=host, Signature=0"
}


def ask(standin: StandIn, **form: str) -> str:
    """Make a call that botocore would not; the text of the answer."""
    told = {"Version": MODEL.api_version, **form}
    address = standin.environment["AWS_ENDPOINT_URL"]
    return httpx.post(address, data=told, headers=SIGNED, trust_env=False).text


def test_the_calls_are_aws_own() -> None:
    assert set(CALLS) <= set(MODEL.operation_names)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"Action": "Other"}, "<Code>InvalidAction</Code>"),
        ({"Action": "DescribeEvents", "Version": "2009-01-01"}, "<Code>NoSuchVersion</Code>"),
        ({"Action": "RebuildEnvironment"}, "<Code>NotImplemented</Code>"),
        ({"Action": "DescribeEvents", "Other": "x"}, "Unexpected parameter Other"),
        ({"Action": "ListAvailableSolutionStacks", "Other": "x"}, "Unexpected parameter Other"),
        ({"Action": "DescribeEvents", "Severity": "LOUD"}, "satisfy enum value set: [TRACE, DEBUG"),
        ({"Action": "DescribeEvents", "MaxRecords": "0"}, "have value greater than or equal to 1"),
        ({"Action": "DescribeEvents", "MaxRecords": "many"}, "many at MaxRecords is no number"),
        ({"Action": "DescribeEvents", "StartTime": "soon"}, "soon at StartTime is no timestamp"),
        ({"Action": "DescribeEvents", "EnvironmentName.x": "y"}, "Unexpected complex element"),
        ({"Action": "CreateApplication"}, "Value null at &apos;applicationName&apos;"),
        ({"Action": "DescribeEnvironments", "IncludeDeleted": "no"}, "no at IncludeDeleted is no boolean"),
        ({"Action": "DescribeEnvironments", "EnvironmentNames.member.2": "abcd"}, "Unexpected list element"),
        ({"Action": "DescribeEnvironments", "EnvironmentNames.member.1": "abc"}, "have length greater than"),
        ({"Action": "TerminateEnvironment"}, "<Code>MissingRequiredParameter</Code>"),
    ],
)
def test_what_no_client_should_send_is_refused(standin: StandIn, form: dict[str, str], said: str) -> None:
    assert said.replace("&apos;", "'") in ask(standin, **form)


def test_an_empty_list_is_none(standin: StandIn) -> None:
    assert "<Environments" in ask(standin, Action="DescribeEnvironments", EnvironmentNames="")


def test_an_answer_that_aws_would_not_give_is_a_fault_of_ours() -> None:
    operation = MODEL.operation_model("CheckDNSAvailability")
    for wrong in ({"Other": 1}, {"Available": "yes"}, {"FullyQualifiedCNAME": ""}):
        with pytest.raises(TypeError):
            write_answer(operation, wrong, "1")


def test_applications(eb: Any, name: str) -> None:
    made = eb.create_application(ApplicationName=name, Description="a fourth")["Application"]
    assert refused(eb.create_application, ApplicationName=name) == (
        "InvalidParameterValue",
        f"Application {name} already exists.",
    )
    (found,) = eb.describe_applications(ApplicationNames=[name, "other"])["Applications"]
    assert found == made
    assert name in [one["ApplicationName"] for one in eb.describe_applications()["Applications"]]


def test_a_version_is_processed(standin: StandIn, eb: Any, upload: Upload, name: str) -> None:
    made = eb.create_application_version(
        ApplicationName=APPLICATION, VersionLabel=name, SourceBundle=upload(), Process=True
    )
    assert made["ApplicationVersion"]["Status"] == "Processing"
    standin.estate.events.wait_until(lambda event: event.version == name)
    (found,) = eb.describe_application_versions(ApplicationName=APPLICATION, VersionLabels=[name])[
        "ApplicationVersions"
    ]
    assert found["Status"] == "Processed"
    asked = {"ApplicationName": APPLICATION, "VersionLabel": name, "SourceBundle": upload()}
    assert refused(eb.create_application_version, **asked)[1] == f"Application Version {name} already exists."
    eb.delete_application_version(ApplicationName=APPLICATION, VersionLabel=name)
    assert refused(eb.delete_application_version, ApplicationName=APPLICATION, VersionLabel=name) == (
        "InvalidParameterValue",
        f"No Application Version named '{name}' found.",
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"none", "is no ZIP"),
        (zipped({"Dockerrun.aws.json": "{}"}), "There is no docker-compose.yml"),
        (zipped({"docker-compose.yml": "{"}), "docker-compose.yml is no YAML"),
        (zipped({"docker-compose.yml": "a", ".ebextensions/a.config": ""}), "is no mapping"),
        (zipped({"docker-compose.yml": "a: b", "../x": ""}), "is outside of"),
        (
            zipped({"docker-compose.yml": "a: b", ".ebextensions/a.config": "option_settings: [{x: y}]"}),
            "needs namespace",
        ),
    ],
)
def test_a_bundle_that_is_none_fails(
    standin: StandIn, eb: Any, upload: Upload, name: str, content: bytes, why: str
) -> None:
    version = {"ApplicationName": APPLICATION, "VersionLabel": name}
    eb.create_application_version(**version, SourceBundle=upload(content), Process=True)
    event = standin.estate.events.wait_until(lambda event: event.version == name)
    assert event.severity == "ERROR"
    assert why in event.message
    stack = next(iter(STACKS))
    environment = {"EnvironmentName": name, "SolutionStackName": stack}
    assert refused(eb.create_environment, **version, **environment)[0] == "InvalidParameterValue"


def test_a_version_of_nothing_is_refused(eb: Any, upload: Upload, name: str) -> None:
    asked = {"ApplicationName": APPLICATION, "VersionLabel": name}
    there = upload()
    where = f"(Bucket: {there['S3Bucket']}  Key: other.zip)"
    assert refused(eb.create_application_version, **asked, SourceBundle={**there, "S3Key": "other.zip"}) == (
        "InvalidParameterCombination",
        f"Unable to download from S3 location {where}. Reason: Not Found",
    )
    assert refused(eb.create_application_version, **asked)[0] == "InvalidParameterCombination"


def test_a_version_that_runs_is_kept(eb: Any, launch: Callable[..., Any], name: str) -> None:
    launch(name)
    running = {"ApplicationName": APPLICATION, "VersionLabel": f"v-{name}"}
    assert refused(eb.delete_application_version, **running)[0] == "SourceBundleDeletionFailure"


def test_platforms(eb: Any) -> None:
    newest = next(iter(STACKS))
    assert newest in eb.list_available_solution_stacks()["SolutionStacks"]
    filters = [
        {
            "Type": "PlatformBranchName",
            "Operator": "=",
            "Values": ["Docker running on 64bit Amazon Linux 2023"],
        },
        {"Type": "PlatformLifecycleState", "Operator": "=", "Values": ["Recommended"]},
    ]
    (found,) = eb.list_platform_versions(Filters=filters)["PlatformSummaryList"]
    assert found["PlatformVersion"] == STACKS[newest]
    assert len(eb.list_platform_versions(MaxRecords=1)["PlatformSummaryList"]) == 1
    other = [{"Type": "Other", "Operator": "=", "Values": ["x"]}]
    assert refused(eb.list_platform_versions, Filters=other)[0] == "InvalidParameterValue"


def test_tags_change(eb: Any, launch: Callable[..., Any], name: str) -> None:
    arn = launch(name, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])["EnvironmentArn"]
    more = [{"Key": "c", "Value": "3"}]
    eb.update_tags_for_resource(ResourceArn=arn, TagsToAdd=more, TagsToRemove=["a"])
    tags = {tag["Key"]: tag["Value"] for tag in eb.list_tags_for_resource(ResourceArn=arn)["ResourceTags"]}
    assert tags == {"b": "2", "c": "3"}
    many = [{"Key": str(number), "Value": "x"} for number in range(48)]
    assert refused(eb.update_tags_for_resource, ResourceArn=arn, TagsToAdd=many)[0] == "TooManyTagsException"
    assert refused(eb.list_tags_for_resource, ResourceArn="arn:other")[0] == "ResourceNotFoundException"
