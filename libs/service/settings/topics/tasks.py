"""How tasks are brought to workers, and what workers are."""

from dataclasses import dataclass

from marshmallow.validate import Range

from libs.service.settings.declaring import Secret, setting
from libs.service.settings.validators import read_queues, readable
from libs.tasks.broker.brokers import BrokerAddress


@dataclass(frozen=True, kw_only=True)
class TaskSettings:
    """How tasks are brought to workers, and what workers are."""

    broker_url: Secret | None = setting(
        None,
        readable(BrokerAddress.read),
        help="The [broker](tasks.md#brokers), where it is Sentinel, a cluster, SQS, or another Redis "
        "than that.",
    )
    worker_concurrency: int = setting(2, Range(1, 64), help="Tasks a worker runs at once.")
    worker_queues: str | None = setting(
        None,
        readable(read_queues),
        help="The [queues](tasks.md#queues-and-workers) a worker reads: `default,slow`. All of its "
        "service if absent.",
    )
    worker_max_memory_mib: int = setting(
        256,
        Range(0),
        help="A worker's child that has grown larger is replaced after its task; `0`: never.",
        unit="MiB",
    )
    task_lease_seconds: float = setting(
        15.0,
        Range(1, 86_400),
        help="A worker silent for that long counts as dead. With less than 10 a single call that the "
        "database does not answer can be enough.",
        unit="seconds",
    )
    # With more, beat would not show in time that it lives, which it does at each sweep.
    task_sweep_seconds: float = setting(
        5.0,
        Range(0.2, 30),
        help="How often the relay looks for work that was lost; 30 at most, since beat shows at each "
        "look that it lives.",
        unit="seconds",
    )
