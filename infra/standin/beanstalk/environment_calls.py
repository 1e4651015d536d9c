"""Calls that make environments, and change them."""

import re
import threading
from typing import Any

from infra.standin.beanstalk.account import Account, Asked, Said
from infra.standin.beanstalk.application_calls import page
from infra.standin.beanstalk.errors import combination, invalid, must_be_ready
from infra.standin.beanstalk.records import STACKS, Environment, platform_arn

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")
_TIERS = {"WebServer": ("Standard", "1.0"), "Worker": ("SQS/HTTP", "3.0")}


def check_dns_availability(account: Account, asked: Asked) -> Said:
    """Tell whether a CNAME is free, and what it is in full."""
    prefix = asked["CNAMEPrefix"]
    return {
        "Available": account.estate.cname_is_free(prefix),
        "FullyQualifiedCNAME": account.estate.cname(prefix),
    }


def create_environment(account: Account, asked: Asked) -> Said:
    """Launch an environment."""
    estate, name = account.estate, asked.get("EnvironmentName")
    application = estate.application(asked["ApplicationName"])
    if name is None:
        raise invalid("Either EnvironmentName or GroupName must be specified.")
    if not _NAME.fullmatch(name):
        raise invalid(
            f"Value {name} at 'EnvironmentName' failed to satisfy constraint: Member must contain only "
            "letters, digits, and the dash character and may not start or end with a dash"
        )
    if any(one.is_there and one.name == name for one in estate.environments):
        raise invalid(f"Environment {name} already exists.")
    if "VersionLabel" not in asked:
        raise invalid(f"No application version exists to deploy for Application named {application.name}.")
    tier, stack, told = _tier(asked), _stack(asked, estate.region), _told(asked)
    bundle = account.bundle(application.name, asked["VersionLabel"])
    environment = Environment(
        name=name,
        application=application.name,
        arn=estate.arn("environment", f"{application.name}/{name}"),
        stack=stack,
        version=asked["VersionLabel"],
        tier=tier,
        description=asked.get("Description"),
        operations_role=asked.get("OperationsRole"),
        tags={tag["Key"]: tag["Value"] for tag in asked.get("Tags", [])},
        told=told,
        cname=_cname(account, asked, name) if tier["Name"] == "WebServer" else None,
    )
    environment.options = {**bundle.options, **told}
    estate.environments.append(environment)
    account.life.launch(environment, bundle)
    return estate.describe(environment)


def _cname(account: Account, asked: Asked, name: str) -> str:
    prefix: str = asked.get("CNAMEPrefix") or account.estate.free_cname(name)
    if not account.estate.cname_is_free(prefix):
        raise invalid(f"DNS name ({prefix}.{account.estate.region}.elasticbeanstalk.com) is not available.")
    return prefix


def _tier(asked: Asked) -> dict[str, str]:
    tier = {"Name": "WebServer", **asked.get("Tier", {})}
    if tier["Name"] not in _TIERS:
        raise invalid(f"Environment tier name must be one of {', '.join(_TIERS)}.")
    kind, version = _TIERS[tier["Name"]]
    if tier.get("Type", kind) != kind:
        raise invalid(f"Environment tier type of {tier['Name']} must be {kind}.")
    if tier["Name"] == "Worker" and "CNAMEPrefix" in asked:
        raise combination("CNAMEPrefix may not be specified for a Worker tier environment.")
    return {"Name": tier["Name"], "Type": kind, "Version": tier.get("Version", version)}


def _stack(asked: Asked, region: str) -> str:
    given = {"SolutionStackName", "PlatformArn", "TemplateName"} & set(asked)
    if not given:
        raise invalid("Unable to determine base for template pack (no solution stack)")
    if len(given) > 1:
        raise combination("Only one of SolutionStackName, PlatformArn and TemplateName may be specified.")
    if "TemplateName" in asked:
        raise invalid(f"No Configuration Template named '{asked['TemplateName']}' found.")
    if "SolutionStackName" in asked:
        if asked["SolutionStackName"] not in STACKS:
            raise invalid(f"No Solution Stack named '{asked['SolutionStackName']}' found.")
        return str(asked["SolutionStackName"])
    for name, version in STACKS.items():
        if asked["PlatformArn"] == platform_arn(region, version):
            return name
    raise invalid(f"No Platform named '{asked['PlatformArn']}' found.")


