"""Entity tags of rows, and the conditions a client sends with them (RFC 9110 sections 8.8.3 and 13.1)."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from libs.errors import Fault, InvalidParameters, PreconditionRequired
from libs.resource.storable import json_value
from libs.resource.store.row import Row
from libs.resource.store.store import Store, Versions

# RFC 9110 section 5.6.1: a list may have empty elements, and two of its elements have a comma between them.
_AROUND, _BETWEEN = re.compile("[ \\t,]*"), re.compile("[ \\t]*,[ \\t,]*")
# Without what is behind the dot: a condition of a write is about what is stored, however it was shown. Tags
# from before they had it are versions alone.
_VERSION = re.compile(r"([1-9][0-9]{0,17})(?:\.(?:[0-9a-f]{8}|[0-9a-f]{32}))?")
_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


@dataclass(frozen=True)
class Tag:
    """An entity tag.

    A weak one says that two answers mean the same, not that nothing was written between them.
    """

    opaque: str
    weak: bool = False

    def __str__(self) -> str:
        return f'{"W/" * self.weak}"{self.opaque}"'


@dataclass(frozen=True)
class Conditions:
    """What a request says of the row it is about: the texts of both headers, None where one was not sent."""

    if_match: str | None = None
    if_none_match: str | None = None


IfMatch = Conditions | str | None
"""What a write is told of its conditions: the text of If-Match or, where there is an If-None-Match, both."""


def conditions_of(if_match: IfMatch) -> Conditions:
    """Return the conditions of a write.

    :raises InvalidParameters: if its If-None-Match is no list of entity tags.
    """
    made = if_match if isinstance(if_match, Conditions) else Conditions(if_match)
    if made.if_none_match is not None:
        parse_tags(made.if_none_match, "If-None-Match")
    return made


def shape_of(schema: Mapping[str, Any]) -> str:
    """Return the digest of a representation's JSON schema, which its tags end with.

    So what a client has from before a deploy that shows more, less or otherwise is not taken for the same.
    """
    return _digest(schema)[:8]


def tag_of(store: Store, row: Row, shape: str, computed: Any = None) -> Tag:
    """Return the tag of a row: its version and the shape it is shown in, with a dot between them.

    Where the model has no version it is a weak one, a digest of all the row holds and of the shape.

    :param shape: see `shape_of`.
    :param computed: what is shown, where not all of it follows from what is stored: a digest of it takes the
        place of the shape.
    """
    version = store.version_of(row)
    if version is not None:
        return Tag(f"{version}.{shape if computed is None else _digest(computed)}")
    held = computed or {"": shape, **{name: row(name) for name in store.codec.attributes}}
    return Tag(_digest(held), weak=True)


def _digest(held: Mapping[str, Any]) -> str:
    # As JSON, which is the same for a row that was just made and for what is read of it, in every process.
    plain = {name: json_value(value) for name, value in held.items()}
    text = json.dumps(plain, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def parse_tags(text: str, header: str) -> tuple[Tag, ...] | None:
    """Return the tags of a condition; None for ``*``, which is any.

    :raises InvalidParameters: if it is no list of entity tags.
    """
    if text.strip() == "*":
        return None
    found: list[Tag] = []
    at = 0
    for part in _TAG.finditer(text):
        if not (_BETWEEN if found else _AROUND).fullmatch(text, at, part.start()):
            break
        found.append(Tag(part[2], weak=bool(part[1])))
        at = part.end()
    if not found or not _AROUND.fullmatch(text, at):
        fault = Fault('is no list of entity tags, like "1", "2"', parameter=header)
        raise InvalidParameters(errors=[fault])
    return tuple(found)


def is_known(tag: Tag, if_none_match: str | None) -> bool:
    """Tell whether a client that sent If-None-Match has what `tag` is of already (weak comparison)."""
    if if_none_match is None:
        return False
    tags = parse_tags(if_none_match, "If-None-Match")
    return tags is None or any(one.opaque == tag.opaque for one in tags)


def versions_wanted(if_match: str | None, *, required: bool, versioned: bool) -> Versions:
    """Return the versions an If-Match allows a row to have; None for any.

    Only strong tags match, so nothing does where the model has no version. Of a tag the version alone counts.

    :param required: whether a request without If-Match is refused.
    :raises PreconditionRequired: if it is.
    :raises InvalidParameters: if it is no list of entity tags.
    """
    if if_match is None:
        if required:
            raise PreconditionRequired("Send If-Match with the ETag of what you have seen.")
        return None
    tags = parse_tags(if_match, "If-Match")
    if tags is None:
        return None
    if not versioned:
        return ()
    return tuple(int(found[1]) for tag in tags if not tag.weak and (found := _VERSION.fullmatch(tag.opaque)))
