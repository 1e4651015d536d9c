"""The processes of a service: memory, CPU, files and age of each that lives."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

_COUNTED = "process_cpu_seconds"


class Processes(Collector):
    """What the kernel tells of each process at the moment somebody asks; nothing where there is no /proc.

    The label `process` is a small number that the next one takes over when a process has ended: 0 is the one
    that the others were forked from.

    :param living: returns the ids of the processes that live, by that number.
    """

    def __init__(self, living: Callable[[], Mapping[int, int]]) -> None:
        self._living = living

    def describe(self) -> Iterator[Metric]:
        """Nothing is read when it is registered."""
        return iter(())

    def collect(self) -> Iterable[Metric]:
        """Return the numbers of all processes."""
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for number, process in sorted(self._living().items()):
            told = ProcessCollector(pid=lambda process=process: process, registry=None)  # type: ignore[misc]
            for metric in told.collect():
                family = families.get(metric.name)
                if family is None:
                    kind = CounterMetricFamily if metric.name == _COUNTED else GaugeMetricFamily
                    family = kind(metric.name, metric.documentation, labels=["process"])
                    families[metric.name] = family
                for sample in metric.samples:
                    family.add_metric([str(number)], sample.value)
        return families.values()
