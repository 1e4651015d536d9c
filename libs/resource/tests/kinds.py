"""A model with an attribute of every kind, and bodies for it."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from pynamodb.attributes import (
    BinaryAttribute,
    BinarySetAttribute,
    BooleanAttribute,
    DynamicMapAttribute,
    JSONAttribute,
    ListAttribute,
    MapAttribute,
    NullAttribute,
    NumberAttribute,
    NumberSetAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
    VersionAttribute,
)
from pynamodb.models import Model

from libs.resource.query.derived import LowercaseAttribute


class Slug(UnicodeAttribute):
    """A kind of one's own that leaves to its base what its values are."""


class Line(MapAttribute[str, Any]):
    text = UnicodeAttribute()
    number = NumberAttribute(null=True)


class Address(MapAttribute[str, Any]):
    street = UnicodeAttribute()
    postcode = UnicodeAttribute(attr_name="zip", null=True)
    country = UnicodeAttribute(default="DE")
    moved_at = UTCDateTimeAttribute(null=True)
    lines = ListAttribute(of=Line, null=True)
    phones = UnicodeSetAttribute()
    seal = BinaryAttribute(legacy_encoding=False, null=True)


class Settings(DynamicMapAttribute):
    since = UTCDateTimeAttribute(attr_name="s", null=True)


class Everything(Model):
    class Meta:
        table_name = "everything"

    id = UnicodeAttribute(hash_key=True)
    text = UnicodeAttribute(attr_name="t")
    lower = LowercaseAttribute("text")
    slug = Slug(null=True, default="none")
    number = NumberAttribute(null=True, default=7)
    version = VersionAttribute()
    flag = BooleanAttribute(null=True)
    blob = BinaryAttribute(legacy_encoding=False, null=True)
    old_blob = BinaryAttribute(legacy_encoding=True, null=True)
    moment = UTCDateTimeAttribute(null=True)
    expires = TTLAttribute(null=True)
    document = JSONAttribute(null=True)
    anything = ListAttribute(null=True)
    texts = ListAttribute(of=UnicodeAttribute, null=True)
    blobs = ListAttribute(of=BinaryAttribute, null=True)
    address = Address(null=True)
    addresses = ListAttribute(of=Address, null=True, attr_name="places")
    settings = Settings(null=True)
    loose = MapAttribute(null=True)
    looser = DynamicMapAttribute(null=True)
    tags = UnicodeSetAttribute()
    numbers = NumberSetAttribute()
    blob_set = BinarySetAttribute(legacy_encoding=False)
    old_blob_set = BinarySetAttribute(legacy_encoding=True)
    nothing = NullAttribute(null=True)


def base64(content: bytes) -> str:
    return b64encode(content).decode()


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.integers(-(10**40), 10**40).filter(lambda n: len(str(abs(n)).rstrip("0")) <= 38),
    st.floats(-9.9e125, 9.9e125).filter(lambda n: n == 0 or abs(n) >= 1e-130),
    st.just(1e23),
    st.just(10**23),
)
blobs = st.binary(max_size=20).map(base64)
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(  # noqa: DTZ001
    lambda one: one.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=10)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
lines = st.fixed_dictionaries({"text": texts}, optional={"number": st.none() | numbers})
addresses = st.fixed_dictionaries(
    {"street": texts},
    optional={
        "postcode": st.none() | texts,
        "country": texts,
        "moved_at": st.none() | moments,
        "lines": st.none() | st.lists(lines, max_size=2),
        "phones": st.none() | st.lists(texts, max_size=3),
        "seal": st.none() | blobs,
    },
)
_reserved = ("self", "_user_instantiated")
loose = st.dictionaries(names.filter(lambda name: name not in _reserved), values, max_size=3)
optional = {
    "slug": texts,
    "number": numbers,
    "flag": st.booleans(),
    "blob": blobs,
    "old_blob": blobs,
    "moment": moments,
    "expires": moments,
    "document": values,
    "anything": st.lists(values, max_size=3),
    "texts": st.lists(texts, max_size=3),
    "blobs": st.lists(blobs, max_size=3),
    "address": addresses,
    "addresses": st.lists(addresses, max_size=2),
    "settings": st.builds(
        lambda rest, known: {**{k: v for k, v in rest.items() if k not in ("s", "since")}, **known},
        loose,
        st.fixed_dictionaries({}, optional={"since": moments}),
    ),
    "loose": loose,
    "looser": loose,
    "tags": st.lists(texts, max_size=4),
    "numbers": st.lists(numbers, max_size=4),
    "blob_set": st.lists(blobs, max_size=4),
    "old_blob_set": st.lists(blobs, max_size=4),
    "nothing": st.none(),
}
bodies = st.fixed_dictionaries(
    {"id": names, "text": texts}, optional={name: st.none() | one for name, one in optional.items()}
)
"""What a client may send."""

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**37, 10**40)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["\ud800", "2026-01-01T00:00:00z", "2026-01-01 00:00:00Z", "YQ==", "YQ", "", "self"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
"""What a client may send, too."""


@st.composite
def spoilt(draw: st.DrawFn) -> dict[str, Any]:
    """Return a body with junk somewhere in it."""
    body: dict[str, Any] = draw(bodies)
    names = st.sampled_from([*optional, "id", "text"])
    body.update(draw(st.dictionaries(names, junk, max_size=3)))
    member = st.sampled_from(["street", "postcode", "country", "moved_at", "lines", "phones", "seal", "more"])
    if isinstance(body.get("address"), dict):
        body["address"] = {**body["address"], **draw(st.dictionaries(member, junk, max_size=2))}
    return body
