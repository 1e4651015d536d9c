"""Geohash cells: places as text, so that an index can be asked for those near each other.

A geohash (Gustavo Niemeyer, 2008) halves the globe by turns, longitude first, five halvings a character;
what begins with ``u33`` lies in the cell ``u33``. A cell holds its western and southern edge and not its
eastern and northern one, but for those at 180° and 90°. All bounds are binary fractions of 45°: nothing is
rounded here.
"""

from collections.abc import Callable, Iterable, Sequence

MAX_PRECISION = 12
"""Characters; a cell of 12 is 37 mm by 19 mm at the equator. One of 9 is 4.8 m square, one of 5 is 4.9 km."""

_ALPHABET = "0123456789bcdefghjkmnpqrstuvwxyz"

Box = tuple[float, float, float, float]
"""West, south, east, north, in degrees; closed on all sides."""

Meets = Callable[[Sequence[Box]], Iterable[bool]]
"""Tells of each box whether what is to be covered has a point in it. It may say so of one that has none."""


def encode(longitude: float, latitude: float, precision: int) -> str:
    """Return the cell of `precision` characters that a position (degrees, in range) is in."""
    position = (longitude, latitude)
    low, high = [-180.0, -90.0], [180.0, 90.0]
    made, digit = "", 0
    for bit in range(5 * precision):
        axis = bit % 2
        middle = (low[axis] + high[axis]) / 2
        digit *= 2
        if position[axis] >= middle:
            low[axis] = middle
            digit += 1
        else:
            high[axis] = middle
        if bit % 5 == 4:
            made += _ALPHABET[digit]
            digit = 0
    return made


def box(cell: str) -> Box:
    """Return the bounds of a cell; of the empty one, the globe."""
    bounds = (-180.0, -90.0, 180.0, 90.0)
    for at, character in enumerate(cell):
        bounds = _part(bounds, at, _ALPHABET.index(character))
    return bounds


def cover(meets: Meets, precision: int, most: int) -> tuple[str, ...] | None:
    """Return disjoint cells of 1 to `precision` characters that hold all of a region.

    A cell that meets the region is split into those of its 32 parts that do as long as there are no more than
    `most` cells; the coarsest first, and of these the one that leaves the most out.

    :returns: None where not even the coarsest cells are few enough, or all of them would be taken.
    """
    level = _parts([""], meets)[""]
    if len(level) > most or len(level) == len(_ALPHABET):
        return None
    done: list[str] = []
    for _ in range(precision - 1):
        parts = _parts(level, meets)
        number = len(done) + len(level)
        finer: list[str] = []
        for cell in sorted(level, key=lambda cell: len(parts[cell])):
            within = parts[cell]
            if len(within) < len(_ALPHABET) and number - 1 + len(within) <= most:
                finer += within
                number += len(within) - 1
            else:
                done.append(cell)
        level = finer
    return tuple(sorted(done + level))


def cells_of(meets: Meets, precision: int, most: int) -> tuple[str, ...] | None:
    """Return the cells of exactly `precision` characters that hold all of a region.

    :returns: None where they are more than `most`.
    """
    level = [""]
    for _ in range(precision):
        level = [part for parts in _parts(level, meets).values() for part in parts]
        if len(level) > most:  # each of them has a part that meets the region, so they do not become fewer
            return None
    return tuple(sorted(level))


def _parts(cells: Sequence[str], meets: Meets) -> dict[str, list[str]]:
    """Return the parts of each cell that meet the region."""
    found: dict[str, list[str]] = {cell: [] for cell in cells}
    if not cells:
        return found
    parts = [cell + character for cell in cells for character in _ALPHABET]
    boxes = [
        _part(bounds, len(cell), digit) for cell in cells for bounds in (box(cell),) for digit in range(32)
    ]
    for part, is_met in zip(parts, meets(boxes), strict=True):
        if is_met:
            found[part[:-1]].append(part)
    return found


def _part(bounds: Box, at: int, digit: int) -> Box:
    """Return the bounds of one of the 32 parts of a cell of `at` characters: 8 by 4 and 4 by 8 by turns."""
    west, south, east, north = bounds
    column = digit >> 2 & 4 | digit >> 1 & 2 | digit & 1  # every other bit, from the first
    row = digit >> 2 & 2 | digit >> 1 & 1
    columns, rows = 8, 4
    if at % 2:
        column, row, columns, rows = row, column, rows, columns
    width, height = (east - west) / columns, (north - south) / rows
    return (
        west + column * width,
        south + row * height,
        west + (column + 1) * width,
        south + (row + 1) * height,
    )


def stretches(found: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Return cells, of which none is part of another, as stretches: first and last of those in a row."""
    made: list[tuple[str, str]] = []
    for cell in sorted(found):
        if made and _following(made[-1][1]) == cell:
            made[-1] = (made[-1][0], cell)
        else:
            made.append((cell, cell))
    return tuple(made)


def _following(cell: str) -> str | None:
    at = _ALPHABET.index(cell[-1]) + 1
    return cell[:-1] + _ALPHABET[at] if at < len(_ALPHABET) else None
