"""The language an answer is in (RFC 9110 section 12.5.4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.service.problems.languages import best_language

SPOKEN = ("en", "de", "de-at", "fr", "pt-br")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("DE", "de"),
        ("de-AT", "de-at"),
        ("de-CH", "de"),
        ("de-AT-1996", "de-at"),
        ("de-x-private", "de"),
        ("pt", "en"),
        ("pt-BR", "pt-br"),
        ("it, fr;q=0.5", "fr"),
        ("fr;q=0.5, de;q=0.8", "de"),
        ("fr ; q = 0.5 , de;q=0.8", "de"),
        ("fr, de", "fr"),
        ("de;q=0.8, fr;q=0.8", "de"),
        ("fr;q=0", "en"),
        ("en;q=0, fr;q=0.1", "fr"),
        ("*", "en"),
        ("it, *;q=0.1", "en"),
        ("*, de;q=0.5", "en"),
        ("de;q=0, de-CH", "en"),
        ("de;q=2, fr;q=0.1", "fr"),
        ("de;q=-1, fr;q=0.1", "fr"),
        ("de;q=nan, fr;q=0.1", "fr"),
        ("de;q=x, fr;q=0.1", "fr"),
        ("de;level=1, fr;q=0.1", "fr"),
        (",,;;=, ;q=1, de", "de"),
        ("dé, ﬀ", "en"),
    ],
)
def test_the_one_that_is_liked_best_is_taken(accepted: str | None, language: str) -> None:
    assert best_language(accepted, SPOKEN, "en") == language


@given(st.text(alphabet="de-*;q=0.15, \x00ß") | st.text())
def test_whatever_is_sent_there_is_a_language(accepted: str) -> None:
    assert best_language(accepted, SPOKEN, "en") in SPOKEN


def test_a_very_long_header_is_read_in_part() -> None:
    assert best_language("it," * 1_000_000 + "de", SPOKEN, "en") == "en"
