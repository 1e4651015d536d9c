"""Attributes computed from others, and what an index over them can be asked for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.attributes import Attribute, NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from libs.resource.query.derived import DerivedAttribute, LowercaseAttribute, derived_attributes
from libs.resource.query.operators import OPERATORS
from libs.resource.tests.beasts import Beast, Stone

LOWER = LowercaseAttribute("name")
texts = st.text(st.sampled_from("aAßẞsSIiİıΣσς%_ǅ")) | st.text(max_size=5)


@pytest.mark.parametrize(
    ("value", "derived"),
    [("Ant", "ant"), ("ß", "ss"), ("STRASSE", "strasse"), ("ΑΣ", "ας".casefold()), ("", "")],
)
def test_upper_and_lower_case_are_one(value: str, derived: str) -> None:
    assert LOWER.derive(value) == derived


@given(value=texts, operand=texts, operator=st.sampled_from(["$eq", "$startswith", "$like", "$ilike"]))
def test_what_matches_begins_with_a_prefix(value: str, operand: str, operator: str) -> None:
    prefixes = LOWER.prefixes(operator, operand)
    if OPERATORS[operator].matcher(operand)(value):
        assert prefixes is None or LOWER.derive(value).startswith(prefixes)


@pytest.mark.parametrize(
    ("operator", "operand", "prefixes"),
    [
        ("$ilike", "An%T", ("an",)),
        ("$ilike", "An_", ("an",)),
        ("$like", "Ant", ("ant",)),
        ("$startswith", "An", ("an",)),
        ("$eq", "Ant", ("ant",)),
        ("$ilike", "%ant", None),
        ("$eq", "", None),
        ("$icontains", "ant", None),
        ("$gt", "ant", None),
    ],
)
def test_the_prefixes_of_an_index_over_it(operator: str, operand: str, prefixes: Any) -> None:
    assert LOWER.prefixes(operator, operand) == prefixes
    stretches = LOWER.stretches(operator, operand)
    assert stretches == (None if prefixes is None else tuple((one, one) for one in prefixes))


def test_its_values_are_those_of_what_is_asked_for_by_equality() -> None:
    assert LOWER.values("$eq", "Ant") == ("ant",)
    assert LOWER.values("$in", ["Ant", "ANT", "bee"]) == ("ant", "bee")
    assert LOWER.values("$startswith", "ant") is None


def test_it_may_be_null_unless_told_otherwise() -> None:
    assert LOWER.null
    assert not LowercaseAttribute("name", null=False).null


def test_the_derived_attributes_of_a_model() -> None:
    assert {name: one.source for name, one in derived_attributes(Beast).items()} == {"name_lower": "name"}
    assert derived_attributes(Stone) == {}


def test_one_of_its_own_says_what_it_is() -> None:
    with pytest.raises(NotImplementedError):
        DerivedAttribute("name").derive("x")


@pytest.mark.parametrize("source", ["nothing", "lower", "itself"])
def test_a_source_that_is_no_attribute_stops_the_start(source: str) -> None:
    class Bad(Model):
        class Meta:
            table_name = "bad"

        id = UnicodeAttribute(hash_key=True)
        lower = LowercaseAttribute("id")
        itself = LowercaseAttribute(source)

    with pytest.raises(TypeError, match=rf"Bad\.itself is derived from '{source}', which is no attribute"):
        derived_attributes(Bad)


def test_a_source_it_cannot_be_derived_from_stops_the_start() -> None:
    class OfText(DerivedAttribute):
        def check_source(self, source: Attribute[Any]) -> None:
            if not isinstance(source, UnicodeAttribute):
                raise TypeError("no text")

    class Bad(Model):
        class Meta:
            table_name = "bad"

        id = UnicodeAttribute(hash_key=True)
        size = NumberAttribute()
        of_size = OfText("size")

    with pytest.raises(TypeError, match="no text"):
        derived_attributes(Bad)
