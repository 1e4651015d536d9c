"""JSON that is written: RFC 3339 in every time, and nothing that says something else than was meant."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from types import MappingProxyType

import pytest

from libs.api.wire.json_text import dump_json, plain

NAN, INFINITE = float("nan"), float("inf")
ODD = timezone(timedelta(hours=1, seconds=3))


@dataclass
class Point:
    x: float
    y: float | None = None
    _seen: int = 0


class Own:
    def __init__(self, value):
        self.value = value

    def __json__(self):
        return self.value


PROXY = MappingProxyType({"a": MappingProxyType({"b": NAN})})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2020, 1, 1, tzinfo=UTC), "2020-01-01T00:00:00Z"),
        (datetime(2020, 1, 1, 1, 2, 3, 4, UTC), "2020-01-01T01:02:03.000004Z"),
        (datetime(2020, 1, 1, tzinfo=timezone(timedelta(hours=-5))), "2020-01-01T00:00:00-05:00"),
        (datetime(2020, 1, 1, tzinfo=timezone(timedelta(0))), "2020-01-01T00:00:00Z"),
        (datetime(2020, 1, 1, 2, tzinfo=ODD), "2020-01-01T00:59:57Z"),
        (date(2020, 1, 1), "2020-01-01"),
        (time(1, 2), "01:02:00"),
    ],
)
def test_a_time_is_rfc_3339(value, text):
    assert dump_json([value]) == f'["{text}"]'.encode()
    assert plain({"at": value}) == {"at": text}


def test_a_read_only_dict_is_an_object():
    claims = MappingProxyType({"aud": ("x",), "address": MappingProxyType({"city": "y"})})
    assert dump_json(claims) == b'{"aud":["x"],"address":{"city":"y"}}'
    assert plain({"claims": claims}) == {"claims": {"aud": ["x"], "address": {"city": "y"}}}


def test_a_dataclass_is_an_object():
    assert dump_json([Point(1.5, 2)]) == b'[{"x":1.5,"y":2}]'


@pytest.mark.parametrize(
    "value",
    [
        NAN,
        [None, INFINITE],
        {"a": (1, {"b": -INFINITE})},
        Own({"a": [NAN]}),
        [Own(Own(NAN))],
        [Point(NAN)],
        PROXY,
    ],
)
def test_a_number_that_is_not_finite_is_refused(value):
    with pytest.raises(TypeError, match=r"^a number that is not finite has no JSON form$"):
        dump_json(value)
    with pytest.raises(TypeError, match=r"^a number that is not finite has no JSON form$"):
        plain(value)


def test_null_and_the_word_are_written():
    assert dump_json([None, "null", {"null": 1.5}, Own(None), Point(1)]) == (
        b'[null,"null",{"null":1.5},null,{"x":1,"y":null}]'
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (object(), "object has no JSON form"),
        ([Point], "type has no JSON form"),
        (datetime.max.replace(tzinfo=timezone(-timedelta(seconds=1))), "a time that is in UTC before "),
    ],
)
def test_what_has_no_json_form_is_said(value, told):
    with pytest.raises(TypeError, match=f"^{told}"):
        dump_json(value)
