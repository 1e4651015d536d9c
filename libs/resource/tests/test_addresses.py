"""Rows by their address: keys of every type, of two parts, and of any text there is."""

import uuid
from base64 import b64encode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from libs.resource import Everyone, OwnedBy
from libs.resource.tests.conftest import Made, Serve, Served
from libs.resource.tests.library import (
    Blob,
    BookResource,
    Everything,
    Moment,
    OwnedNotes,
    PlainResource,
    Reading,
    SharedNotes,
    StockResource,
)

ODD = [
    "a/b", "/", "//", "%", "%2F", "%252F", ".", "..", "...", "a b", " ", "a+b", "?", "#", "a?b=c#d",
    "é", "e\u0301", "日本", "🌍", "\x7f", "\n", "\t", "'", '"', "<>", "\\", ":", ";", "@", "&=", "~", "{key}",
    "\ufeff", "null",
]  # fmt: skip


class Readings(Everything):
    model = Reading
    scope = Everyone()


class Moments(Everything):
    model = Moment
    scope = Everyone()


class Blobs(Everything):
    model = Blob
    scope = Everyone()


def goes_round(served: Served, body: dict[str, Any], *, by: str = "ada") -> str:
    """Create a row, reach it by its Location in all ways, and delete it; return the Location."""
    created = served("POST", "/things", body, by=by)
    assert created.status_code == 201, (body, created.data)
    location = created.headers["Location"]
    read = served("GET", location, by=by)
    assert (read.status_code, read.get_json()) == (200, created.get_json()), location
    assert read.headers["ETag"] == created.headers["ETag"]
    changed = served("PATCH", location, {"text": "changed"}, by=by)
    assert (changed.status_code, changed.get_json()["text"]) == (200, "changed"), location
    assert served("DELETE", location, by=by).status_code == 204
    assert served("GET", location, by=by).status_code == 404
    return location


def test_texts_of_all_kinds(serve: Serve) -> None:
    served = serve(PlainResource)
    for odd in ODD:
        goes_round(served, {"id": f"{odd}{uuid.uuid4().hex}"})
        goes_round(served, {"id": odd})


@settings(max_examples=60)
@example("a\x00b")
@given(st.text(min_size=1, max_size=40) | st.text(st.characters(max_codepoint=0x7F), min_size=1))
def test_any_text_is_reached_or_refused(plain: Served, text: str) -> None:
    created = plain("POST", "/things", {"id": text})
    if created.status_code == 201:
        location = created.headers["Location"]
        assert plain("GET", location).get_json() == created.get_json()
        assert plain("DELETE", location).status_code == 204
    else:
        assert created.status_code in (400, 422), created.data


@pytest.fixture
def plain(serve: Serve) -> Served:
    return serve(PlainResource)


@pytest.mark.parametrize(
    "number", [0, 17, -3, 1.5, -0.125, 1e-7, 1e20, 1e25, 2**53 + 1, 12345678901234567890]
)
def test_numbers(serve: Serve, number: float) -> None:
    location = goes_round(serve(Readings), {"number": number})
    assert "e" not in location.lower()


def test_what_is_no_number_is_the_address_of_nothing(serve: Serve) -> None:
    served = serve(Readings)
    served("POST", "/things", {"number": 1})
    for odd in ("x", "", "1e0", "0x1", "1_0", " 1", "+1", "01", "1.", "NaN", "Infinity", "9" * 200, "１"):
        assert served("GET", f"/things/{odd}").status_code in (404,), odd
    served("DELETE", "/things/1")


@pytest.mark.parametrize(
    "moment", ["2026-01-01T00:00:00Z", "2026-01-01T01:30:00.123456+01:30", "0999-01-01T00:00:00Z"]
)
def test_times(serve: Serve, moment: str) -> None:
    location = goes_round(serve(Moments), {"at": moment})
    expected = datetime.fromisoformat(moment).astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert location == f"/things/{expected.replace(':', '%3A')}"


def test_a_time_is_reached_in_any_zone(serve: Serve) -> None:
    served = serve(Moments)
    at = f"{2027 + uuid.uuid4().int % 5000}-01-01T00:00:00Z"
    served("POST", "/things", {"at": at})
    assert served("GET", f"/things/{at[:4]}-01-01T02:00:00%2B02:00").status_code == 200
    for odd in ("yesterday", f"{at[:4]}-01-01T00:00:00", f"{at[:4]}-01-01"):
        assert served("GET", f"/things/{odd}").status_code == 404
    served("DELETE", f"/things/{at}")