def _told(asked: Asked) -> dict[tuple[str, str], str]:
    settings: list[dict[str, Any]] = asked.get("OptionSettings", [])
    for setting in settings:
        if not setting.get("Namespace") or not setting.get("OptionName"):
            raise invalid("Option settings must have a namespace and an option name.")
    return {(one["Namespace"], one["OptionName"]): one.get("Value", "") for one in settings}


def update_environment(account: Account, asked: Asked) -> Said:
    """Deploy another version into an environment, or tell it other options."""
    estate = account.estate
    environment = _ready(account, asked)
    if "PlatformArn" in asked or "SolutionStackName" in asked:
        environment.stack = _stack(asked, estate.region)
    if "Description" in asked:
        environment.description = asked["Description"]
    removed = {(one.get("Namespace"), one.get("OptionName")) for one in asked.get("OptionsToRemove", [])}
    kept = {key: value for key, value in environment.told.items() if key not in removed}
    label = asked.get("VersionLabel", environment.version)
    bundle = account.bundle(environment.application, label)
    environment.status, environment.abortable, environment.abort = "Updating", True, threading.Event()
    account.life.update(environment, label, bundle, kept | _told(asked))
    return estate.describe(environment)


def abort_environment_update(account: Account, asked: Asked) -> Said:
    """Give up an update."""
    environment = account.estate.environment(asked)
    if not environment.abortable:
        raise invalid(
            f"Environment named {environment.name} is in an invalid state for this operation. "
            "Must be pending deployment."
        )
    account.life.abort(environment)
    return None


def swap_environment_cnames(account: Account, asked: Asked) -> Said:
    """Swap the names of two environments."""
    source = _ready(account, asked, "Source")
    destination = _ready(account, asked, "Destination")
    if source is destination:
        raise combination("The source and destination environments must be different.")
    for one in (source, destination):
        if not one.is_web:
            raise invalid(f"Environment named {one.name} has no CNAME: it is of the Worker tier.")
    source.status = destination.status = "Updating"
    account.life.swap(source, destination)
    return None


def terminate_environment(account: Account, asked: Asked) -> Said:
    """Remove an environment. AWS does not while it is launched or updated, and neither is it done here."""
    environment = account.estate.environment(asked)
    if environment.status in ("Launching", "Updating", "Aborting"):
        raise invalid(
            f"Cannot terminate environment named {environment.name}. It is currently pending deployment."
        )
    if environment.status != "Ready":
        raise must_be_ready(environment.name)
    environment.status = "Terminating"
    account.life.terminate(environment)
    return account.estate.describe(environment)


def describe_environments(account: Account, asked: Asked) -> Said:
    """Tell of environments: of those that were terminated, too, unless the call says not to."""
    since = asked.get("IncludedDeletedBackTo")
    names, identities = asked.get("EnvironmentNames"), asked.get("EnvironmentIds")
    found = [
        one
        for one in account.estate.environments
        if (one.is_there or (asked.get("IncludeDeleted", True) and (not since or _ended(one) >= since)))
        and asked.get("ApplicationName", one.application) == one.application
        and asked.get("VersionLabel", one.version) == one.version
        and (not names or one.name in names)
        and (not identities or one.id in identities)
    ]
    return page("Environments", [account.estate.describe(one) for one in found], asked)


def _ended(environment: Environment) -> Any:
    return environment.terminated or environment.updated


def _ready(account: Account, asked: Asked, prefix: str = "") -> Environment:
    environment = account.estate.environment(asked, prefix)
    if environment.status != "Ready":
        raise must_be_ready(environment.name)
    return environment


ENVIRONMENT_CALLS = {
    "CheckDNSAvailability": check_dns_availability,
    "CreateEnvironment": create_environment,
    "UpdateEnvironment": update_environment,
    "AbortEnvironmentUpdate": abort_environment_update,
    "SwapEnvironmentCNAMEs": swap_environment_cnames,
    "TerminateEnvironment": terminate_environment,
    "DescribeEnvironments": describe_environments,
}
