"""Circuit breakers in numbers."""

from collections.abc import Mapping

from libs.resilience import State

STATES: Mapping[State, int] = {"closed": 0, "half-open": 1, "open": 2}
"""The higher the worse, so that of many processes the worst is told."""
