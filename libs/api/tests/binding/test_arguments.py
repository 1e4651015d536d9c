"""A handler is given the Python values that the objects of the contract have, wherever they were sent."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import quote

import httpx
import pytest

from libs.api import ApiClient, ClientDocument, ContractError, Sender

DAY, DAYS = date(2026, 1, 2), [date(2026, 1, 2), date(2026, 1, 3)]
TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ID = "5b0f1f0e-0000-4000-8000-000000000000"
CONTRACT = """
paths:
  /days/{day}:
    post:
      operationId: keep
      x-bind-server: here.keep
      parameters:
        - {name: day, in: path, required: true, schema: {$ref: '#/components/schemas/Day'}}
        - {name: days, in: query, schema: {type: array, items: {$ref: '#/components/schemas/Day'}}}
        - {name: at, in: query, schema: {type: string, format: date-time}}
        - {name: price, in: query, schema: {type: string, format: decimal, default: '1.50'}}
        - {name: either, in: query, schema: {anyOf: [{type: string, format: date}, {type: integer}]}}
        - {name: id, in: query, schema: {type: string, format: uuid}}
        - {name: X-Raw, in: header, schema: {type: string, format: byte}}
        - {name: seen, in: cookie, schema: {type: string, format: date}}
        - name: made
          in: query
          style: deepObject
          schema: {type: object, properties: {since: {$ref: '#/components/schemas/Day'}}}
        - name: period
          in: query
          content: {application/json: {schema: {$ref: '#/components/schemas/Period'}}}
      requestBody:
        content:
          application/json: {schema: {$ref: '#/components/schemas/Note'}}
          application/x-www-form-urlencoded:
            schema: {type: object, properties: {born: {type: string, format: date}}}
      responses:
        '204': {description: Kept.}
components:
  schemas:
    Day: {type: string, format: date}
    Period: {type: object, properties: {since: {$ref: '#/components/schemas/Day'}}}
    Note:
      oneOf:
        - $ref: '#/components/schemas/Period'
        - {type: array, items: {$ref: '#/components/schemas/Day'}}
"""


@pytest.fixture
def kept():
    return []


@pytest.fixture
def days(serve, kept):
    return serve(CONTRACT, keep=lambda **arguments: kept.append(arguments))


def test_parameters_are_python_values_wherever_they_stand(days, kept):
    period = quote(json.dumps({"since": "2026-01-02"}))
    query = (
        f"days=2026-01-02&days=2026-01-03&at=2026-01-02T04:04:05%2B01:00&price=2.0&either=2026-01-02&id={ID}"
    )
    answer = days.call(
        "POST",
        f"/days/2026-01-02?{query}&made[since]=2026-01-02&period={period}",
        headers={"X-Raw": "YWL/"},
    )
    assert answer.status_code == 204, answer.text
    (given,) = kept
    assert given.pop("period") == days.models.Period(since=DAY)
    assert given == {
        "day": DAY, "days": DAYS, "at": TIME, "price": Decimal("2.0"), "either": DAY, "id": ID,
        "x_raw": b"ab\xff", "seen": None, "made": {"since": DAY}, "body": None,
    }  # fmt: skip


def test_a_default_is_a_python_value_and_what_is_not_sent_is_none(days, kept):
    assert days.call("POST", "/days/2026-01-02?either=5").status_code == 204
    (given,) = kept
    assert given.pop("day") == DAY
    assert {name: one for name, one in given.items() if one is not None} == {
        "price": Decimal("1.50"),
        "either": 5,
    }


def test_bodies_without_a_class_hold_python_values(days, kept):
    days.call("POST", "/days/2026-01-02", json=["2026-01-02", "2026-01-03"])
    days.call("POST", "/days/2026-01-02", data={"born": "2026-01-02"})
    assert [given["body"] for given in kept] == [DAYS, {"born": DAY}]


def test_a_date_that_python_does_not_have_is_the_fault_of_who_sends_it(days, kept):
    wrong = days.call("POST", "/days/0000-01-02?days=0000-01-01", json=["2026-01-02"])
    assert wrong.status_code == 400
    assert [one["parameter"] for one in wrong.json["errors"]] == ["day", "days"]
    assert days.call("POST", "/days/2026-01-02", json=["0000-01-01"]).status_code == 422
    assert kept == []


def test_a_client_takes_what_the_handler_is_given(days, kept):
    transport = httpx.WSGITransport(days.wsgi)
    client = ApiClient(ClientDocument("shop", days.document), "http://shop.test", Sender("shop", transport))
    arguments = {
        "day": DAY, "days": DAYS, "at": TIME, "price": Decimal("2.0"), "either": 5, "id": ID,
        "x_raw": b"ab\xff", "seen": DAY, "made": {"since": DAY}, "body": DAYS,
    }  # fmt: skip
    client["keep"](**arguments, period=client.Period(since=DAY))
    (given,) = kept
    assert given.pop("period") == days.models.Period(since=DAY)
    assert given == arguments


def test_a_handler_that_lacks_an_argument_is_told_the_type_it_has(serve):
    def keep():
        """Take too little."""

    with pytest.raises(ContractError) as caught:
        serve(CONTRACT, keep=keep)
    assert str(caught.value).endswith(
        "def keep(day: date, days: list[date] | None, at: datetime | None, price: Decimal, "
        "either: date | int | None, id: str | None, x_raw: bytes | None, seen: date | None, "
        "made: dict[str, Any] | None, period: models.shop.Period | None, "
        "body: models.shop.Period | list[date] | None)"
    )
