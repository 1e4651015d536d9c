"""The languages of the user go with a call."""

import pytest

from libs.api.clients.identity import headers_of_call
from libs.errors import current_languages, languages_scope


def languages(given=()):
    return [value for name, value in headers_of_call("*/*", given) if name == "Accept-Language"]


def test_they_go_along_unless_the_call_names_its_own():
    with languages_scope("de-AT, en;q=0.5"):
        assert languages() == ["de-AT, en;q=0.5"]
        assert languages([("accept-language", "fr")]) == []
    assert languages() == []


@pytest.mark.parametrize("sent", [None, "", "dé", "de\r\nX-A: b", "x" * 501])
def test_what_names_no_languages_is_left_out(sent):
    with languages_scope("de"), languages_scope(sent):
        assert current_languages() is None
