"""What the plain services take, beside types: the limits of /todos."""

from typing import Any

LARGEST_LIMIT = 100
TITLE, NOTES, TAG = (1, 200), (0, 2000), (1, 40)
"""The least and most characters of a text."""
MOST_TAGS = 20
PRIORITY, ESTIMATE = (1, 5), (0, 100_000)
STATES = ("active", "someday", "archived")


def is_point(place: Any) -> bool:
    """Tell whether a value is a GeoJSON Point (RFC 7946)."""
    if not isinstance(place, dict) or place.keys() != {"type", "coordinates"} or place["type"] != "Point":
        return False
    position = place["coordinates"]
    return (
        isinstance(position, list)
        and len(position) == 2
        and all(
            isinstance(one, int | float) and not isinstance(one, bool) and abs(one) <= most
            for one, most in zip(position, (180, 90), strict=True)
        )
    )
