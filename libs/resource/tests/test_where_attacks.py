"""What a client may send as a where, to do harm: a problem, a short answer, and no work without end."""

import json
import re
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields

from libs.errors import MAX_FAULTS, InvalidParameters
from libs.resource.query.like import Like
from libs.resource.query.operators import OPERATORS, as_stored
from libs.resource.query.where import FALSE, Exists, WhereParser
from libs.resource.tests.beasts import BEAST_FIELDS, BEAST_WHERE, STONE_FIELDS, STONE_WHERE

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(["", "\x00", "%", "_", "2026-01-01T00:00:00Z", "0001-01-01T00:00:00+10:00", 1e126, -0.0]),
)
names = st.sampled_from([*OPERATORS, "$exists", "$and", "$or", "$not", "$bad", *BEAST_FIELDS, *STONE_FIELDS])
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)


@pytest.mark.parametrize("parser", [BEAST_WHERE, STONE_WHERE], ids=["beasts", "stones"])
@given(sent=trees)
def test_any_json_is_an_expression_or_a_problem(parser: WhereParser, sent: Any) -> None:
    try:
        parser.parse(json.dumps(sent)).matches(lambda name: None)
    except InvalidParameters:
        return


@given(st.text() | st.text(st.sampled_from('{}[]":,$eqnot01 \\ud800')))
def test_any_text_is_an_expression_or_a_problem(sent: str) -> None:
    try:
        BEAST_WHERE.parse(sent)
    except InvalidParameters:
        return


@pytest.mark.parametrize("sent", ["[" * 100_000, '{"$not":' * 5_000 + "1" + "}" * 5_000, '{"name":' * 3000])
def test_what_is_nested_deeply_is_a_problem(sent: str) -> None:
    with pytest.raises(InvalidParameters):
        BEAST_WHERE.parse(sent)


def test_not_every_one_of_thousands_of_faults_is_told() -> None:
    with pytest.raises(InvalidParameters) as caught:
        BEAST_WHERE.read({"$and": [{"x": 1}] * 5_000})
    assert len(caught.value.errors) == MAX_FAULTS


@pytest.mark.parametrize("inner", [fields.List(fields.String()), fields.Raw(), fields.Dict()], ids=str)
def test_a_list_of_what_cannot_be_compared_stops_the_start(inner: fields.Field[Any]) -> None:
    with pytest.raises(TypeError, match="matrix cannot be asked for"):
        WhereParser({"matrix": fields.List(inner)})


def test_an_empty_list_has_no_value_in_it() -> None:
    assert BEAST_WHERE.read({"name": {"$in": []}}) == FALSE
    assert BEAST_WHERE.read({"name": {"$nin": []}}) == Exists("name", wanted=True)
    assert BEAST_WHERE.read({"$not": {"name": {"$in": []}}}) == Exists("name", wanted=True)


def test_a_number_is_asked_for_as_it_is_read() -> None:
    assert as_stored(1e23) == 10**23 != 1e23
    assert (as_stored(-0.0), as_stored(0.1)) == (0, 0.1)
    assert BEAST_WHERE.read({"priority": 1e23}).matches({"priority": 10**23}.get)


@given(
    text=st.text(st.sampled_from("ab%_\n."), max_size=12),
    pattern=st.text(st.sampled_from("ab%_."), max_size=8),
)
def test_like_is_what_sql_says(text: str, pattern: str) -> None:
    meant = "".join({"%": ".*", "_": "."}.get(one, re.escape(one)) for one in pattern)
    assert Like(pattern).matches(text) == bool(re.fullmatch(meant, text, re.DOTALL))


@pytest.mark.parametrize("pattern", ["%" + "a" * 2000 + "b", "%a" * 2000 + "b", "%_" * 2000 + "b%"])
def test_a_pattern_made_to_cost_much_costs_little(pattern: str) -> None:
    begun = process_time()
    assert not Like(pattern).matches("a" * 400_000)
    assert process_time() - begun < 5  # seconds; step by step it would be hundreds of millions of steps
