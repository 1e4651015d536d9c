"""What a template says of a table, and that the text of it is the same each time."""

from typing import Any

import pytest
import yaml
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from infra.tables.templates import UnfitModels, full_name, template
from infra.tables.tests.things import index, model, things
from infra.tables.writing import text
from libs.dynamodb import Database


def of_things(**changed: Any) -> dict[str, Any]:
    found: dict[str, Any] = things(**changed)["Resources"]["Things"]
    return found


def test_a_table_is_kept_and_can_be_restored_whatever_its_model_is() -> None:
    table = of_things()
    properties = table["Properties"]
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    assert {"Key": "Service", "Value": "shop"} in properties["Tags"]
    assert full_name(table, "live-") == "live-shop-things"


def test_keys_indexes_stream_and_time_to_live_are_those_of_the_model() -> None:
    included = index("global", "some", projected=["title", "size"])
    changed = {"local": index("local", "a-local"), "some": included}
    properties = of_things(meta={"stream_view_type": "NEW_IMAGE"}, **changed)["Properties"]
    owner, by_id, branch = (
        {"AttributeName": name, "KeyType": kind}
        for name, kind in (("owner", "HASH"), ("id", "RANGE"), ("branch", "RANGE"))
    )
    assert properties["KeySchema"] == [owner, by_id]
    everything = {"ProjectionType": "ALL"}
    assert properties["LocalSecondaryIndexes"] == [
        {"IndexName": "a-local", "KeySchema": [owner, branch], "Projection": everything}
    ]
    some = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["size", "title"]}
    assert properties["GlobalSecondaryIndexes"] == [
        {"IndexName": "by-branch", "KeySchema": [owner, branch], "Projection": everything},
        {"IndexName": "some", "KeySchema": [owner, branch], "Projection": some},
    ]
    types = {one["AttributeName"]: one["AttributeType"] for one in properties["AttributeDefinitions"]}
    assert types == {"branch": "S", "id": "S", "owner": "S"}
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_what_items_have_is_told_with_what_may_be_missing() -> None:
    told = of_things(colour=UnicodeAttribute(default="red"), shape=UnicodeAttribute(default_for_new="round"))
    assert told["Metadata"]["Attributes"] == {
        "branch": "S?",
        "colour": "S?",
        "expires_at": "N?",
        "id": "S",
        "owner": "S",
        "shape": "S",
        "size": "N?",
        "title": "S",
    }


def test_a_model_without_more_has_no_more() -> None:
    bare = of_things(by_branch=None, expires_at=None)["Properties"]
    absent = {"GlobalSecondaryIndexes", "LocalSecondaryIndexes", "TimeToLiveSpecification"}
    assert not absent & bare.keys()
    assert "StreamSpecification" not in bare


def test_a_model_that_is_bound_is_the_same() -> None:
    bound = model()
    Database([bound], region="eu-west-1", endpoint="http://127.0.0.1:1", table_prefix="live-shop-")
    assert template("shop", [bound]) == things()


def test_the_text_is_the_template_and_the_same_each_time() -> None:
    written = text("shop", things())
    assert yaml.safe_load(written) == things()
    reordered = model(title=None, by_branch=None)
    again = type(
        "Thing", (reordered,), {"title": UnicodeAttribute(), "by_branch": index("global", "by-branch")}
    )
    assert text("shop", template("shop", [again])) == written


def test_two_models_of_one_table_are_one_table_with_the_attributes_of_both() -> None:
    class Sibling(Model):
        class Meta:
            table_name = "things"

        owner = UnicodeAttribute(hash_key=True)
        id = UnicodeAttribute(range_key=True)
        more = NumberAttribute()

    both = template("shop", [Sibling, model(by_branch=None, expires_at=None)])
    told = both["Resources"]["Things"]["Metadata"]["Attributes"]
    assert told == {"branch": "S?", "id": "S", "more": "N?", "owner": "S", "size": "N?", "title": "S?"}


def test_two_models_of_one_table_that_do_not_agree_are_refused() -> None:
    other = model(by_branch=None, id=None, number=NumberAttribute(range_key=True))
    with pytest.raises(
        UnfitModels, match="shop-things is the table of two models, which do not agree on its"
    ):
        template("shop", [model(), other])


def test_names_that_would_be_one_in_the_template_are_refused() -> None:
    with pytest.raises(UnfitModels, match="several tables would be ThingsOld"):
        template("shop", [model(table="things-old"), model(table="things_old")])
