"""Which language an answer is in: content negotiation by Accept-Language (RFC 9110 section 12.5.4)."""

from collections.abc import Collection

LONGEST = 500
"""Characters of the header that are read; browsers send fewer than 100."""


def best_language(accepted: str | None, languages: Collection[str], default: str) -> str:
    """Return the one of `languages` that a client likes best; `default` where it likes none of them.

    A range finds the language of its name, then the ones it begins with, step by step: ``de-AT`` finds
    ``de-at``, then ``de`` (RFC 4647 section 3.4). Of ranges with the same weight the first wins; ``*`` stands
    for `default`. A language with ``q=0`` is not wanted.

    :param accepted: the header; what cannot be read of it counts as not sent.
    :param languages: tags in small letters: ``en``, ``pt-br``.
    """
    weights = _weights((accepted or "")[:LONGEST])
    for name, weight in sorted(weights.items(), key=lambda one: -one[1]):
        if weight <= 0:
            break
        found = default if name == "*" else _lookup(name, languages)
        # `de;q=0, *` would have anything but German.
        if found is not None and weights.get(found, 1.0) > 0:
            return found
    return default


def _lookup(tag: str, languages: Collection[str]) -> str | None:
    while tag and tag not in languages:
        tag = tag.rpartition("-")[0]
        if len(tag) > 1 and tag[-2] == "-":  # a single letter begins an extension: it goes with what follows
            tag = tag[:-2]
    return tag or None


def _weights(header: str) -> dict[str, float]:
    """Return the weight of each range, in the order they were sent in."""
    found: dict[str, float] = {}
    for part in header.split(","):
        name, _, parameters = part.partition(";")
        name = name.strip().lower()
        if name and name.replace("-", "").replace("*", "").isascii():
            found.setdefault(name, _weight(parameters))
    return found


def _weight(parameters: str) -> float:
    """Return the weight that parameters give: 0 to 1, and 0 where it cannot be read."""
    name, _, value = parameters.partition("=")
    if name.strip().lower() != "q":
        return 1.0 if not parameters.strip() else 0.0
    try:
        weight = float(value.strip())
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0  # and not NaN
