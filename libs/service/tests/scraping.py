"""Reading what a process tells Prometheus."""

import httpx
from prometheus_client.parser import text_string_to_metric_families

from libs.service.testing import eventually

Numbers = dict[tuple[str, ...], float]
"""By name, and the values of the labels in the order of their names."""


def look(port: int) -> Numbers:
    """Return the numbers a process tells, by name and labels; nothing while it does not answer."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=10)
    except httpx.TransportError:
        return {}
    assert answer.status_code == 200
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def until(port: int, *key: str, value: float) -> Numbers:
    """Wait until a number is that high, and return them all."""

    def found() -> Numbers | None:
        told = look(port)
        return told if told.get(key, 0) >= value else None

    told = eventually(found, seconds=60)
    assert told is not None
    return told
