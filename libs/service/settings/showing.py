"""What is in force, for people: each setting, its value and where that came from; no secret."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any

from libs.service.settings.declaring import Secret
from libs.service.settings.every_service import Settings
from libs.service.settings.loading import Reading
from libs.service.settings.named_secrets import is_reference

MASK = "********"
"""As long for each secret, whatever its length is."""

WIDEST = 48
"""Characters of a column; what is longer moves the next one."""

# A password may have a comma in it, as a list of URLs has: then more is hidden than need be.
_CREDENTIALS = re.compile(r"(?<=://)\S*@")
_QUERY = re.compile(r"(?<=[?#])\S+")


def shown(reading: Reading[Settings]) -> str:
    """Return a table of keys, values and where they came from, in the order of docs/settings.md."""
    rows = [("key", "value", "from"), *_rows(reading)]
    widths = [min(max(len(row[at]) for row in rows), WIDEST) for at in range(2)]
    return "\n".join(f"{key:{widths[0]}}  {value:{widths[1]}}  {source}" for key, value, source in rows)


def masked(text: str) -> str:
    """Return a text without what URLs in it may carry of secrets: users, passwords, queries and fragments."""
    if "://" not in text:
        return text
    return _QUERY.sub(MASK, _CREDENTIALS.sub(f"{MASK}@", text))


def _rows(reading: Reading[Settings]) -> Iterator[tuple[str, str, str]]:
    for one in fields(reading.kind):
        told = reading.told.get(one.name)
        source = told.source if told else "nothing" if one.default is MISSING else "default"
        unfetched = told is not None and is_reference(told.value)
        value = "(not fetched)" if unfetched else _value(one.name, reading.values)
        yield one.name, value, _printable(source)


def _value(name: str, values: Mapping[str, Any]) -> str:
    if name not in values:
        return "(wrong)"
    match values[name]:
        case None:
            return "-"
        case bool() as value:
            return str(value).lower()
        case Secret():
            return MASK
        case value:
            return _printable(str(value))


def _printable(text: str) -> str:
    """Return a text that stays on one line, controls no terminal, and has no secret of a URL."""
    text = masked(text)
    return text if text.isprintable() else ascii(text)
