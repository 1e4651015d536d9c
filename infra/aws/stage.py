"""A stage: a place in AWS where the services run, as its file in infra/stages/ tells it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import yaml
from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate, validates_schema

from infra.aws.errors import AwsError

LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2557, 3653)
"""PutRetentionPolicy takes these, and some between the last ones."""
NAME = r"[a-z][a-z0-9]*"
"""Of stages and services. Names in AWS are put together of them with hyphens, and rights end with a stage's
name and a hyphen: with one inside, something of one stage could pass for something of another."""
TAKEN = ("beanstalk", "deploy", "proxy", "redis")
"""What no service is called: there are roles, images and secrets of these names (infra/aws/names.py)."""
STAGES = Path(__file__).parents[1] / "stages"
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
"""What a VPC may give out that nobody meets outside (RFC 1918, RFC 6598)."""


@dataclass(frozen=True)
class Network:
    """Where in a VPC things run. Each tuple has a subnet in two availability zones at least."""

    vpc: str
    instance_subnets: tuple[str, ...]
    load_balancer_subnets: tuple[str, ...]
    addresses: tuple[str, ...]
    """What the VPC gives out, as CIDR blocks: a load balancer connects from one of them."""


@dataclass(frozen=True)
class Cache:
    """The Redis-compatible cache and broker, which all services of the stage share."""

    node_type: str
    replicas: int


@dataclass(frozen=True)
class Fleet:
    """The instances that one service runs on."""

    instance_type: str
    smallest: int
    largest: int
    worker: str
    """``beside``: each instance runs a worker and a beat, too; ``environment``: those have their own;
    ``none``: the service has no tasks."""


@dataclass(frozen=True)
class Stage:
    """What differs between one place and another; what its services are told is in config/<name>.yaml."""

    name: str
    """Which is also APP_ENVIRONMENT of the services there."""
    account: str
    """The number of the AWS account, 12 digits."""
    region: str
    domain: str
    """Each service is at <service>.<domain>."""
    certificate: str | None
    """ARN of a certificate for ``*.<domain>``, in Certificate Manager in this region; none: plain HTTP."""
    operators: str
    """The e-mail address that alarms go to."""
    watch_minutes: int
    """How long a new environment is watched after the swap."""
    network: Network
    cache: Cache
    services: Mapping[str, Fleet]
    refused_findings: str = "CRITICAL"
    """The least severe finding of an image's scan that a deploy refuses; NONE lets all pass."""
    deployer: str | None = None
    """The OIDC subject of CI's job that may deploy here, such as
    ``repo:OWNER/REPOSITORY:environment:live``; none: only people do."""
    log_days: int = 30
    """For how long what services log is kept: 1, 3, 5, 7, 14, 30, 60, 90 … as CloudWatch takes it."""

    def host(self, service: str) -> str:
        """The name that clients know a service by."""
        return f"{service}.{self.domain}"

    @property
    def partition(self) -> str:
        """What ARNs of its region begin with after ``arn:``."""
        beginnings = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
        return next((name for begin, name in beginnings.items() if self.region.startswith(begin)), "aws")

    @property
    def scheme(self) -> str:
        """How clients speak to services: https, unless there is no certificate."""
        return "https" if self.certificate else "http"


def stage_names(folder: Path = STAGES) -> list[str]:
    """The stages there are files for."""
    return sorted(file.stem for file in folder.glob("*.yaml"))


def load_stage(name: str, folder: Path = STAGES) -> Stage:
    """Read a stage's file.

    Raises:
        AwsError: there is no such file, or something in it is missing, unknown or malformed; all is named.
    """
    file = folder / f"{name}.yaml"
    if not re.fullmatch(NAME, name) or not file.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml")))
        raise AwsError(
            f"STAGE={name} is none of {known}: a stage is a file in infra/stages/, named with a-z and 0-9."
        )
    try:
        told = yaml.safe_load(file.read_text())
    except yaml.YAMLError as error:
        raise AwsError(f"infra/stages/{name}.yaml is no YAML: {error}") from error
    try:
        return Stage(name=name, **_StageSchema().load(told))
    except ValidationError as error:
        faults = "\n".join(f"  {where}: {what}" for where, what in _faults(error.messages))
        raise AwsError(f"infra/stages/{name}.yaml:\n{faults}") from error


