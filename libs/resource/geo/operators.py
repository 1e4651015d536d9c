"""How places are compared: the ``$geo.*`` operators of the where language, over GeoJSON geometries.

::

    {"place": {"$geo.within": {"type": "Polygon", "coordinates": [[[13, 52], [14, 52], [14, 53], [13, 52]]]}}}
    {"place": {"$geo.dwithin": {"geometry": {"type": "Point", "coordinates": [13, 52]}, "distance": 1000}}}

The field stands to the left: ``$geo.within`` is ``ST_Within(place, operand)`` in PostGIS. All but
``$geo.dwithin`` compare in the plane of longitude and latitude, where 180° and -180° are two meridians.
``$geo.dwithin`` is in metres on a sphere, across the antimeridian and the poles: from the nearest point of
one geometry to that of the other, edges being straight in degrees; what lies inside a polygon is at no
distance from it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from libs.resource.geo.cells import Box, Meets, cells_of, cover, encode
from libs.resource.geo.geojson import KINDS, GeometryFault, structure_faults
from libs.resource.geo.sphere import LARGEST_DISTANCE, Edges, haversine, haversine_between, near

JSON = Mapping[str, Any]

MOST_CELLS = 24
"""That a region is covered by, where nothing else is said: as many queries it takes to read them."""

OPERAND_TYPES = {"POINT": "Point", "LINE": "LineString", "LINESTRING": "LineString", "POLYGON": "Polygon"}
"""What the types of GeoJSON may be called in an operand, beside their own names: as in Emmett-REST."""

# By what the operand, which is prepared, has to be to the value: its own relation the other way round.
_RELATIONS: Mapping[str, Callable[[BaseGeometry, BaseGeometry], Any]] = {
    "$geo.contains": shapely.within,
    "$geo.equals": shapely.equals,
    "$geo.intersects": shapely.intersects,
    "$geo.overlaps": shapely.overlaps,
    "$geo.touches": shapely.touches,
    "$geo.within": shapely.contains,
}

# The edges of a box, by the places of their ends in (west, south, east, north).
_OUTLINE = (0, 1, 2, 1, 2, 1, 2, 3, 2, 3, 0, 3, 0, 3, 0, 1)

OPERATORS = (*_RELATIONS, "$geo.dwithin")


@dataclass(frozen=True, eq=False, slots=True)
class Operand:
    """What a value is compared with.

    :param geometry: GeoJSON, with the type as RFC 7946 names it.
    :param distance: metres; None unless it is for ``$geo.dwithin``.
    """

    geometry: JSON
    shape: BaseGeometry
    edges: Edges
    distance: float | None


def geometry(value: JSON) -> BaseGeometry:
    """Return the shape of a GeoJSON geometry whose structure is right; it is not kept, so keep it."""
    kind, coordinates = value["type"], value["coordinates"]
    if kind == "Point":
        return shapely.Point(coordinates)
    if kind == "LineString":
        return shapely.LineString(coordinates)
    return shapely.Polygon(coordinates[0], coordinates[1:])


def geometry_faults(value: Any, kinds: Sequence[str]) -> Iterator[GeometryFault]:
    """Yield what is wrong with `value`; nothing for a valid geometry of one of `kinds`."""
    faults = list(structure_faults(value, kinds))
    yield from faults
    if not faults and (reason := shapely.is_valid_reason(geometry(value))) != "Valid Geometry":
        yield GeometryFault(f"must be those of a valid {value['type']}: {reason}", ("coordinates",))


def parse_operand(operator: str, value: Any) -> Operand:
    """Return the operand of one of `OPERATORS`.

    :raises GeometryFault: (a ValueError) with the path and the first thing wrong, whatever `value` is.
    """
    if operator not in OPERATORS:
        raise GeometryFault("is not an operator")
    if operator != "$geo.dwithin":
        return _operand(value, None, ())
    if not isinstance(value, Mapping) or set(value) != {"geometry", "distance"}:
        raise GeometryFault("must be an object with geometry and distance")
    distance = value["distance"]
    is_number = isinstance(distance, int | float) and not isinstance(distance, bool)
    if not is_number or not 0 < distance <= LARGEST_DISTANCE:
        raise GeometryFault(f"must be metres: a number over 0, at most {LARGEST_DISTANCE:.0f}", ("distance",))
    return _operand(value["geometry"], float(distance), ("geometry",))


def matches(operator: str, value: JSON, operand: Operand) -> bool:
    """Tell whether the value of a field, a GeoJSON geometry, is to `operand` what `operator` says."""
    if operand.distance is not None:
        return _is_near(value, operand, operand.distance)
    if value["type"] == "Point" and operator in ("$geo.within", "$geo.intersects"):
        compare = shapely.contains_xy if operator == "$geo.within" else shapely.intersects_xy
        return bool(compare(operand.shape, *value["coordinates"]))
    return bool(_RELATIONS[operator](operand.shape, geometry(value)))


def covering(
    operator: str, operand: Operand, precision: int, most: int = MOST_CELLS
) -> tuple[str, ...] | None:
    """Return disjoint geohash prefixes, 1 to `precision` characters, of every Point that matches.

    Of Points only: what else matches may begin anywhere, so it takes a field that holds nothing else.

    :returns: () where no Point matches, None where they would be most of the globe or more than `most`.
    """
    return _cells(cover, operator, operand, precision, most)


def cells(operator: str, operand: Operand, precision: int, most: int = MOST_CELLS) -> tuple[str, ...] | None:
    """Return the geohashes of exactly `precision` characters of every Point that matches.

    :returns: () where no Point matches, None where they would be more than `most`.
    """
    return _cells(cells_of, operator, operand, precision, most)


def _operand(value: Any, distance: float | None, path: tuple[str, ...]) -> Operand:
    if isinstance(value, Mapping) and isinstance(kind := value.get("type"), str):
        value = {**value, "type": OPERAND_TYPES.get(kind, kind)}
    for fault in geometry_faults(value, KINDS):
        raise GeometryFault(fault.detail, (*path, *fault.path))
    shape = geometry(value)
    shapely.prepare(shape)
    return Operand(value, shape, _edges(value), distance)


def _edges(value: JSON) -> Edges:
    """Return the edges of a geometry; a Point is an edge without length."""
    kind, lines = value["type"], value["coordinates"]
    if kind != "Polygon":
        lines = [[lines, lines]] if kind == "Point" else [lines]
    rows = [[*start, *end] for line in lines for start, end in pairwise(line)]
    return np.radians(np.array(rows, dtype=np.float64))


def _is_near(value: JSON, operand: Operand, distance: float) -> bool:
    if value["type"] == operand.geometry["type"] == "Point":
        between = haversine_between(value["coordinates"], operand.geometry["coordinates"])
        return between <= haversine(distance)
    if shapely.intersects(operand.shape, geometry(value)):
        return True
    edges = _edges(value)
    return bool(near(edges, np.zeros(len(edges), dtype=np.intp), operand.edges, haversine(distance))[0])


def _cells(
    find: Callable[[Meets, int, int], tuple[str, ...] | None],
    operator: str,
    operand: Operand,
    precision: int,
    most: int,
) -> tuple[str, ...] | None:
    if operand.distance is not None:
        return find(lambda boxes: _near_boxes(boxes, operand), precision, most)
    region = operand.shape
    is_point = operand.geometry["type"] == "Point"
    if operator == "$geo.touches":
        region = shapely.boundary(region)
    nothing = operator == "$geo.overlaps" or (operator in ("$geo.contains", "$geo.equals") and not is_point)
    if nothing or region.is_empty:
        return ()
    if is_point:
        longitude, latitude = operand.geometry["coordinates"]
        return (encode(longitude, latitude, precision),)
    shapely.prepare(region)
    return find(lambda boxes: shapely.intersects(region, _boxes(boxes)), precision, most)


def _boxes(boxes: Sequence[Box]) -> Any:
    return shapely.box(*np.array(boxes).T)


def _near_boxes(boxes: Sequence[Box], operand: Operand) -> Any:
    """Tell of each box whether it may have a point within the distance of the operand."""
    found = shapely.intersects(operand.shape, _boxes(boxes))
    left = np.flatnonzero(~found)
    if not len(left):
        return found
    outlines = np.radians(np.array(boxes)[left])[:, _OUTLINE]
    # A little further, for what `near` leaves undecided and for the rounding of two ways to compute it.
    largest = haversine((operand.distance or 0) * (1 + 1e-6) + 1e-3)
    found[left] = near(outlines.reshape(-1, 4), np.repeat(np.arange(len(left)), 4), operand.edges, largest)
    return found
