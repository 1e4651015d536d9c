"""Patterns that ignore case, where one character is two in the case folding."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.resource.query.like import Like
from libs.resource.query.where import WhereParser
from libs.resource.schema.fields import Text

texts = st.text(st.sampled_from("aAsSßẞİi̇ıﬁfF\n"), max_size=7)
patterns = st.text(st.sampled_from("aAsSßİi̇ﬁf%_"), max_size=6)


def oracle(text: str, pattern: str) -> bool:
    """Tell by trying everything: characters of the text are units, of which a letter may take a part."""
    units = [one.casefold() for one in text]
    folded = pattern.casefold()

    @cache
    def holds(unit: int, part: int, at: int) -> bool:
        if unit < len(units) and part == len(units[unit]):
            return holds(unit + 1, 0, at)
        if at == len(folded):
            return unit == len(units)
        if folded[at] == "%":
            return holds(unit, part, at + 1) or (unit < len(units) and holds(unit, part + 1, at))
        if unit == len(units):
            return False
        if folded[at] == "_":
            return part == 0 and holds(unit + 1, 0, at + 1)
        return units[unit][part] == folded[at] and holds(unit, part + 1, at + 1)

    return holds(0, 0, 0)


@given(texts, patterns)
def test_it_finds_what_trying_everything_finds(text: str, pattern: str) -> None:
    assert Like(pattern, ignore_case=True).matches(text) == oracle(text, pattern)


@given(texts, patterns)
def test_what_is_like_a_pattern_is_so_without_its_case(text: str, pattern: str) -> None:
    if Like(pattern).matches(text):
        assert Like(pattern, ignore_case=True).matches(text)


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("ß", "_", True),
        ("ß", "__", False),
        ("ß", "SS", True),
        ("Maß", "ma_", True),
        ("İstanbul", "_STANBUL", True),
        ("ß", "s_", False),
        ("ß", "_s", False),
        ("ßs", "_ß", False),
        ("sß", "s_s", False),
        ("Sßßs", "%_s_", False),
        ("ßs", "_s", True),
        ("ßx", "s%", True),
    ],
)
def test_an_underscore_is_one_character_of_the_text(text: str, pattern: str, expected: bool) -> None:
    expression = WhereParser({"name": Text()}).read({"name": {"$ilike": pattern}})
    assert expression.matches({"name": text}.get) == expected


def test_a_pattern_is_compiled_once_for_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    begin = Like.__init__

    def counting(self: Like, pattern: str, **options: bool) -> None:
        made.append(pattern)
        begin(self, pattern, **options)

    monkeypatch.setattr(Like, "__init__", counting)
    expression = WhereParser({"name": Text()}).read({"name": {"$like": "a%"}})
    assert [expression.matches({"name": one}.get) for one in ("a", "b", "ab")] == [True, False, True]
    assert made == ["a%"]