def _faults(messages: Any, where: str = "") -> list[tuple[str, str]]:
    if isinstance(messages, dict):
        return [
            fault
            for key, value in messages.items()
            for fault in _faults(value, where if key == "value" else f"{where}.{key}".strip("."))
        ]
    return [(where or "the file", str(message)) for message in messages]


class _Made(Schema):
    """A schema that makes an object of what it has read; what it does not know is a fault."""

    makes: type

    class Meta:
        unknown = RAISE

    @post_load
    def make(self, told: dict[str, Any], **_: Any) -> Any:
        return self.makes(**told)


def _text(pattern: str, what: str, *, none: bool = False) -> fields.String:
    matches = validate.Regexp(rf"\A{pattern}\Z", error=f"must be {what}")
    return fields.String(required=True, allow_none=none, validate=matches)


def _service() -> fields.String:
    free = validate.NoneOf(TAKEN, error="names something else in AWS: the service needs another name")
    return fields.String(validate=[validate.Regexp(rf"\A{NAME}\Z", error="must be of a-z and 0-9"), free])


def _count(smallest: int, largest: int) -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(smallest, largest))


class _Subnets(fields.List[str]):
    def __init__(self) -> None:
        subnet = _text(r"subnet-[0-9a-f]{8,17}", "the id of a subnet")
        super().__init__(
            subnet,
            required=True,
            validate=validate.Length(2, error="must be two at least, in different zones"),
        )

    def _deserialize(self, *args: Any, **kwargs: Any) -> Any:
        return tuple(super()._deserialize(*args, **kwargs))


class _Addresses(fields.List[str]):
    def __init__(self) -> None:
        super().__init__(fields.String(validate=_is_block), load_default=PRIVATE)

    def _deserialize(self, *args: Any, **kwargs: Any) -> Any:
        return tuple(super()._deserialize(*args, **kwargs))


def _is_block(text: str) -> None:
    try:
        ip_network(text)
    except ValueError as error:
        raise ValidationError("must be a block such as 10.0.0.0/16") from error


class _NetworkSchema(_Made):
    makes = Network
    vpc = _text(r"vpc-[0-9a-f]{8,17}", "the id of a VPC")
    instance_subnets = _Subnets()
    load_balancer_subnets = _Subnets()
    addresses = _Addresses()


class _CacheSchema(_Made):
    makes = Cache
    node_type = _text(r"cache\.[a-z0-9]+\.[a-z0-9]+", "a node type such as cache.t4g.micro")
    replicas = _count(0, 5)


class _FleetSchema(_Made):
    makes = Fleet
    instance_type = _text(r"[a-z][a-z0-9-]*\.[a-z0-9]+", "an instance type such as t4g.small")
    smallest = _count(1, 100)
    largest = _count(1, 100)
    worker = fields.String(required=True, validate=validate.OneOf(("beside", "environment", "none")))

    @validates_schema
    def _agree(self, told: dict[str, Any], **_: Any) -> None:
        if told["smallest"] > told["largest"]:
            raise ValidationError("must not be more than largest", "smallest")


class _StageSchema(Schema):
    class Meta:
        unknown = RAISE

    account = _text(r"[0-9]{12}", "12 digits, in quotation marks")
    region = _text(r"[a-z]{2}(-[a-z]+)+-[0-9]", "a region such as eu-west-1")
    domain = _text(r"[a-z0-9-]+(\.[a-z0-9-]+)+", "a domain such as example.com")
    certificate = _text(
        r"arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+", "the ARN of a certificate", none=True
    )
    operators = fields.Email(required=True)
    deployer = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(
            r"\Arepo:[^:*/]+/[^:*]+:[^*]+\Z", error="must be such as repo:OWNER/REPOSITORY:environment:live"
        ),
    )
    log_days = fields.Integer(load_default=30, strict=True, validate=validate.OneOf(LOG_DAYS))
    watch_minutes = _count(0, 24 * 60)
    refused_findings = fields.String(
        load_default="CRITICAL", validate=validate.OneOf(("NONE", "CRITICAL", "HIGH", "MEDIUM", "LOW"))
    )
    network = fields.Nested(_NetworkSchema, required=True)
    cache = fields.Nested(_CacheSchema, required=True)
    services = fields.Dict(keys=_service(), values=fields.Nested(_FleetSchema), required=True)

    @validates_schema
    def _agree(self, told: dict[str, Any], **_: Any) -> None:
        if told["certificate"] and told["certificate"].split(":")[3] != told["region"]:
            raise ValidationError(f"must be in {told['region']}, the region of the stage", "certificate")
