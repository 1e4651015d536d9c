"""Items of one table into another: from what was restored to what is in use.

Items are copied one by one, on a condition, so that it can be done beside a service that goes on, be ended at
any moment, and be done again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.aws.errors import AwsError

Item = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Copied:
    """What came of it: items read, those written, and those left as they are."""

    read: int
    written: int
    left: int


def copy(
    dynamodb: Any,
    source: str,
    target: str,
    *,
    overwrite: bool = False,
    where: Mapping[str, str] | None = None,
    told: Callable[[Copied], None] = lambda _: None,
) -> Copied:
    """Copy the items of `source` that `target` does not have.

    :param overwrite: those it has, too: what was written to them since is lost.
    :param where: only items with these texts, such as ``{"owner": "ada"}``.
    :param told: called after each page.

    Raises:
        AwsError: a table is missing, or they have other keys.
    """
    keys = _keys(dynamodb, target)
    if _keys(dynamodb, source) != keys:
        raise AwsError(f"{source} and {target} have other keys: they are not the same table.")
    copied = Copied(0, 0, 0)
    for page in dynamodb.get_paginator("scan").paginate(TableName=source, ConsistentRead=True):
        for item in page["Items"]:
            if any(item.get(name) != {"S": text} for name, text in (where or {}).items()):
                continue
            written = _put(dynamodb, target, item, None if overwrite else keys[0])
            copied = Copied(copied.read + 1, copied.written + written, copied.left + (not written))
        told(copied)
    return copied


def _put(dynamodb: Any, table: str, item: Item, absent: str | None) -> bool:
    condition = {}
    if absent is not None:
        condition = {
            "ConditionExpression": "attribute_not_exists(#key)",
            "ExpressionAttributeNames": {"#key": absent},
        }
    try:
        dynamodb.put_item(TableName=table, Item=item, **condition)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise AwsError(f"{table} takes no item ({error.response['Error']['Code']}).") from error
        return False
    return True


def _keys(dynamodb: Any, table: str) -> list[str]:
    """Return the names of a table's keys, the hash key first."""
    try:
        schema = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
    except ClientError as error:
        raise AwsError(f"{table} cannot be used ({error.response['Error']['Code']}).") from error
    return [one["AttributeName"] for one in sorted(schema, key=lambda one: str(one["KeyType"]))]
