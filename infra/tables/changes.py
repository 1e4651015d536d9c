"""What differs between two templates, and what of it a table in use does not survive.

A release runs beside the one before it, and may be taken back: so whatever the release before needs of a
table has to stay, and what an update of a stack would lose has to be meant. What CloudFormation replaces is
in its reference of ``AWS::DynamoDB::Table``, under "Update requires".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.tables.shape import indexes, keys
from infra.tables.templates import ATTRIBUTES, Template
from libs.dynamodb.stored import OPTIONAL

REFUSED, FINE = "refused", "fine"

_GUARDS = (
    "BillingMode",
    "DeletionProtectionEnabled",
    "PointInTimeRecoverySpecification",
    "SSESpecification",
)
_POLICIES = ("DeletionPolicy", "UpdateReplacePolicy")
_COPY = "have a new table beside it, and copy (docs/table-changes.md)"


@dataclass(frozen=True)
class Change:
    """One difference.

    :param level: `REFUSED` or `FINE`.
    :param at: where it is: ``#/Todos/attributes/notes``.
    :param text: what it is and, where it is refused, what to do instead.
    """

    level: str
    at: str
    text: str


def changes(before: Template, now: Template) -> list[Change]:
    """Return what differs between the templates of a service, table by table."""
    older, newer = before["Resources"], now["Resources"]
    found: list[Change] = []
    for name in sorted(older.keys() | newer.keys()):
        at = f"#/{name}"
        if name not in older:
            found.append(Change(FINE, at, "a new table"))
        elif name not in newer:
            told = "the table is gone: the release before still uses it, and the stack lets go of it"
            found.append(Change(REFUSED, at, f"{told} (Retain keeps it with all it holds)"))
        else:
            found += _of_table(at, older[name], newer[name])
    return found


def _of_table(at: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    older, newer = before["Properties"], now["Properties"]
    if older["TableName"] != newer["TableName"]:
        told = f"it is called {_name(newer)} and was {_name(older)}"
        yield Change(REFUSED, f"{at}/name", f"{told}, which is another table: {_COPY}")
    older_keys, newer_keys = (keys(one["KeySchema"], one) for one in (older, newer))
    if older_keys != newer_keys:
        told = f"its keys are {newer_keys} and were {older_keys}"
        yield Change(REFUSED, f"{at}/keys", f"{told}: DynamoDB changes none. {_COPY.capitalize()}")
    yield from _of_local_indexes(at, indexes(older, "Local"), indexes(newer, "Local"))
    yield from _of_global_indexes(at, indexes(older, "Global"), indexes(newer, "Global"))
    of_keys = {one["AttributeName"] for one in older["KeySchema"]}
    yield from _of_attributes(
        at,
        *(
            {name: kind for name, kind in table["Metadata"][ATTRIBUTES].items() if name not in of_keys}
            for table in (before, now)
        ),
    )
    yield from _of_ttl(at, _ttl(older), _ttl(newer))
    yield from _of_stream(at, _stream(older), _stream(newer))
    for name in (*_GUARDS, *_POLICIES):
        where = (before, now) if name in _POLICIES else (older, newer)
        was, is_now = (one.get(name) for one in where)
        if was != is_now:
            yield Change(REFUSED, f"{at}/{name}", f"{name} is {is_now} and was {was}")


def _of_local_indexes(at: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name)):
        told = f"the local index is {now.get(name, 'gone')} and was {before.get(name, 'not there')}"
        advice = f"CloudFormation would replace the table. Take a global index, or {_COPY}"
        yield Change(REFUSED, f"{at}/indexes/{name}", f"{told}: {advice}")


def _of_global_indexes(at: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    added, removed = sorted(now.keys() - before.keys()), sorted(before.keys() - now.keys())
    for name in added:
        text = f"a new index, {now[name]}: update the stack, wait until it is filled, then release"
        yield Change(FINE, f"{at}/indexes/{name}", text)
    for name in removed:
        text = "the index is gone: the release before still asks it"
        yield Change(REFUSED, f"{at}/indexes/{name}", f"{text}. Take it away a release later than its use")
    for name in sorted(before.keys() & now.keys()):
        if before[name] != now[name]:
            told = f"the index is {now[name]} and was {before[name]}"
            advice = "DynamoDB changes no index. Give the new one another name"
            yield Change(REFUSED, f"{at}/indexes/{name}", f"{told}: {advice}")
    if len(added) + len(removed) > 1:
        names = ", ".join([*added, *removed])
        advice = "CloudFormation makes or removes one index of a table in an update. One after the other"
        yield Change(REFUSED, f"{at}/indexes", f"{names} come and go at once: {advice}")


def _of_attributes(at: str, before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Change]:
    for name in sorted(before.keys() | now.keys()):
        was, is_now, where = before.get(name), now.get(name), f"{at}/attributes/{name}"
        if was == is_now:
            continue
        if is_now is None:
            yield Change(REFUSED, where, "the attribute is gone: the release before still reads it")
        elif was is None and is_now.endswith(OPTIONAL):
            yield Change(FINE, where, f"a new attribute, {is_now}")
        elif was is None:
            told = "a new attribute that items stored before do not have"
            yield Change(REFUSED, where, f"{told}: say null=True or default=, fill it, then require it")
        elif was.rstrip(OPTIONAL) != is_now.rstrip(OPTIONAL):
            told, advice = f"it is {is_now} and was {was}", "fill an attribute of another name beside it"
            yield Change(REFUSED, where, f"{told}: {advice}")
        elif is_now.endswith(OPTIONAL):
            text = "it may be missing now; write it as long as the release before may run"
            yield Change(FINE, where, text)
        else:
            told = "it is in every item now, and might be missing before"
            yield Change(REFUSED, where, f"{told}: fill it first, and say here that this was done")


def _of_ttl(at: str, before: str | None, now: str | None) -> Iterator[Change]:
    if before == now:
        return
    if before is None:
        told = f"items whose {now} is past are deleted from now on, which nothing brings back"
    elif now is None:
        told = f"items stay when their {before} is past"
    else:
        told = f"the time to live is {now} and was {before}: DynamoDB takes no other within an hour"
    yield Change(REFUSED, f"{at}/ttl", told)


def _of_stream(at: str, before: str | None, now: str | None) -> Iterator[Change]:
    if before != now:
        level = FINE if before is None else REFUSED
        told = f"the stream is {now or 'gone'} and was {before or 'not there'}"
        yield Change(level, f"{at}/stream", told)


def _name(properties: Mapping[str, Any]) -> str:
    text: str = properties["TableName"]["Fn::Sub"]
    return text


def _ttl(properties: Mapping[str, Any]) -> str | None:
    told = properties.get("TimeToLiveSpecification", {})
    return told.get("AttributeName") if told.get("Enabled") else None


def _stream(properties: Mapping[str, Any]) -> str | None:
    view: str | None = properties.get("StreamSpecification", {}).get("StreamViewType")
    return view
