"""Calls about platforms and about tags."""

from collections.abc import Callable
from typing import Any

from infra.standin.beanstalk.account import Account, Asked, Said
from infra.standin.beanstalk.application_calls import page
from infra.standin.beanstalk.errors import Refused, invalid
from infra.standin.beanstalk.records import STACKS, platform_arn

MOST_TAGS = 47
"""Of 50 that a resource may have Beanstalk keeps three for itself."""

_Test = Callable[[str, list[str]], bool]
_OPERATORS: dict[str, _Test] = {
    "=": lambda value, wanted: value in wanted,
    "!=": lambda value, wanted: value not in wanted,
    "in": lambda value, wanted: value in wanted,
    "not_in": lambda value, wanted: value not in wanted,
    "contains": lambda value, wanted: any(one in value for one in wanted),
    "begins_with": lambda value, wanted: any(value.startswith(one) for one in wanted),
    "ends_with": lambda value, wanted: any(value.endswith(one) for one in wanted),
}


def list_available_solution_stacks(account: Account, asked: Asked) -> Said:
    """Tell the names of all platforms."""
    details = [{"SolutionStackName": name, "PermittedFileTypes": ["zip"]} for name in STACKS]
    return {"SolutionStacks": list(STACKS), "SolutionStackDetails": details}


def list_platform_versions(account: Account, asked: Asked) -> Said:
    """Tell of the platforms that filters want."""
    newest = next(iter(STACKS.values()))
    found: list[dict[str, Any]] = [
        {
            "PlatformArn": platform_arn(account.estate.region, version),
            "PlatformOwner": "AWSElasticBeanstalk",
            "PlatformStatus": "Ready",
            "PlatformCategory": "Docker",
            "OperatingSystemName": "Amazon Linux",
            "OperatingSystemVersion": "2023",
            "SupportedTierList": ["WebServer/Standard", "Worker/SQS/HTTP"],
            "SupportedAddonList": ["Log/S3", "WorkerDaemon/SQSD"],
            "PlatformLifecycleState": "Recommended" if version == newest else "",
            "PlatformVersion": version,
            "PlatformBranchName": "Docker running on 64bit Amazon Linux 2023",
            "PlatformBranchLifecycleState": "Supported",
        }
        for version in STACKS.values()
    ]
    for wanted in asked.get("Filters", []):
        key, operator = wanted.get("Type"), _OPERATORS.get(wanted.get("Operator"))
        if operator is None or key not in (*found[0], "PlatformName"):
            raise invalid(f"Invalid filter: {key} {wanted.get('Operator')}")
        found = [
            one for one in found if operator(str(one.get(key, one["PlatformBranchName"])), wanted["Values"])
        ]
        if not found:
            break
    return page("PlatformSummaryList", found, asked)


def list_tags_for_resource(account: Account, asked: Asked) -> Said:
    """Tell the tags of an application, a version or an environment."""
    tags = _tags(account, asked["ResourceArn"])
    return {
        "ResourceArn": asked["ResourceArn"],
        "ResourceTags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }


def update_tags_for_resource(account: Account, asked: Asked) -> Said:
    """Add tags and remove some."""
    tags = _tags(account, asked["ResourceArn"])
    changed = tags | {tag["Key"]: tag["Value"] for tag in asked.get("TagsToAdd", [])}
    for key in asked.get("TagsToRemove", []):
        changed.pop(key, None)
    if len(changed) > MOST_TAGS:
        raise Refused("TooManyTagsException", f"A resource may have {MOST_TAGS} tags.")
    tags.clear()
    tags.update(changed)
    return None


def _tags(account: Account, arn: str) -> dict[str, str]:
    for application in account.estate.applications.values():
        kept = {application.arn: application.tags}
        kept |= {version.arn: version.tags for version in application.versions.values()}
        if arn in kept:
            return kept[arn]
    for environment in account.estate.environments:
        if environment.is_there and environment.arn == arn:
            return environment.tags
    raise Refused("ResourceNotFoundException", f"Resource not found for ARN '{arn}'.")


PLATFORM_CALLS = {
    "ListAvailableSolutionStacks": list_available_solution_stacks,
    "ListPlatformVersions": list_platform_versions,
    "ListTagsForResource": list_tags_for_resource,
    "UpdateTagsForResource": update_tags_for_resource,
}
