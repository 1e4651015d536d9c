"""Rings of keys, and the time they see."""

from services.auth.keys import KeyRing


class Clock:
    """The time, as all processes see it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def go(self, seconds: float) -> None:
        self.now += seconds


def kids(ring: KeyRing) -> list[str]:
    return [one["kid"] for one in ring.jwks()]
