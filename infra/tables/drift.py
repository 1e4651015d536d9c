"""What the tables of an account have become, against what the models take them for."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from infra.aws.errors import AwsError
from infra.tables.shape import indexes, keys
from infra.tables.templates import Template, full_name

Table = Mapping[str, Any]
"""A table as a template has it."""


def drift(dynamodb: Any, template: Template, prefix: str, service: str) -> Iterator[str]:
    """Yield what of a service's tables is not as its template has it, a line each.

    It looks, and changes nothing. Every table whose name begins as the service's do is one of its own, so one
    that no model has is told, too: it costs money, and may hold what was to be erased.

    Raises:
        AwsError: DynamoDB refuses to tell.
    """
    wanted = {full_name(table, prefix): table for table in template["Resources"].values()}
    for name, table in sorted(wanted.items()):
        described = _told(dynamodb.describe_table, TableName=name)
        if described is None:
            yield f"{name}: is missing"
            continue
        for difference in (
            *of_shape(described["Table"], table),
            *_of_ttl(_told(dynamodb.describe_time_to_live, TableName=name) or {}, table),
            *_of_guards(described["Table"]),
            *_of_recovery(_told(dynamodb.describe_continuous_backups, TableName=name) or {}),
        ):
            yield f"{name}: {difference}"
    for name in _there(dynamodb, f"{prefix}{service}-"):
        if name not in wanted:
            yield f"{name}: no model has it"


def of_shape(described: Table, table: Table) -> Iterator[str]:
    """Yield what of the keys, indexes and stream is not as the template has it.

    :param described: as ``DescribeTable`` tells it.
    """
    properties = table["Properties"]
    if described["TableStatus"] != "ACTIVE":
        yield f"is {described['TableStatus']}"
    found, wanted = keys(described["KeySchema"], described), keys(properties["KeySchema"], properties)
    if found != wanted:
        yield f"has the keys {found}, and not {wanted}"
    for kind in ("Local", "Global"):
        yield from _of_indexes(kind.lower(), indexes(described, kind), indexes(properties, kind))
        for one in described.get(f"{kind}SecondaryIndexes", ()):
            if one.get("IndexStatus", "ACTIVE") != "ACTIVE":
                yield f"its index {one['IndexName']} is {one['IndexStatus']}"
    stream = described.get("StreamSpecification", {}).get("StreamViewType")
    wanted_stream = properties.get("StreamSpecification", {}).get("StreamViewType")
    if stream != wanted_stream:
        yield f"has the stream {stream or 'none'}, and not {wanted_stream or 'none'}"


def _of_indexes(kind: str, found: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(found.keys() | wanted.keys()):
        if name not in found:
            yield f"has no {kind} index {name} {wanted[name]}"
        elif name not in wanted:
            yield f"has the {kind} index {name} {found[name]}, which no model has"
        elif found[name] != wanted[name]:
            yield f"has the {kind} index {name} {found[name]}, and not {wanted[name]}"


def _of_ttl(told: Table, table: Table) -> Iterator[str]:
    description = told.get("TimeToLiveDescription", {})
    on = description.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
    found = description.get("AttributeName") if on else None
    wanted = table["Properties"].get("TimeToLiveSpecification", {}).get("AttributeName")
    if found != wanted:
        yield f"deletes items by {found or 'nothing'}, and not by {wanted or 'nothing'}"


def _of_guards(described: Table) -> Iterator[str]:
    if described.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST":
        yield "is not paid by request: its capacity has a limit"
    if not described.get("DeletionProtectionEnabled"):
        yield "is not protected from being deleted"
    if described.get("SSEDescription", {}).get("SSEType") != "KMS":
        yield "is not encrypted with the account's key"


def _of_recovery(told: Table) -> Iterator[str]:
    recovery = told.get("ContinuousBackupsDescription", {}).get("PointInTimeRecoveryDescription", {})
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        yield "cannot be restored to a point in time"


def _there(dynamodb: Any, beginning: str) -> list[str]:
    try:
        pages = dynamodb.get_paginator("list_tables").paginate()
        return sorted(name for page in pages for name in page["TableNames"] if name.startswith(beginning))
    except ClientError as error:
        raise _silent("what tables there are", error) from error


def _told(call: Callable[..., Any], **arguments: str) -> Any | None:
    """Return what DynamoDB answers, None where there is no such table."""
    try:
        return call(**arguments)
    except ClientError as error:
        if _code(error) in ("ResourceNotFoundException", "TableNotFoundException"):
            return None
        raise _silent(arguments["TableName"], error) from error


def _silent(about: str, error: ClientError) -> AwsError:
    return AwsError(f"DynamoDB does not tell {about} ({_code(error)}).")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "an error"))