@pytest.mark.parametrize("content", [b"\x00", b"\xff\xfe/?", b"abc", bytes(range(256))])
def test_bytes(serve: Serve, content: bytes) -> None:
    location = goes_round(serve(Blobs), {"digest": b64encode(content).decode()})
    assert location == f"/things/{urlsafe_b64encode(content).decode().rstrip('=')}"


def test_keys_of_two_parts(serve: Serve) -> None:
    served = serve(StockResource)
    shop = f"Köln/{uuid.uuid4().hex}"
    created = served("POST", "/things", {"shop": shop, "sku": 17})
    location = created.headers["Location"]
    assert location == f"/things/{shop.replace('ö', '%C3%B6').replace('/', '%2F')}/17"
    assert served("GET", location).get_json() == {"shop": shop, "sku": 17, "left": 0}
    assert served("PATCH", location, {"left": 3}).get_json()["left"] == 3
    assert served("PATCH", location, {"sku": 3}).status_code == 422
    assert served("POST", "/things", {"shop": shop, "sku": 17.0}).status_code == 409
    assert served("GET", location.rpartition("/")[0]).status_code == 404
    assert served("GET", f"{location}/x").status_code == 404
    assert served("GET", f"{location[:-2]}18").status_code == 404
    assert set(served.document["paths"]) >= {"/things/{shop}/{sku}"}
    assert served("DELETE", location).status_code == 204


def test_the_hash_key_of_an_owner_is_no_part_of_the_address(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    created = served("POST", "/things", {"isbn": "a/b", "title": "x"}, by=owner)
    assert created.headers["Location"] == "/things/a%2Fb"
    assert set(served.document["paths"]) >= {"/things/{key}"}


@pytest.mark.parametrize("kind", [OwnedNotes, SharedNotes])
def test_rows_whose_owner_is_no_key(serve: Serve, kind: Any, owner: str, key: str) -> None:
    served = serve(kind)
    body = {"id": f"{key}/é"} if kind is OwnedNotes else {"id": f"{key}/é", "author": owner}
    location = goes_round(served, body, by=owner)
    assert location == f"/things/{key}%2F%C3%A9"


def test_long_keys_are_reached_or_refused(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    for size in (256, 257, 1024):
        for character in ("x", "/"):
            created = served("POST", "/things", {"isbn": character * size, "title": "x"}, by=owner)
            if created.status_code == 201:
                assert len(created.headers["Location"]) <= len("/things/") + 3000  # or servers refuse it
                read = served("GET", created.headers["Location"], by=owner)
                assert read.status_code == 200, (size, character)
            else:
                assert created.status_code == 422
                assert [one["pointer"] for one in created.get_json()["errors"]] == ["/isbn"]
    assert served("POST", "/things", {"isbn": "x" * 1024, "title": "x"}, by=owner).status_code == 409


def test_a_key_that_another_address_has_is_refused(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    for taken in ("stats", "sample", "group"):
        refused = served("POST", "/things", {"isbn": taken, "title": "x"}, by=owner)
        assert (refused.status_code, refused.get_json()["errors"][0]["pointer"]) == (422, "/isbn")


def test_pages_of_rows_with_keys_of_any_kind(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    keys = sorted({*ODD, "x" * 1000}, key=str.encode)
    for one in keys:
        served("POST", "/things", {"isbn": one, "title": "x", "price": 1}, by=owner)
    for sort in (None, "price", "-title"):
        found, cursor = [], None
        while cursor or not found:
            query = {name: value for name, value in (("cursor", cursor), ("sort_by", sort)) if value}
            page = served("GET", "/things", by=owner, limit=3, **query)
            assert page.status_code == 200, page.data
            found += [one["isbn"] for one in page.get_json()["items"]]
            cursor = page.get_json()["meta"]["next"]
        assert found == keys


class Named(Model):
    class Meta:
        table_name = "stock"

    caller = UnicodeAttribute(hash_key=True)
    sku = NumberAttribute(range_key=True)


def test_the_parts_of_an_address_have_names_of_their_own(make: Made) -> None:
    class Confusing(Everything):
        model = Named
        scope = Everyone()

    with pytest.raises(TypeError, match=r"Confusing\.model: a parameter of a path cannot be called caller"):
        make(Confusing)


def test_a_scope_that_fixes_the_whole_key_leaves_no_address(make: Made) -> None:
    class Lonely(PlainResource):
        scope = OwnedBy("id")

    with pytest.raises(TypeError, match="the scope fixes the whole key"):
        make(Lonely)
