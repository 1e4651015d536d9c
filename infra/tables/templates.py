"""CloudFormation templates of the tables of each service, made of its models.

What a table is in AWS is said here once, for all tables: paid by request, restorable to any second of the
last 35 days, encrypted, and deleted by nobody by accident, neither by a request nor with its stack. What
differs from table to table (keys, indexes, time to live, stream) comes of the model.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pynamodb.models import Model

from infra.aws.names import PROJECT
from libs.dynamodb import plain_name, stored_attributes
from libs.dynamodb.stored import OPTIONAL
from libs.service import Service
from libs.service.contracts import services

Template = dict[str, Any]

PREFIX = "TablePrefix"
"""The parameter: what the names of the tables of a stage begin with."""
ATTRIBUTES = "Attributes"
"""Where, in the metadata of a table, stands what its items have: `libs.dynamodb.stored_attributes`."""

TABLE_KIND = "AWS::DynamoDB::Table"
_KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
_GUARDED = {
    "BillingMode": "PAY_PER_REQUEST",
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    # By the account's own key for DynamoDB, aws/dynamodb: its use is in CloudTrail, and is paid for.
    "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
    "DeletionProtectionEnabled": True,
}


class UnfitModels(Exception):
    """Models that cannot be the tables of a service together."""


def templates() -> dict[str, Template]:
    """Return the templates of all services that have tables, by service.

    :raises UnfitModels: if several models of one table do not agree.
    """
    made = {name: template(name, Service.named(name).stored_models()) for name in services()}
    return {name: one for name, one in made.items() if one["Resources"]}


def template(service: str, models: Iterable[type[Model]]) -> Template:
    """Return the template of a service with these models.

    :raises UnfitModels: if several models of one table do not agree.
    """
    tables: dict[str, dict[str, Any]] = {}
    for model in models:
        name = plain_name(model)
        table = _table(service, name, model)
        if name in tables:
            table = _both(tables[name], table, f"{service}-{name}")
        tables[name] = table
    ids = [_logical_id(name) for name in tables]
    if alike := sorted({one for one in ids if ids.count(one) > 1}):
        raise UnfitModels(f"{service}: several tables would be {alike[0]} in a template: rename one.")
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"The tables of {service}.",
        "Parameters": {
            PREFIX: {
                "Type": "String",
                "AllowedPattern": "[A-Za-z0-9_.-]{1,100}",
                "Description": "What their names begin with: table_prefix in config/<stage>.yaml.",
            }
        },
        "Resources": {_logical_id(name): tables[name] for name in sorted(tables)},
    }


def full_name(table: Mapping[str, Any], prefix: str) -> str:
    """Return what a table of a template is called where `prefix` is the parameter."""
    text: str = table["Properties"]["TableName"]["Fn::Sub"]
    return text.replace(f"${{{PREFIX}}}", prefix)


def _logical_id(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace(".", "-").replace("_", "-").split("-"))


def _table(service: str, name: str, model: type[Model]) -> dict[str, Any]:
    schema: Mapping[str, Any] = model._get_schema()
    types = {one["AttributeName"]: one["AttributeType"] for one in schema["attribute_definitions"]}
    properties: dict[str, Any] = {
        "TableName": {"Fn::Sub": f"${{{PREFIX}}}{service}-{name}"},
        "AttributeDefinitions": [
            {"AttributeName": one, "AttributeType": types[one]} for one in sorted(types)
        ],
        "KeySchema": _keys(schema["key_schema"]),
    }
    for kind in ("local", "global"):
        if stored := schema.get(f"{kind}_secondary_indexes"):
            found = [_index(one) for one in sorted(stored, key=lambda one: one["index_name"])]
            properties[f"{kind.title()}SecondaryIndexes"] = found
    ttl = model._ttl_attribute()  # type: ignore[no-untyped-call]
    if ttl is not None:
        properties["TimeToLiveSpecification"] = {"AttributeName": ttl.attr_name, "Enabled": True}
    if view := getattr(model.Meta, "stream_view_type", None):
        properties["StreamSpecification"] = {"StreamViewType": view}
    return {
        "Type": TABLE_KIND,
        **_KEPT,
        "Metadata": {ATTRIBUTES: stored_attributes(model)},
        "Properties": {
            **properties,
            **_GUARDED,
            "Tags": [{"Key": "Project", "Value": PROJECT}, {"Key": "Service", "Value": service}],
        },
    }


def _index(stored: Mapping[str, Any]) -> dict[str, Any]:
    projection = dict(stored["projection"])
    if "NonKeyAttributes" in projection:
        projection["NonKeyAttributes"] = sorted(projection["NonKeyAttributes"])
    return {
        "IndexName": stored["index_name"],
        "KeySchema": _keys(stored["key_schema"]),
        "Projection": projection,
    }


def _keys(schema: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the keys, the hash key first, as CloudFormation wants it."""
    return [
        {"AttributeName": one["AttributeName"], "KeyType": one["KeyType"]}
        for one in sorted(schema, key=lambda one: one["KeyType"])
    ]


def _both(one: dict[str, Any], other: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the table of two models that share it: one of them has all indexes, each has its attributes."""
    larger, smaller = sorted((one, other), key=lambda table: len(table["Properties"]), reverse=True)
    for key, value in smaller["Properties"].items():
        if larger["Properties"].get(key) != value:
            raise UnfitModels(f"{name} is the table of two models, which do not agree on its {key}.")
    first, second = (table["Metadata"][ATTRIBUTES] for table in (larger, smaller))
    attributes = {
        attribute: kind if attribute in first.keys() & second.keys() else kind.rstrip(OPTIONAL) + OPTIONAL
        for attribute, kind in sorted({**second, **first}.items())
    }
    return {**larger, "Metadata": {ATTRIBUTES: attributes}}
