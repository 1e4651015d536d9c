"""GeoJSON geometries (RFC 7946) as a client sends them: what is wrong with one, and where.

Taken are Point, LineString and Polygon. Positions are [longitude, latitude]; nothing is compared by height,
so an altitude is refused and not dropped. An edge is straight in degrees and does not cross the antimeridian.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Path = tuple[str | int, ...]

KINDS = ("Point", "LineString", "Polygon")

MAX_POSITIONS = 100
"""Of one geometry: what a comparison costs grows with them."""


_POSITION = {
    "type": "array",
    "description": "[longitude, latitude]",
    "prefixItems": [
        {"type": "number", "minimum": -180, "maximum": 180},
        {"type": "number", "minimum": -90, "maximum": 90},
    ],
    "items": False,
    "minItems": 2,
}


def _list_of(items: dict[str, Any], least: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "maxItems": MAX_POSITIONS}


_COORDINATES = {
    "Point": _POSITION,
    "LineString": _list_of(_POSITION, 2),
    "Polygon": _list_of(_list_of(_POSITION, 4), 1),
}


def geometry_schema(kinds: Sequence[str], also: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the JSON schema of a geometry of one of `kinds`: what it can say of one.

    :param also: further names of types, and the kinds they are.
    """
    names = {kind: [kind, *(name for name, of in (also or {}).items() if of == kind)] for kind in kinds}
    made = [
        {
            "type": "object",
            "required": ["type", "coordinates"],
            "additionalProperties": False,
            "properties": {
                "type": {"type": "string", "enum": names[kind]},
                "coordinates": _COORDINATES[kind],
            },
        }
        for kind in kinds
    ]
    return made[0] if len(made) == 1 else {"anyOf": made}


class GeometryFault(ValueError):
    """One thing wrong with a geometry; its text begins with the path: ``coordinates[0][1] must be …``.

    :param path: where it is, from the value on; empty for the value itself.
    """

    def __init__(self, detail: str, path: Path = ()) -> None:
        self.detail, self.path = detail, path
        super().__init__(f"{written(path)} {detail}".lstrip())


def written(path: Path) -> str:
    """Return a path as text: ``geometry.coordinates[0]``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def structure_faults(value: Any, kinds: Sequence[str]) -> Iterator[GeometryFault]:
    """Yield what is wrong with the members and coordinates of `value`; nothing for a geometry of `kinds`.

    Whether a polygon crosses itself is not looked at.
    """
    if not isinstance(value, Mapping):
        yield GeometryFault("must be a GeoJSON geometry: an object with type and coordinates")
        return
    if unknown := [name for name in value if name not in ("type", "coordinates")]:
        yield GeometryFault("is not known; a geometry has type and coordinates", (str(unknown[0]),))
        return
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in kinds:
        yield GeometryFault(f"must be {' or '.join(kinds)}", ("type",))
        return
    yield from _READERS[kind](value.get("coordinates"), ("coordinates",))


def _position(value: Any, path: Path) -> Iterator[GeometryFault]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        yield GeometryFault("must be [longitude, latitude], without an altitude", path)
        return
    for at, (name, bound) in enumerate((("longitude", 180), ("latitude", 90))):
        number = value[at]
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        if not is_number or not -bound <= number <= bound:
            yield GeometryFault(f"must be a {name}: a number from -{bound} to {bound}", (*path, at))


def _positions(value: Any, path: Path, *, least: int = 2) -> Iterator[GeometryFault]:
    if not isinstance(value, list | tuple) or len(value) < least:
        yield GeometryFault(f"must be a list of {least} or more positions", path)
    elif len(value) > MAX_POSITIONS:
        yield GeometryFault(f"must have at most {MAX_POSITIONS} positions", path)
    else:
        for at, position in enumerate(value):
            yield from _position(position, (*path, at))


def _rings(value: Any, path: Path) -> Iterator[GeometryFault]:
    if not isinstance(value, list | tuple) or not value:
        yield GeometryFault("must be a list of rings: the outline, then the holes", path)
        return
    rings = [ring for ring in value if isinstance(ring, list | tuple)]
    if len(value) > MAX_POSITIONS or sum(len(ring) for ring in rings) > MAX_POSITIONS:
        yield GeometryFault(f"must have at most {MAX_POSITIONS} positions", path)
        return
    for at, ring in enumerate(value):
        faults = list(_positions(ring, (*path, at), least=4))
        yield from faults
        if not faults and list(ring[0]) != list(ring[-1]):
            yield GeometryFault("must end with the position it begins with", (*path, at))


_READERS = {"Point": _position, "LineString": _positions, "Polygon": _rings}
