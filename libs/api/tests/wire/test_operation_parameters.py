"""All parameters of an operation: read from a request with every fault, written for a client."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug import Request
from werkzeug.test import EnvironBuilder

from libs.api.wire.parameters import Parameters
from libs.api.wire.paths import expand_path, sent_path
from libs.errors import InvalidParameters

INTEGER = {"type": "integer"}
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
NODES = [
    {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}},
    {"name": "page-size", "in": "query", "schema": {"type": "integer", "default": 20}},
    {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
    {
        "name": "filter",
        "in": "query",
        "style": "deepObject",
        "schema": {"type": "object", "additionalProperties": False, "properties": {"size": INTEGER}},
    },
    {"name": "If-Match", "in": "header", "schema": {"type": "string"}},
    {"name": "sid", "in": "cookie", "schema": {"type": "string"}},
]
ALL = Parameters.from_document(NODES, {})


def request(query="", headers=(), key="k"):
    environ = EnvironBuilder(f"/{key}", query_string=query, headers=list(headers)).get_environ()
    return Request(environ)


def read(query="", headers=(), key="k"):
    return ALL.read(request(query, headers), {"key": key})


def faults(query="", headers=(), key="k", of=ALL):
    with pytest.raises(InvalidParameters) as caught:
        of.read(request(query, headers), {"key": key})
    return {(one.parameter, one.detail) for one in caught.value.errors}


def test_what_is_not_sent_is_none_or_its_default():
    nothing = {"key": "k", "page_size": 20, "tag": None, "filter": None, "if_match": None, "sid": None}
    assert read() == nothing


def test_everything_arrives_under_its_argument():
    headers = [("If-Match", '"5"'), ("Cookie", 'other=1; sid="a%20b"; x=%FF')]
    assert read("page-size=5&tag=a&tag=b%26+c&filter[size]=7", headers, key="a%2Fb") == {
        "key": "a/b",
        "page_size": 5,
        "tag": ["a", "b& c"],
        "filter": {"size": 7},
        "if_match": '"5"',
        "sid": "a b",
    }


def test_every_fault_is_told_at_once():
    found = faults(
        "page-size=x&filter[size]=y&filter[z]=1&colour=red&page-size2", [("Cookie", "sid=%FF")], "%FF"
    )
    assert found == {
        ("key", "is not UTF-8"),
        ("page-size", "is not of type integer"),
        ("filter", "is not of type integer"),
        ("filter", "is not a known field"),
        ("colour", "is not a known parameter"),
        ("page-size2", "is not a known parameter"),
        ("sid", "is not UTF-8"),
    }


@pytest.mark.parametrize("query", ["%FF=1", "a%00=1", "&".join(f"a{n}=" for n in range(1001))])
def test_a_query_that_is_none_is_refused(query):
    with pytest.raises(InvalidParameters, match=r"^The query (is not UTF-8|holds a NUL|has more than 1000)"):
        read(query)


def test_header_lines_of_one_name_are_one_value():
    assert read(headers=[("If-Match", '"a"'), ("If-Match", '"b"')])["if_match"] == '"a", "b"'


def test_a_free_object_takes_what_is_no_one_elses():
    free = {"type": "object", "additionalProperties": {"type": "integer"}}
    nodes = [{"name": "rest", "in": "query", "schema": free}, {"name": "q", "in": "query", "schema": {}}]
    both = Parameters.from_document(nodes, {})
    assert both.read(request("a=1&q=x&b=2"), {}) == {"rest": {"a": 1, "b": 2}, "q": "x"}
    assert both.read(request("q=x"), {}) == {"rest": None, "q": "x"}
    with pytest.raises(ValueError, match="rest and more both take parameters of any name"):
        Parameters.from_document([nodes[0], {**nodes[0], "name": "more"}], {})


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ({"name": "a-b", "in": "query"}, {"name": "a_b", "in": "query"}, "would be given a_b twice"),
        ({"name": "id", "in": "path"}, {"name": "id", "in": "query"}, "would be given id twice"),
        ({"name": "X", "in": "header"}, {"name": "x", "in": "cookie"}, "would be given x twice"),
        (
            {"name": "o", "in": "query", "schema": {"type": "object", "properties": {"a": {}}}},
            {"name": "a", "in": "query"},
            "two parameters in query are sent as a",
        ),
    ],
)
def test_parameters_that_clash_are_an_error(first, second, told):
    with pytest.raises(ValueError, match=told):
        Parameters.from_document([{"schema": {}, **first}, {"schema": {}, **second}], {})


def test_headers_that_are_described_elsewhere_are_passed_over():
    nodes = [
        {"name": name, "in": "header", "schema": {}} for name in ("Accept", "content-type", "Authorization")
    ]
    assert len(Parameters.from_document(nodes, {})) == 0


@given(
    TEXTS.filter(bool),
    st.fixed_dictionaries(
        {},
        optional={
            "page_size": st.integers(-(2**63), 2**63 - 1),
            "tag": st.lists(TEXTS, min_size=1, max_size=3),
            "filter": st.fixed_dictionaries({"size": st.integers(0, 9)}),
            "if_match": TEXTS.map(str.strip).filter(bool),
            "sid": TEXTS,
        },
    ),
)
def test_what_a_client_writes_a_server_reads(key, arguments):
    written = ALL.write({"key": key, **arguments})
    environ = EnvironBuilder(
        expand_path("/things/{key}", written.path),
        query_string=written.query,
        headers=[(name, text) for name, text in written.headers],
    ).get_environ()
    sent = sent_path(environ).rpartition("/")[2]
    assert ALL.read(Request(environ), {"key": sent}) == {**read(), "key": key, **arguments}


@pytest.mark.parametrize("key", [".", "..", "a/b", "{key}", "%2F", "é", "a?b#c"])
def test_a_key_is_one_segment_whatever_it_is(key):
    text = ALL.write({"key": key}).path["key"]
    assert text not in (".", "..")
    assert not set("/?#{}") & set(text)
    assert ALL.read(request(), {"key": text})["key"] == key


def test_what_is_none_is_not_sent():
    written = ALL.write({"key": "k", "page_size": None, "tag": None, "sid": None})
    assert (written.path, written.query, written.headers) == ({"key": "k"}, "", [])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "needs the parameter 'key'"),
        ({"key": None}, "needs the parameter 'key'"),
        ({"key": "k", "colour": "red"}, "has no parameter 'colour'"),
        ({"key": "k", "page-size": 5}, "has no parameter 'page-size'"),
    ],
)
def test_arguments_are_those_declared(arguments, told):
    with pytest.raises(TypeError, match=told):
        ALL.write(arguments)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"key": ""}, "key: is empty"),
        ({"key": "k", "page_size": "hunter2"}, "page_size: is not of type integer"),
        ({"key": "k", "filter": {"size": "hunter2"}}, "filter: /size is not of type integer"),
        ({"key": "k", "if_match": "hunter2\n"}, "if_match: holds control characters"),
        ({"key": "k", "sid": object()}, "sid: object has no JSON form"),
    ],
)
def test_a_value_that_cannot_be_sent_is_an_error_that_names_it(arguments, told):
    with pytest.raises(ValueError, match=told) as caught:
        ALL.write(arguments)
    assert "hunter2" not in str(caught.value)


def test_placeholders_are_filled_at_once():
    assert expand_path("/{a}/x/{b}.json", {"a": "%7Bb%7D", "b": "{a}"}) == "/%7Bb%7D/x/{a}.json"
