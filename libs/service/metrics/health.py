"""Checks of health in numbers: what readiness finds, told to who asks for metrics."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from libs.service.health import Health


class HealthGauges(Collector):
    """Whether each check succeeds and how long it took, as the process that is asked finds at that moment.

    That takes as long as readiness may at most, a second, and is as often.
    """

    def __init__(self, health: Health) -> None:
        self._health = health

    def describe(self) -> Iterator[Metric]:
        """Nothing is checked when it is registered."""
        return iter(())

    def collect(self) -> Iterable[Metric]:
        """Return what is found."""
        ok = GaugeMetricFamily("health_check_ok", "Whether a check succeeds: 1, or 0.", labels=["check"])
        seconds = GaugeMetricFamily("health_check_seconds", "How long a check took.", labels=["check"])
        for name, found in self._health.look().items():
            ok.add_metric([name], float(found["ok"]))
            if "milliseconds" in found:
                seconds.add_metric([name], found["milliseconds"] / 1000)
        return ok, seconds
