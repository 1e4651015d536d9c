"""Calls that tell how an environment is, what has become of it, and what it says."""

from collections import Counter
from typing import Any

from infra.standin.beanstalk.account import Account, Asked, Said
from infra.standin.beanstalk.errors import Refused
from infra.standin.beanstalk.records import Environment, now

_STATES = ("NoData", "Unknown", "Pending", "Ok", "Info", "Warning", "Degraded", "Severe")


def describe_events(account: Account, asked: Asked) -> Said:
    """Tell what has happened, the newest first."""
    events, token = account.estate.events.page(asked)
    return {"Events": [event.describe() for event in events], "NextToken": token}


def describe_environment_health(account: Account, asked: Asked) -> Said:
    """Tell how an environment is."""
    environment = _web_or_worker(account, asked)
    instances = Counter([environment.health] if environment.deployment else [])
    all_of_it: dict[str, Any] = {
        "HealthStatus": environment.health,
        "Status": environment.color,
        "Color": environment.color,
        "Causes": environment.causes,
        "ApplicationMetrics": {"RequestCount": 0},
        "InstancesHealth": {state: instances[state] for state in _STATES},
        "RefreshedAt": now(),
    }
    # What is called Status there is the environment's, and no member of the answer.
    return {"EnvironmentName": environment.name, **_wanted(all_of_it, asked)}


def describe_instances_health(account: Account, asked: Asked) -> Said:
    """Tell how the instances of an environment are: there is one, or none."""
    environment = _web_or_worker(account, asked)
    one: dict[str, Any] = {
        "HealthStatus": environment.health,
        "Color": environment.color,
        "Causes": environment.causes,
        "LaunchedAt": environment.created,
        "Deployment": {
            "VersionLabel": environment.version,
            "DeploymentId": environment.deployments,
            "Status": "Deployed",
            "DeploymentTime": environment.updated,
        },
        "AvailabilityZone": f"{account.estate.region}a",
        "InstanceType": "t4g.small",
    }
    told = {"InstanceId": environment.instance, **_wanted(one, asked)}
    return {"InstanceHealthList": [told] if environment.deployment else [], "RefreshedAt": now()}


def _web_or_worker(account: Account, asked: Asked) -> Environment:
    try:
        return account.estate.environment(asked)
    except Refused as refused:
        # These two calls are younger than the others, and refuse by an exception of their own.
        raise Refused("InvalidRequestException", refused.message) from None


def _wanted(told: dict[str, Any], asked: Asked) -> dict[str, Any]:
    names = asked.get("AttributeNames", [])
    return told if "All" in names else {name: value for name, value in told.items() if name in names}


def describe_environment_resources(account: Account, asked: Asked) -> Said:
    """Tell what an environment consists of."""
    environment = account.estate.environment(asked)
    stack = f"awseb-{environment.id}-stack"
    instances = [{"Id": environment.instance}] if environment.deployment else []
    return {
        "EnvironmentResources": {
            "EnvironmentName": environment.name,
            "AutoScalingGroups": [{"Name": f"{stack}-AWSEBAutoScalingGroup"}],
            "Instances": instances,
            "LaunchConfigurations": [],
            "LaunchTemplates": [{"Id": f"lt-{environment.id[2:]}"}],
            "LoadBalancers": [{"Name": f"{stack}-AWSEBLoadBalancer"}] if environment.is_web else [],
            "Triggers": [],
            "Queues": []
            if environment.is_web
            else [{"Name": "WorkerQueue", "URL": f"{stack}-AWSEBWorkerQueue"}],
        }
    }


def describe_configuration_settings(account: Account, asked: Asked) -> Said:
    """Tell the options of an environment, by the bundle and by the API."""
    account.estate.application(asked["ApplicationName"])
    if "TemplateName" in asked:
        raise Refused("NotImplemented", "The stand-in keeps no configuration templates.", 501)
    environment = account.estate.environment(asked)
    options = sorted(environment.options.items())
    return {
        "ConfigurationSettings": [
            {
                "SolutionStackName": environment.stack,
                "PlatformArn": environment.platform,
                "ApplicationName": environment.application,
                "Description": environment.description,
                "EnvironmentName": environment.name,
                "DeploymentStatus": "pending"
                if environment.status in ("Launching", "Updating")
                else "deployed",
                "DateCreated": environment.created,
                "DateUpdated": environment.updated,
                "OptionSettings": [
                    {"Namespace": space, "OptionName": name, "Value": value}
                    for (space, name), value in options
                ],
            }
        ]
    }


def request_environment_info(account: Account, asked: Asked) -> Said:
    """Have the logs of an environment put where they can be fetched."""
    environment = _tail(account, asked)
    account.estate.events.of(environment, "INFO", "requestEnvironmentInfo is starting.")
    if environment.deployment:
        environment.tail = (
            now(),
            account.storage.write(f"{environment.id}-tail.txt", environment.deployment.log()),
        )
    account.estate.events.of(environment, "INFO", "Pulled logs for environment instances.")
    return None


def retrieve_environment_info(account: Account, asked: Asked) -> Said:
    """Tell where the logs are that were asked for."""
    environment = _tail(account, asked)
    if environment.tail is None:
        return {"EnvironmentInfo": []}
    time, address = environment.tail
    told = {
        "InfoType": "tail",
        "Ec2InstanceId": environment.instance,
        "SampleTimestamp": time,
        "Message": address,
    }
    return {"EnvironmentInfo": [told]}


def _tail(account: Account, asked: Asked) -> Environment:
    if asked["InfoType"] != "tail":
        raise Refused("NotImplemented", f"The stand-in has no {asked['InfoType']}, tail alone.", 501)
    return account.estate.environment(asked)


TELLING_CALLS = {
    "DescribeEvents": describe_events,
    "DescribeEnvironmentHealth": describe_environment_health,
    "DescribeInstancesHealth": describe_instances_health,
    "DescribeEnvironmentResources": describe_environment_resources,
    "DescribeConfigurationSettings": describe_configuration_settings,
    "RequestEnvironmentInfo": request_environment_info,
    "RetrieveEnvironmentInfo": retrieve_environment_info,
}
