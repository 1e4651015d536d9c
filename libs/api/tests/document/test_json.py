"""JSON with places: what orjson reads, the same; what it does not, with a line."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.api.document.building import MAX_DEPTH
from libs.api.document.errors import ContractError
from libs.api.document.json_text import read_json
from libs.api.document.places import Places
from libs.api.tests.document.test_yaml import JSON_LIKE


def value(text):
    return read_json(text, "a.json", Places())


def told(text):
    with pytest.raises(ContractError) as caught:
        value(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1,\n "b": 2,\n "a": 3}', "a.json:3: 'a' stands here twice"),
        ('{"a": 1,\n}', "a.json:2: } does not fit here"),
        ("[1,\n 2,]", "a.json:2: ] does not fit here"),
        ("{'a': 1}", "a.json:1: \"'a':\" is no JSON here"),
        ('{"a": 1}\n{}', "a.json:2: { does not fit here"),
        ('{"a": \n', "a.json:2: the end of the file does not fit here"),
        ("", "a.json:1: the end of the file does not fit here"),
        ('{"a" 1}', "a.json:1: 1 does not fit here"),
        ('{1: "a"}', "a.json:1: 1 does not fit here"),
        ("{1", "a.json:1: 1 does not fit here"),
        ("[01]", "a.json:1: '01]' is no JSON here"),
        ("[NaN]", "a.json:1: 'NaN]' is no JSON here"),
        ("[truer]", "a.json:1: 'truer]' is no JSON here"),
        ('["\n"]', "a.json:1: "),
        ('{\n"a": "\\ud800"}', "a.json:2: is no text of JSON"),
        ('["\\x"]', "a.json:1: is no text of JSON"),
        ("[1e999]", "a.json:1: this number does not fit in 64 bits"),
        ("[" * (MAX_DEPTH + 1), f"a.json:1: is nested in more than {MAX_DEPTH} objects and lists"),
        ("// hi\n{}", "a.json:1: '//' is no JSON here"),
    ],
)
def test_a_fault_names_its_line_and_why(text, said):
    assert told(text).startswith(said)


@given(JSON_LIKE, st.sampled_from([None, 1, "\t"]))
def test_json_is_read_as_orjson_reads_it(made, indent):
    text = json.dumps(made, indent=indent)
    assert value(text) == orjson.loads(text) == made


@given(st.text('{}[]:,"\\ \n01-.eEtruefalsn+/u', max_size=40))
def test_any_text_is_what_orjson_says_or_a_contract_error(text):
    try:
        found = value(text)
    except ContractError as error:
        assert all(one.startswith("a.json:") for one in error.faults)  # noqa: PT017 - either outcome is good
        try:
            allowed = orjson.loads(text)
        except orjson.JSONDecodeError:
            return
        # Only a key given twice, or a number beyond 64 bits, is refused beyond what orjson refuses.
        assert "twice" in str(error) or "64 bits" in str(error), allowed  # noqa: PT017
    else:
        assert found == orjson.loads(text)


def test_surrogate_pairs_tabs_and_slashes_are_text():
    assert value('{\t"a": "\\ud83d\\ude00\\/\\t"}') == {"a": "😀/\t"}
