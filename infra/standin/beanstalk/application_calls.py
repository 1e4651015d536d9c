"""Calls about applications and their versions."""

from typing import Any

from infra.standin.beanstalk.account import Account, Asked, Said
from infra.standin.beanstalk.errors import Refused, combination, invalid
from infra.standin.beanstalk.records import Application, Version


def _tags(asked: Asked) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in asked.get("Tags", [])}


def create_application(account: Account, asked: Asked) -> Said:
    """Make an application."""
    name = asked["ApplicationName"]
    if name in account.estate.applications:
        raise invalid(f"Application {name} already exists.")
    arn = account.estate.arn("application", name)
    application = Application(name, arn, asked.get("Description"), _tags(asked))
    account.estate.applications[name] = application
    return {"Application": application.describe()}


def describe_applications(account: Account, asked: Asked) -> Said:
    """Tell of applications; of names that there are none of, nothing."""
    names = asked.get("ApplicationNames") or account.estate.applications
    found = [one for name, one in account.estate.applications.items() if name in names]
    return {"Applications": [one.describe() for one in found]}


def create_application_version(account: Account, asked: Asked) -> Said:
    """Make a version of a bundle in S3; with Process, it is looked at before it can be deployed."""
    name, label, where = asked["ApplicationName"], asked["VersionLabel"], asked.get("SourceBundle", {})
    if asked.get("AutoCreateApplication") and name not in account.estate.applications:
        create_application(account, {"ApplicationName": name})
    application = account.estate.application(name)
    if label in application.versions:
        raise invalid(f"Application Version {label} already exists.")
    if {"SourceBuildInformation", "BuildConfiguration", "ImageConfiguration"} & set(asked):
        raise Refused("NotImplemented", "The stand-in knows versions by SourceBundle alone.", 501)
    if not where.get("S3Bucket") or not where.get("S3Key"):
        raise combination("Both S3 bucket and S3 key must be specified.")
    content = account.content(where["S3Bucket"], where["S3Key"])
    arn = account.estate.arn("applicationversion", f"{name}/{label}")
    version = Version(
        name, label, arn, asked.get("Description"), where["S3Bucket"], where["S3Key"], _tags(asked)
    )
    application.versions[label] = version
    if asked.get("Process"):
        version.status = "Processing"
        account.life.process(version, content)
    return {"ApplicationVersion": version.describe()}


def describe_application_versions(account: Account, asked: Asked) -> Said:
    """Tell of versions, the newest first."""
    name, labels = asked.get("ApplicationName"), asked.get("VersionLabels")
    applications = (
        account.estate.applications.values() if name is None else [account.estate.application(name)]
    )
    found = [version for one in applications for version in one.versions.values()]
    found = [version for version in found if not labels or version.label in labels]
    found.sort(key=lambda version: version.created, reverse=True)
    return page("ApplicationVersions", [version.describe() for version in found], asked)


def delete_application_version(account: Account, asked: Asked) -> Said:
    """Forget a version that no environment runs."""
    name, label = asked["ApplicationName"], asked["VersionLabel"]
    account.estate.version(name, label)
    if any(
        one.is_there and (one.application, one.version) == (name, label)
        for one in account.estate.environments
    ):
        raise Refused(
            "SourceBundleDeletionFailure",
            f"Unable to delete application version {label} because it is deployed to a running environment.",
        )
    del account.estate.applications[name].versions[label]
    return None


def page(key: str, found: list[dict[str, Any]], asked: Asked) -> dict[str, Any]:
    """Return the part of a list that is asked for, and the token of the next.

    :raises Refused: InvalidParameterValue, if the token is none.
    """
    token = asked.get("NextToken", "0")
    if not token.isdigit():
        raise invalid("Invalid NextToken.")
    begins = int(token)
    ends = begins + asked.get("MaxRecords", max(1, len(found)))
    return {key: found[begins:ends], "NextToken": str(ends) if ends < len(found) else None}


APPLICATION_CALLS = {
    "CreateApplication": create_application,
    "DescribeApplications": describe_applications,
    "CreateApplicationVersion": create_application_version,
    "DescribeApplicationVersions": describe_application_versions,
    "DeleteApplicationVersion": delete_application_version,
}
