"""Distances on the sphere, between points and between outlines whose edges are straight in degrees.

A straight edge in longitude and latitude is no great circle (the 60th parallel is one such edge), so there
is no formula for the distance to it. `near` bounds it from below instead, and halves the edges until it is
decided.
"""

import math

import numpy as np
import numpy.typing as npt

EARTH_RADIUS = 6_371_008.8
"""Metres; the mean radius R1 of the ellipsoid GRS 80 (Moritz 2000)."""

LARGEST_DISTANCE = math.pi * EARTH_RADIUS
"""Metres: half the circumference, from a point to the one opposite."""

Edges = npt.NDArray[np.float64]
"""A row for each edge: longitude and latitude of its start, then of its end, in radians."""

_PRECISION = 1e-7  # of the haversine; of the distance half of it: 50 µm in a kilometre
_MOST_PAIRS = 1 << 17
"""Of parts of edges looked at for one answer, beside those there are at first. More would be needed only for
outlines that run along each other for more than some 10,000 times what lies between them, and for zigzags
over the globe."""

_CURVATURE = math.sqrt(1.5) / 2
"""Along an edge that spans p by q (radians) as s goes from 0 to 1, a point on the sphere moves as x(s) with
|x''|² = p⁴ + q⁴cos²φ + 2p²q²(1 + sin²φ) <= 1.5 (p² + q²)², where p is in latitude. The haversine to a fixed
point y is (1 - x·y)/2, so the size of its second derivative is at most this times (p² + q²)."""


def haversine(metres: float) -> float:
    """Return the haversine of a distance on the Earth; 1 for half the circumference and beyond."""
    return math.sin(min(metres / (2 * EARTH_RADIUS), math.pi / 2)) ** 2


def haversine_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the haversine of the distance between two positions (longitude, latitude, in degrees)."""
    north, other_north = math.radians(one[1]), math.radians(other[1])
    east = math.radians(one[0] - other[0])
    return (
        math.sin((north - other_north) / 2) ** 2
        + math.cos(north) * math.cos(other_north) * math.sin(east / 2) ** 2
    )


def near(edges: Edges, owners: npt.NDArray[np.intp], other: Edges, largest: float) -> npt.NDArray[np.bool_]:
    """Tell of each owner whether an edge of its comes as near to one of `other` as `largest`, a haversine.

    Over a pair of parts of edges, the haversine is a smooth function of two parameters. By the error of
    bilinear interpolation it is nowhere smaller than at the four pairs of ends less an eighth of the second
    derivatives. Pairs of parts for which that is too far are left out; of the others the longer part is
    halved. What is undecided when parts are that small that it is a matter of 0.00001 % of `largest`, and
    what is after 131,072 pairs, counts as near.

    :param owners: the owner of each edge; they are numbered from 0, and each has an edge.
    """
    found = np.zeros(int(owners.max()) + 1, dtype=np.bool_)
    pairs = np.hstack([np.repeat(edges, len(other), axis=0), np.tile(other, (len(edges), 1))])
    whose = np.repeat(owners, len(other))
    looked_at = 0
    while len(pairs):
        nearest = _nearest_ends(pairs)
        found[whose[nearest <= largest]] = True
        spans_one = ((pairs[:, 2:4] - pairs[:, 0:2]) ** 2).sum(axis=1)
        spans_two = ((pairs[:, 6:8] - pairs[:, 4:6]) ** 2).sum(axis=1)
        slack = _CURVATURE / 8 * (spans_one + spans_two)
        undecided = (nearest - slack <= largest) & ~found[whose]
        if looked_at > _MOST_PAIRS:
            found[whose[undecided]] = True
            break
        found[whose[undecided & (slack <= _PRECISION * largest)]] = True
        undecided &= ~found[whose]
        pairs, whose = _halved(pairs[undecided], whose[undecided], (spans_one >= spans_two)[undecided])
        looked_at += len(pairs)
    return found


def _nearest_ends(pairs: Edges) -> npt.NDArray[np.float64]:
    """Return the smallest haversine between the ends of each pair of edges."""
    cosines = np.cos(pairs[:, 1::2])
    found = []
    for first in (0, 1):
        for second in (2, 3):
            east = np.sin((pairs[:, 2 * first] - pairs[:, 2 * second]) / 2)
            north = np.sin((pairs[:, 2 * first + 1] - pairs[:, 2 * second + 1]) / 2)
            found.append(north * north + cosines[:, first] * cosines[:, second] * east * east)
    nearest: npt.NDArray[np.float64] = np.minimum.reduce(found)
    return nearest


def _halved(
    pairs: Edges, whose: npt.NDArray[np.intp], first: npt.NDArray[np.bool_]
) -> tuple[Edges, npt.NDArray[np.intp]]:
    """Return the pairs with one edge halved: the first or the second."""
    starts, ends = pairs.copy(), pairs.copy()
    for at, chosen in ((0, first), (4, ~first)):
        middle = (pairs[chosen, at : at + 2] + pairs[chosen, at + 2 : at + 4]) / 2
        starts[chosen, at + 2 : at + 4] = middle
        ends[chosen, at : at + 2] = middle
    return np.vstack([starts, ends]), np.concatenate([whose, whose])
