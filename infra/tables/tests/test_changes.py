"""Each change of a table, and whether the release before, and what is stored, survive it."""

import re
from typing import Any

import pytest
from pynamodb.attributes import BinaryAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute

from infra.tables.changes import FINE, REFUSED, changes
from infra.tables.tests.things import index, things


def told(before: dict[str, Any], now: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one.level, one.at, one.text) for one in changes(things(**before), things(**now))]


STREAMED = {"meta": {"stream_view_type": "KEYS_ONLY"}}


def test_what_is_the_same_has_not_changed() -> None:
    assert told({}, {}) == []


@pytest.mark.parametrize(
    ("before", "now", "level", "at", "text"),
    [
        ({}, {"id": NumberAttribute(range_key=True)}, REFUSED, "keys", "DynamoDB changes none"),
        ({}, {"extra": index("global", "extra")}, FINE, "indexes/extra", "then release"),
        ({}, {"by_branch": None}, REFUSED, "indexes/by-branch", "the release before still asks it"),
        (
            {},
            {"by_branch": index("global", "by-branch", projected=["size"])},
            REFUSED,
            "indexes/by-branch",
            r"is \(owner S, branch S: INCLUDE size\) and was \(owner S, branch S: ALL\).*another name",
        ),
        ({}, {"more": index("local", "more")}, REFUSED, "indexes/more", "would replace the table"),
        ({"more": index("local", "more")}, {}, REFUSED, "indexes/more", "is gone"),
        ({}, {"colour": UnicodeAttribute(null=True)}, FINE, "attributes/colour", "S?"),
        ({}, {"colour": UnicodeAttribute(default="red")}, FINE, "attributes/colour", "S?"),
        ({}, {"colour": UnicodeAttribute()}, REFUSED, "attributes/colour", "null=True or default="),
        (
            {},
            {"colour": UnicodeAttribute(default_for_new="red")},
            REFUSED,
            "attributes/colour",
            "stored before do not have",
        ),
        ({}, {"title": None}, REFUSED, "attributes/title", "the release before still reads it"),
        ({}, {"size": None}, REFUSED, "attributes/size", "is gone"),
        ({}, {"size": UnicodeAttribute(null=True)}, REFUSED, "attributes/size", r"is S\? and was N\?"),
        (
            {},
            {"title": BinaryAttribute(legacy_encoding=False)},
            REFUSED,
            "attributes/title",
            "is B and was S",
        ),
        ({}, {"title": UnicodeAttribute(null=True)}, FINE, "attributes/title", "may be missing now"),
        ({}, {"size": NumberAttribute()}, REFUSED, "attributes/size", "fill it first"),
        ({"expires_at": NumberAttribute(null=True)}, {}, REFUSED, "ttl", "which nothing brings back"),
        ({}, {"expires_at": NumberAttribute(null=True)}, REFUSED, "ttl", "items stay"),
        ({}, STREAMED, FINE, "stream", "KEYS_ONLY"),
        (STREAMED, {}, REFUSED, "stream", "gone"),
    ],
)
def test_a_change_is_told_with_what_it_is(
    before: dict[str, Any], now: dict[str, Any], level: str, at: str, text: str
) -> None:
    ((found_level, found_at, found_text),) = told(before, now)
    assert (found_level, found_at) == (level, f"#/Things/{at}")
    assert re.search(text, found_text)


def test_another_attribute_for_the_time_to_live_is_refused() -> None:
    before = {"ends_at": NumberAttribute(null=True)}
    now = {"expires_at": NumberAttribute(null=True), "ends_at": TTLAttribute(null=True)}
    ((level, at, text),) = told(before, now)
    assert (level, at) == (REFUSED, "#/Things/ttl")
    assert "is ends_at and was expires_at" in text


def test_two_indexes_at_once_are_refused_for_cloudformation_does_one() -> None:
    found = told({}, {"a": index("global", "a-new"), "b": index("global", "b-new")})
    assert [(level, at) for level, at, _ in found] == [
        (FINE, "#/Things/indexes/a-new"),
        (FINE, "#/Things/indexes/b-new"),
        (REFUSED, "#/Things/indexes"),
    ]
    assert "a-new, b-new come and go at once" in found[-1][2]


def test_a_table_that_comes_is_fine_and_one_that_goes_is_not() -> None:
    found = told({}, {"table": "others"})
    assert [(level, at) for level, at, _ in found] == [(FINE, "#/Others"), (REFUSED, "#/Things")]


@pytest.mark.parametrize(
    "name",
    ["DeletionProtectionEnabled", "PointInTimeRecoverySpecification", "SSESpecification", "BillingMode"],
)
def test_a_guard_that_goes_is_refused(name: str) -> None:
    now = things()
    del now["Resources"]["Things"]["Properties"][name]
    (one,) = changes(things(), now)
    assert (one.level, one.at) == (REFUSED, f"#/Things/{name}")


@pytest.mark.parametrize("name", ["DeletionPolicy", "UpdateReplacePolicy"])
def test_a_table_that_would_be_deleted_with_its_stack_is_refused(name: str) -> None:
    now = things()
    now["Resources"]["Things"][name] = "Delete"
    (one,) = changes(things(), now)
    assert (one.level, one.text) == (REFUSED, f"{name} is Delete and was Retain")


def test_another_name_is_another_table() -> None:
    now = things()
    now["Resources"]["Things"]["Properties"]["TableName"] = {"Fn::Sub": "${TablePrefix}shop-stuff"}
    (one,) = changes(things(), now)
    assert (one.level, one.at) == (REFUSED, "#/Things/name")
