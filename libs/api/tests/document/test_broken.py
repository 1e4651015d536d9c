"""A contract broken anywhere is a contract or a ContractError with file and line: never anything else."""

# ruff: noqa: E501 - a table of contracts reads better in lines

import copy
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.api.document.errors import ContractError
from libs.api.document.files import parse
from libs.api.document.places import Places
from libs.api.document.references import reference_faults
from libs.api.document.servers import base_path
from libs.api.document.source import read_source
from libs.api.tests.document.contracts import ALL

JUNK = st.sampled_from([
    *(None, True, 0, -1, 1.5, "", "x", "array", "#/", "#/paths", "#/definitions/Pet", "none.yaml", "#", "%zz", "{a}"),
    *([], [None], [{}], [[]], {}, {"": None}, {"$ref": "#/"}, {"$ref": 5}, {"type": "object"}, {"schema": {}}),
    *({"in": "body"}, {"200": {}}, "\ud7ff"),
])  # fmt: skip
KEYS = st.sampled_from([
    *("$ref", "type", "in", "schema", "x-nullable", "x-mandatory", "nullable", "enum", "", "allOf", "properties"),
    *("items", "parameters", "servers", "discriminator", "required", "openapi"),
])  # fmt: skip


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("broken") / "shop.json"


@pytest.fixture(scope="module")
def contracts(scratch):
    found = []
    for text in ALL.values():
        path = scratch.with_name("any.yaml")
        path.write_text(text)
        found.append(parse(path, "any.yaml", Places()))
    return found


def places_in(node):
    """Return every holder and key of a document."""
    found = []
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        found.append((node, key))
        if isinstance(value, dict | list):
            found += places_in(value)
    return found


@settings(max_examples=300)
@given(st.data())
def test_a_contract_broken_anywhere_loads_or_is_told_with_its_line(scratch, contracts, data):
    document = copy.deepcopy(data.draw(st.sampled_from(contracts)))
    for _ in range(data.draw(st.integers(1, 3))):
        every = places_in(document)
        if not every:
            break
        holder, key = every[data.draw(st.integers(0, len(every) - 1))]
        kind = data.draw(st.sampled_from(["replace", "remove", "add", "move"]))
        if kind == "replace":
            holder[key] = copy.deepcopy(data.draw(JUNK))
        elif kind == "remove":
            del holder[key]
        elif kind == "add" and isinstance(holder, dict):
            holder[data.draw(KEYS)] = copy.deepcopy(data.draw(JUNK))
        elif kind == "move":
            other, there = every[data.draw(st.integers(0, len(every) - 1))]
            holder[key] = json.loads(json.dumps(other[there]))
    scratch.write_text(json.dumps(document, indent=1))
    try:
        source = read_source(scratch)
    except ContractError as error:
        assert error.faults  # noqa: PT017
        assert all(re.match(r"shop\.json:[1-9]\d*: \S", one) for one in error.faults), error  # noqa: PT017
    else:
        assert source.document["openapi"].startswith("3.1")
        base_path(source.document)
        reference_faults(source.document)


@settings(max_examples=150)
@given(st.data())
def test_a_file_broken_anywhere_loads_or_is_told_with_its_line(scratch, data):
    text = data.draw(st.sampled_from(list(ALL.values())))
    at = data.draw(st.integers(0, len(text)))
    junk = data.draw(st.text("abx:-?[]{}&*!|>%@'\"# \n\t0159.~<$", max_size=6))
    path = scratch.with_name("shop.yaml")
    path.write_text(text[:at] + junk + text[at + data.draw(st.integers(0, 8)) :], encoding="utf-8")
    try:
        read_source(path)
    except ContractError as error:
        assert all(re.match(r"shop\.yaml:[1-9]\d*: \S", one) for one in error.faults), error  # noqa: PT017


def test_a_fault_below_an_empty_name_is_told_with_the_line_of_what_is_around_it(scratch):
    content = {"": {"$ref": "#/"}}
    answers = {"200": {"description": "a page", "content": content}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Shop", "version": "1"},
        "paths": {"/a": {"get": {"responses": answers}}},
    }
    scratch.write_text(json.dumps(document, indent=1))
    with pytest.raises(ContractError) as told:
        read_source(scratch)
    line = 1 + [one.strip() for one in scratch.read_text().splitlines()].index('"content": {')
    assert (
        f"shop.json:{line}: '$ref' is not known in a media type; an extension of one's own begins with 'x-'"
        in (told.value.faults)
    )
