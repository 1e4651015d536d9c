"""Numbers that do not change while a process lives: what is running, and how much of it there is at most."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class Fact(Collector):
    """One such number.

    :param labels: what else there is to say of it.
    """

    def __init__(self, name: str, text: str, value: float, labels: Mapping[str, str] | None = None) -> None:
        self._labels = dict(labels or {})
        self._name, self._text, self._value = name, text, value

    def describe(self) -> Iterator[Metric]:
        """Nothing is read when it is registered."""
        return iter(())

    def collect(self) -> Iterable[Metric]:
        """Return it."""
        told = GaugeMetricFamily(self._name, self._text, labels=list(self._labels))
        told.add_metric(list(self._labels.values()), self._value)
        yield told
