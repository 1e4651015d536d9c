"""A regular expression that is published says what Python's says, or is not published."""

import re
import warnings

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.resource.schema.pattern import ecma_pattern

PARTS = r"""
    a b \. \- @ [ab] [^a] []a] [a\-b] [[] (?:a|b) (a) (?P<x>b) ^ \A \Z \\A a* b+? a{2} a{,2} b{1,} { } ]
    | \x41 \u0062 (?=a) (?!b) {a} {,} \n é [à-ÿ] [^é] \u0663 😀
"""
PLACES = ("(?=a)", "(?!b)")
parts = st.sampled_from(PARTS.replace("{a}", "{a} {,2}").split())
texts = st.text(st.sampled_from("abA.-@{}[]\\ 1x\né٣\x1c\ufeff😀"), max_size=6)


@given(st.lists(parts, max_size=4).map("".join), texts)
def test_what_is_published_matches_the_same(pattern: str, text: str) -> None:
    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            regex = re.compile(pattern)
    except re.error:
        return
    published = ecma_pattern(regex)
    if published is None:
        assert any(f"{place}{sign}" in pattern for place in PLACES for sign in ("{,2}", "{,}")), "it could be"
        return
    assert jsonschema_rs.is_valid({"pattern": published}, text) == bool(regex.match(text)), published


@pytest.mark.parametrize(
    ("pattern", "published"),
    [
        (r"[a-z]+\Z", "^(?:[a-z]+$)"),
        (r"^a|b", "^(?:^a|b)"),
        (r"\\A", r"^(?:\\A)"),
        (r"(?P<year>[0-9]{4})", "^(?:(?<year>[0-9]{4}))"),
        (r"a{,3}", "^(?:a{0,3})"),
        (r"[]x]", r"^(?:[\]x])"),
        (r"(?i)a", None),
        (r"(?i:a)", None),
        (r"(?P<a>x)(?P=a)", None),
        (r"(x)\1", None),
        (r"(?#note)a", None),
        (r"(x)?(?(1)a|b)", None),
        (r"a++", None),
        (r"(?>a)", None),
        (r"\N{BULLET}", None),
        (r"\07", None),
        (r"[\b]", None),
        (r"(?=a)?b", None),
        # Of ASCII in ECMAScript, of Unicode in Python.
        *((rf"a{one}\Z", None) for one in (r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", r"\b", r"\B")),
        *((rf"[^a{one}]", None) for one in (r"\w", r"\W", r"\d", r"\D", r"\s", r"\S")),
        # In Python also before a line feed at the end.
        (r"^[a-z]+$", None),
        (r"a$|b", None),
        (r"[$]\$\Z", r"^(?:[$]\$$)"),
        (r"\\w[é]\Z", r"^(?:\\w[é]$)"),
        (r"[\n\t]\r", r"^(?:[\n\t]\r)"),
    ],
)
def test_what_only_python_understands_is_not_published(pattern: str, published: str | None) -> None:
    assert ecma_pattern(re.compile(pattern)) == published


def test_flags_are_not_published() -> None:
    assert ecma_pattern(re.compile("a", re.IGNORECASE)) is None
