"""What things are called in AWS. Made here alone, so that templates, bundles and roles mean the same."""

import re

PROJECT = "polymacaron"
"""With which every name begins: a fork puts its own here."""

DELIVERY_STACK = f"{PROJECT}-delivery"
"""What all stages of an account and region share: bundles, the proxy's images, the lock."""
LOCK_TABLE = f"{PROJECT}-delivery-lock"
"""Of the deploys of a region."""
GITHUB_STACK = f"{PROJECT}-github"
"""GitHub as one whose word is taken on which workflow is calling; once for each account."""


def delivery_stack(service: str) -> str:
    """What all stages of an account and region share of a service: images, and its Beanstalk application."""
    return f"{DELIVERY_STACK}-{service}"


def repository(service: str) -> str:
    """The ECR repository of a service's images; an image's tag is the commit, in 40 digits."""
    return f"{PROJECT}/{service}"


def application(service: str) -> str:
    """The Beanstalk application of a service, for all stages of the account and region."""
    return f"{PROJECT}-{service}"


def bundles_bucket(account: str, region: str) -> str:
    """The S3 bucket of bundles, reports of scans and lists of parts."""
    return f"{PROJECT}-bundles-{account}-{region}"


def bundle_key(service: str, stage: str, commit: str, role: str = "web") -> str:
    """Where a bundle is in its bucket."""
    return f"{service}/{stage}/{commit}-{role}.zip"


def parts_key(service: str, commit: str) -> str:
    """Where the list of an image's parts (SBOM) is in that bucket."""
    return f"{service}/parts/{commit}.cdx.json"


def version(stage: str, commit: str, role: str = "web") -> str:
    """The label of an application version: a bundle is for one stage, one commit, and web or workers."""
    return f"{stage}-{commit[:12]}" + ("" if role == "web" else f"-{role}")


def environment(service: str, stage: str, commit: str) -> str:
    """A web environment (at most 40 characters; Beanstalk takes letters, digits and hyphens)."""
    return f"{service}-{stage}-{commit[:7]}"


def worker_environment(service: str, stage: str) -> str:
    """The environment of workers and beat, where they have one of their own."""
    return f"{service}-{stage}-worker"


def live_cname(service: str, stage: str) -> str:
    """The CNAME prefix that clients come by, which goes from one environment to the next."""
    return f"{PROJECT}-{service}-{stage}"


def own_cname(environment: str) -> str:
    """The CNAME prefix an environment is born with, and is tried at."""
    return f"{PROJECT}-{environment}"


def stack(stage: str, part: str) -> str:
    """The CloudFormation stack of one part of a stage: ``alarms``, ``cache``, ``roles``."""
    return f"{PROJECT}-{stage}-{part}"


def service_stack(service: str, stage: str, part: str) -> str:
    """The CloudFormation stack of one part of a service there: ``data``, ``secrets``, ``instances``."""
    return stack(stage, f"{service}-{part}")


def data_stack(service: str, stage: str, prefix: str) -> str:
    """The stack of a service's tables; those of another prefix, such as restored ones, have their own."""
    other = re.sub("[^A-Za-z0-9]+", "-", prefix).strip("-")
    return service_stack(service, stage, "data" if other == stage else f"data-{other}")


def instance_profile(service: str, stage: str) -> str:
    """The role, and the instance profile, of a service's instances."""
    return f"{PROJECT}-{stage}-{service}"


def versions_role(service: str, region: str) -> str:
    """The role that Beanstalk removes old application versions with: of each region, as they are.

    Names of roles are known in the whole account.
    """
    return f"{PROJECT}-{service}-versions-{region}"


def deploy_role(stage: str) -> str:
    """The role that CI takes to deploy to a stage."""
    return f"{PROJECT}-{stage}-deploy"


def operations_role(stage: str) -> str:
    """The role that Beanstalk makes and changes environments with (CreateEnvironment's OperationsRole)."""
    return f"{PROJECT}-{stage}-beanstalk-operations"


def service_role(stage: str) -> str:
    """The role that Beanstalk watches environments with (the option ServiceRole)."""
    return f"{PROJECT}-{stage}-beanstalk"


def cache(stage: str) -> str:
    """The replication group of a stage's cache (at most 40 characters)."""
    return f"{PROJECT}-{stage}"


def cache_group(stage: str) -> str:
    """The parameter with the id of the cache's security group, where each environment adds a rule."""
    return parameter(stage, "cache_group")


def alarms_topic(stage: str) -> str:
    """The SNS topic that tells the operators of a stage."""
    return f"{PROJECT}-{stage}-alarms"


def cache_secret(stage: str) -> str:
    """The secret with the address of the cache, password included, as the entry ``url``."""
    return secret("redis", stage)


def secret(service: str, stage: str) -> str:
    """The secret of a service in Secrets Manager: a JSON object with an entry for each."""
    return f"{PROJECT}/{stage}/{service}"


def parameter(stage: str, name: str) -> str:
    """A parameter of a stage in Systems Manager."""
    return f"/{PROJECT}/{stage}/{name}"


def log_group(service: str, stage: str) -> str:
    """The CloudWatch log group of a service's containers."""
    return f"/{PROJECT}/{stage}/{service}"
