"""Which stacks a stage has, from which templates and with which parameters, in the order they are applied in.

No stack imports what another exports: what one has to know of another is a name, and names are made by
:mod:`infra.aws.names`. So any of them can be changed, or made again, alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.aws import names
from infra.aws.errors import AwsError
from infra.aws.stage import STAGES, Stage, load_stage, stage_names
from infra.aws.told import Told, told
from libs.service.settings.files import CONFIG

TEMPLATES = Path(__file__).parent
PROXY = "proxy"
REDIS = "redis"


@dataclass(frozen=True)
class Stack:
    """One stack as it shall be."""

    name: str
    template: Path
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    lasting: bool = False
    """Protected from being deleted: there is something in it that cannot be made again."""


def stacks(stage: Stage, config: Path = CONFIG, stages: Path = STAGES) -> list[Stack]:
    """Return the stacks of a stage, those of its account first.

    Raises:
        AwsError: config/ does not tell a service what it needs at the stage, or gives it the tables that it
            has at another one.
    """
    settings = {service: told(stage.name, service, config) for service in stage.services}
    _check_apart(stage, settings, config, stages)
    return [*_of_account(stage), *_of_stage(stage, settings)]


def _check_apart(stage: Stage, settings: Mapping[str, Told], config: Path, stages: Path) -> None:
    """Refuse prefixes by which a service has the same tables at two stages of an account and region."""
    for name in stage_names(stages):
        if name == stage.name:
            continue
        try:
            other = load_stage(name, stages)
            if (other.account, other.region) != (stage.account, stage.region):
                continue
            theirs = {
                service: told(name, service, config) for service in settings.keys() & other.services.keys()
            }
        except AwsError:
            continue  # Whoever applies that one is told, and no tables are shared before.
        for service, here in settings.items():
            if (there := theirs.get(service)) and here.table_prefix == there.table_prefix:
                raise AwsError(
                    f"{service} would have the same tables at {stage.name} and at {name}: table_prefix is "
                    f"{here.table_prefix} by {here.prefix_at}, and by {there.prefix_at}.\n"
                    f"Give each a prefix of its own, such as {stage.name}- in config/{stage.name}.yaml."
                )


def _of_account(stage: Stage) -> Iterator[Stack]:
    tags = {"Project": names.PROJECT}
    if stage.deployer:
        yield Stack(names.GITHUB_STACK, TEMPLATES / "github.yaml", tags=tags)
    yield Stack(
        names.DELIVERY_STACK,
        TEMPLATES / "delivery.yaml",
        {
            "BundlesBucket": names.bundles_bucket(stage.account, stage.region),
            "LockTable": names.LOCK_TABLE,
            "ProxyRepository": names.repository(PROXY),
        },
        tags,
        lasting=True,
    )
    for service in stage.services:
        yield Stack(
            names.delivery_stack(service),
            TEMPLATES / "delivery-service.yaml",
            {
                "Repository": names.repository(service),
                "Application": names.application(service),
                "VersionsRole": names.versions_role(service, stage.region),
            },
            {**tags, "Service": service},
            lasting=True,
        )


def _of_stage(stage: Stage, settings: Mapping[str, Told]) -> Iterator[Stack]:
    tags = {"Project": names.PROJECT, "Stage": stage.name}
    yield Stack(
        names.stack(stage.name, "alarms"),
        TEMPLATES / "alarms.yaml",
        {"TopicName": names.alarms_topic(stage.name), "Operators": stage.operators},
        tags,
    )
    for service in stage.services:
        yield from _lasting(stage, service, {**tags, "Service": service}, settings[service].table_prefix)
    yield Stack(names.stack(stage.name, "cache"), TEMPLATES / "cache.yaml", _cache(stage), tags)
    yield Stack(names.stack(stage.name, "roles"), TEMPLATES / "roles.yaml", _roles(stage), tags)
    for service in stage.services:
        yield Stack(
            names.service_stack(service, stage.name, "instances"),
            TEMPLATES / "instances.yaml",
            _instances(stage, service, settings[service]),
            {**tags, "Service": service},
        )


def _lasting(stage: Stage, service: str, tags: Mapping[str, str], prefix: str) -> Iterator[Stack]:
    """Secrets and tables of a service, where it has some."""
    given = {
        "secrets": (
            names.service_stack(service, stage.name, "secrets"),
            {"Name": names.secret(service, stage.name)},
        ),
        # Its name goes by the prefix: with another one, tables would be replaced in a stack of the same name.
        "data": (names.data_stack(service, stage.name, prefix), {"TablePrefix": prefix}),
    }
    for part, (name, parameters) in given.items():
        template = TEMPLATES / part / f"{service}.yaml"
        if template.is_file():
            yield Stack(name, template, parameters, tags, lasting=True)


def _cache(stage: Stage) -> dict[str, str]:
    return {
        "Name": names.cache(stage.name),
        "NodeType": stage.cache.node_type,
        "Nodes": str(1 + stage.cache.replicas),
        "Vpc": stage.network.vpc,
        "Subnets": ",".join(stage.network.instance_subnets),
        "SecretName": names.cache_secret(stage.name),
        "GroupParameter": names.cache_group(stage.name),
        "AlarmsTopic": _topic(stage),
    }


def _roles(stage: Stage) -> dict[str, str]:
    return {
        "Stage": stage.name,
        "Project": names.PROJECT,
        "ServiceRole": names.service_role(stage.name),
        "OperationsRole": names.operations_role(stage.name),
        "DeployRole": names.deploy_role(stage.name),
        "Deployer": stage.deployer or "",
        "BundlesBucket": names.bundles_bucket(stage.account, stage.region),
        "LockTable": names.LOCK_TABLE,
        "CacheGroup": names.cache_group(stage.name),
    }


def _instances(stage: Stage, service: str, settings: Told) -> dict[str, str]:
    return {
        "Project": names.PROJECT,
        "Service": service,
        "Stage": stage.name,
        "Profile": names.instance_profile(service, stage.name),
        "Application": names.application(service),
        "Repository": names.repository(service),
        "ProxyRepository": names.repository(PROXY),
        "BundlesBucket": names.bundles_bucket(stage.account, stage.region),
        "TablePrefix": settings.table_prefix,
        **_named(stage, settings),
        "LogGroup": names.log_group(service, stage.name),
        "LogDays": str(stage.log_days),
        "AlarmsTopic": _topic(stage),
        "EnvironmentsBegin": f"{service}-{stage.name}-",
    }


def _named(stage: Stage, settings: Told) -> dict[str, str]:
    """The ARNs of what a service is told to fetch: that and nothing else its role lets it read."""
    at = f"{stage.partition}:{{}}:{stage.region}:{stage.account}"
    # A secret's ARN ends with six characters that nobody knows beforehand.
    forms = {
        "aws-secret": lambda name: f"arn:{at.format('secretsmanager')}:secret:{name}-??????",
        "aws-parameter": lambda name: f"arn:{at.format('ssm')}:parameter/{name.lstrip('/')}",
    }
    arns: dict[str, set[str]] = {kind: set() for kind in forms}
    for kind, name, _ in settings.references:
        arns[kind].add(name if name.startswith("arn:") else forms[kind](name))
    return {
        "Secrets": ",".join(sorted(arns["aws-secret"])),
        "Parameters": ",".join(sorted(arns["aws-parameter"])),
    }


def _topic(stage: Stage) -> str:
    topic = names.alarms_topic(stage.name)
    return f"arn:{stage.partition}:sns:{stage.region}:{stage.account}:{topic}"
