"""Places in a model: an attribute for GeoJSON geometries, its field, and an attribute to index them by.

::

    place = GeometryAttribute(null=True)
    place_cell = CellAttribute("place")
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import orjson
from marshmallow import ValidationError, fields
from pynamodb.attributes import Attribute, JSONAttribute

from libs.resource.geo.cells import MAX_PRECISION, encode, stretches
from libs.resource.geo.geojson import KINDS, GeometryFault, geometry_schema
from libs.resource.geo.operators import (
    OPERAND_TYPES,
    OPERATORS,
    Operand,
    cells,
    covering,
    geometry_faults,
    matches,
    parse_operand,
)
from libs.resource.geo.sphere import LARGEST_DISTANCE
from libs.resource.query.derived import DerivedAttribute
from libs.resource.query.operators import Operator, by

_WHERE_OPERATORS: Mapping[str, Operator] = {
    name: Operator(name, "one", (dict,), by(partial(matches, name)), parse=partial(parse_operand, name))
    for name in OPERATORS
}
_OPERAND = geometry_schema(KINDS, OPERAND_TYPES)
_NEAR = {
    "type": "object",
    "required": ["geometry", "distance"],
    "additionalProperties": False,
    "properties": {
        "geometry": _OPERAND,
        "distance": {
            "type": "number",
            "description": "Metres.",
            "exclusiveMinimum": 0,
            "maximum": LARGEST_DISTANCE,
        },
    },
}
_WHERE_SCHEMAS = {name: _NEAR if name == "$geo.dwithin" else _OPERAND for name in OPERATORS}


class GeometryField(fields.Field[dict[str, Any]]):
    """A GeoJSON geometry; numbers stay as they were sent.

    :param kinds: which types it takes.
    :raises TypeError: for unknown kinds.
    """

    where_kind = dict
    where_operators = _WHERE_OPERATORS
    where_schemas = _WHERE_SCHEMAS

    def __init__(self, *, kinds: Sequence[str] = ("Point",), **options: Any) -> None:
        self.kinds = _known(kinds)
        described = {**geometry_schema(self.kinds), "description": "A GeoJSON geometry (RFC 7946)."}
        super().__init__(**{**options, "metadata": {**described, **(options.get("metadata") or {})}})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if faults := list(geometry_faults(value, self.kinds)):
            raise ValidationError(_nested(faults))
        return {"type": value["type"], "coordinates": value["coordinates"]}


class GeometryAttribute(JSONAttribute):
    """A GeoJSON geometry, stored as JSON text.

    :param kinds: which types it takes.
    :raises TypeError: for unknown kinds.
    """

    def __init__(self, kinds: Sequence[str] = ("Point",), **options: Any) -> None:
        super().__init__(**options)
        self.kinds = _known(kinds)

    def serialize(self, value: Any) -> str | None:
        """:raises ValueError: if it is no geometry of these kinds."""
        if value is None:
            return None
        for fault in geometry_faults(value, self.kinds):
            raise fault
        return orjson.dumps(value).decode()

    def deserialize(self, value: str) -> Any:
        return orjson.loads(value)

    def field(self, **options: Any) -> GeometryField:
        """Return the field of its representation."""
        return GeometryField(kinds=self.kinds, **options)


class CellAttribute(DerivedAttribute):
    """The geohash of a Point, to be the range key of an index, or, with few characters, its hash key.

    A line or a polygon has none, so it would not be found by the index: the source is to hold Points only.

    :param source: the name of the `GeometryAttribute`.
    :param precision: its characters, 1 to `MAX_PRECISION`.
    :raises TypeError: for another precision.
    """

    def __init__(self, source: str, precision: int = 9, **options: Any) -> None:
        if precision not in range(1, MAX_PRECISION + 1):
            raise TypeError(f"A geohash has 1 to {MAX_PRECISION} characters, not {precision!r}")
        super().__init__(source, **options)
        self.precision = precision

    def derive(self, value: Mapping[str, Any]) -> str | None:
        if value["type"] != "Point":
            return None
        longitude, latitude = value["coordinates"]
        return encode(longitude, latitude, self.precision)

    def prefixes(self, operator: str, operand: Any) -> tuple[str, ...] | None:
        return covering(operator, operand, self.precision) if isinstance(operand, Operand) else None

    def stretches(self, operator: str, operand: Any) -> tuple[tuple[str, str], ...] | None:
        found = self.prefixes(operator, operand)
        return None if found is None else stretches(found)

    def values(self, operator: str, operand: Any) -> tuple[str, ...] | None:
        return cells(operator, operand, self.precision) if isinstance(operand, Operand) else None

    def check_source(self, attribute: Attribute[Any]) -> None:
        """Check that the source is fit for it.

        :raises TypeError: unless it is a `GeometryAttribute` of Points only.
        """
        if getattr(attribute, "kinds", ()) != ("Point",):
            raise TypeError(f'{self.source} must be a GeometryAttribute of ("Point",): others have no cell')


def _known(kinds: Sequence[str]) -> tuple[str, ...]:
    if isinstance(kinds, str) or not kinds or not set(kinds) <= set(KINDS):
        raise TypeError(f"kinds must be some of {', '.join(KINDS)}, not {kinds!r}")
    return tuple(kinds)


def _nested(faults: Sequence[GeometryFault]) -> Any:
    """Return faults as marshmallow has them: lists of texts under the names and indexes of the path."""
    if not faults[0].path:
        return [fault.detail for fault in faults]
    nested: dict[str | int, Any] = {}
    for fault in faults:
        under = nested
        for part in fault.path[:-1]:
            under = under.setdefault(part, {})
        under.setdefault(fault.path[-1], []).append(fault.detail)
    return nested
