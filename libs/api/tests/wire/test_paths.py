"""Paths: what was sent is what arrives, and what is no path is no fault of ours."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from libs.api import path_segment, path_segments, sent_path
from libs.errors import NotFound

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(TEXTS, max_size=4))
def test_any_texts_come_back_from_a_path(texts):
    path = "/" + "/".join(map(path_segment, texts))
    assert path_segments(path) == tuple(texts)
    assert sent_path(EnvironBuilder(path).get_environ()) == path


@given(TEXTS)
def test_a_segment_is_one_and_ascii(text):
    assert re.fullmatch(r"[A-Za-z0-9._~%-]+", path_segment(text))
    assert path_segment(text) not in (".", "..")


def test_a_segment_may_be_made_of_any_value():
    assert path_segment(5) == "5"


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("/", ()),
        ("/a", ("a",)),
        ("/a/b", ("a", "b")),
        ("/a%2Fb", ("a/b",)),
        ("/a%2fb", ("a/b",)),
        ("/%252F", ("%2F",)),
        ("/%2E%2E/%2e", ("..", ".")),
        ("/...", ("...",)),
        ("/a%3Fb%23c", ("a?b#c",)),
        ("/%E2%82%AC", ("€",)),
        ("/a+b", ("a+b",)),
        ("/%74%68", ("th",)),
    ],
)
def test_a_path_is_cut_before_it_is_decoded(path, segments):
    assert path_segments(path) == segments


@pytest.mark.parametrize(
    "path", ["/%", "/%zz", "/a%2", "/%u00e9", "/%ff", "/%C3/%A9", "/%ED%A0%80", "/a%00b"]
)
def test_a_malformed_path_leads_nowhere_and_is_told_why(path):
    with pytest.raises(NotFound, match=r"hexadecimal digits|not UTF-8|NUL in the path"):
        path_segments(path)


@pytest.mark.parametrize(
    "path", ["//", "/a/", "//a", "/a//b", "/.", "/..", "/a/../b", "/a/./b", "*", "", "a"]
)
def test_a_path_with_empty_or_dot_segments_leads_nowhere(path):
    with pytest.raises(NotFound):
        path_segments(path)


@given(st.text(st.characters(max_codepoint=255)))
def test_whatever_is_sent_the_path_is_text_for_a_url_and_is_read_or_refused(target):
    environ = {"RAW_URI": target, "PATH_INFO": target}
    path = sent_path(environ)
    assert re.fullmatch(r"[!$%&'()*+,;=:@A-Za-z0-9._~/-]+", path)
    with suppress(NotFound):
        path_segments(path)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/a%2Fb?c=/d%2Fe", "/a%2Fb"),
        ("http://host:80/a%2Fb?c", "/a%2Fb"),
        ("HTTPS://host", "/"),
        ("http://host?x", "/"),
        ("/http://host/a", "/http://host/a"),
        ("//host/a", "//host/a"),
        ("/a#b", "/a"),
        ("/gr\u00c3\u00bc n", "/gr%C3%BC%20n"),
        ("*", "*"),
    ],
)
def test_the_path_is_that_of_the_target(target, path):
    decoded = {"/a%2Fb": "/a/b", "/gr%C3%BC%20n": "/gr\u00c3\u00bc n", "/": ""}.get(path, path)
    assert sent_path({"RAW_URI": target, "PATH_INFO": decoded}) == path


def test_the_path_below_the_place_an_application_is_mounted_at():
    environ = {"RAW_URI": "/api/a%2Fb", "SCRIPT_NAME": "/api", "PATH_INFO": "/a/b"}
    assert sent_path(environ) == "/a%2Fb"


@pytest.mark.parametrize("raw", [{}, {"RAW_URI": "/elsewhere"}], ids=["not kept", "changed since"])
def test_without_the_target_the_path_is_the_decoded_one(raw):
    assert sent_path({**raw, "PATH_INFO": "/gr\u00c3\u00bc%/b c"}) == "/gr%C3%BC%25/b%20c"
    assert sent_path({**raw, "PATH_INFO": ""}) == "/"
