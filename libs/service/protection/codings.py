"""Content codings: which one a client wants, and compressing by it (RFC 9110 sections 8.4.1 and 12.5.3)."""

import re
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache

import brotli  # type: ignore[import-untyped]  # it has no types

BROTLI_FROM_BYTES = 128 * 1024
"""Smaller bodies gzip makes about as small, small ones in half the time; larger ones Brotli makes smaller in
less (docs/protection.md)."""
_GZIP_LEVEL = 4
_BROTLI_QUALITY = 4
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\Z")


def _gzip(body: bytes) -> bytes:
    # Not by the module gzip, which writes the time into it: the same body is the same bytes.
    compressor = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return compressor.compress(body) + compressor.flush()


def _brotli(body: bytes) -> bytes:
    compressed: bytes = brotli.compress(body, mode=brotli.MODE_TEXT, quality=_BROTLI_QUALITY)
    return compressed


CODINGS: Mapping[str, Callable[[bytes], bytes]] = {"br": _brotli, "gzip": _gzip}
"""What compresses, by the name it has in Content-Encoding."""


def preferred_coding(accepted: str, size: int) -> str | None:
    """Return the coding of a body for a client; None for one that is sent as it is.

    :param accepted: the header Accept-Encoding; what is none of its items is not looked at.
    :param size: bytes of the body. Of what a client likes as much it decides.
    """
    weights = _weights(accepted)
    ours = ("br", "gzip") if size >= BROTLI_FROM_BYTES else ("gzip", "br")
    best = max(ours, key=lambda name: weights.get(name, weights.get("*", 0.0)))
    weight = weights.get(best, weights.get("*", 0.0))
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else None


@lru_cache(maxsize=64)
def _weights(accepted: str) -> Mapping[str, float]:
    weights: dict[str, float] = {}
    for item in accepted.lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        name = "gzip" if name == "x-gzip" else name
        weight = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                weight = float(value) if _QUALITY.match(value.strip()) else 0.0
        if name:
            weights[name] = weight
    return weights
