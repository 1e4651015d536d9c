"""A worker's proof that it consumes: what it sends to itself through the broker comes back.

Celery on Redis has been seen to live on after a lost connection, its event loop turning and its heart
beating, and to take no message any more. So a worker has a queue of its own beside those of the service, read
by the same channel, and sends a message there every few seconds. Only if it comes back is the file touched by
which the container's health check judges.

Two silences are no fault. A worker with as many tasks in hand as it may have takes no message, and their time
limits bound that. And where the broker itself does not answer, starting the worker again would mend nothing.

On SQS a worker has no queue of its own. There it lives as long as it goes on asking for messages.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from celery import Celery, bootsteps, signals
from kombu.entity import Exchange, Queue
from kombu.messaging import Consumer, Producer

from libs.resilience import between_forks

logger = logging.getLogger(__name__)

LOOP_SILENT_SECONDS = 30.0
"""Celery's own heart beats every 2 seconds, and SQS is asked again within 15; what was not so long hangs."""
QUEUE_EXPIRES_SECONDS = 300.0


class Pulse:
    """Sends, sees what comes back, and tells.

    :param name: of the queue.
    :param every: seconds between two messages.
    :param alive: called with each proof, in a thread of its own.
    :param echoes: False where workers cannot have queues of their own (SQS).
    """

    def __init__(
        self, app: Celery, name: str, *, every: float, alive: Callable[[], None], echoes: bool = True
    ) -> None:
        self._app = app
        self._queue = Queue(name, Exchange(""), name, durable=False, expires=QUEUE_EXPIRES_SECONDS)  # type: ignore[no-untyped-call]
        self._every = every
        self._alive = alive
        self._echoes = echoes
        self._looped_at = time.monotonic()
        self._echoed = threading.Event()
        self._stopped = threading.Event()
        self._connected = False
        self._full: Callable[[], bool] = lambda: False
        self._silent_seconds: Callable[[], float] = lambda: 0.0
        self._thread: threading.Thread | None = None

    def attach(self) -> None:
        """Have the worker that is made of the app next show its pulse."""
        signals.heartbeat_sent.connect(self._looped, weak=False)
        self._app.steps["worker"].add(_begin_step(self))
        self._app.steps["consumer"].add(_step(self))

    def stop(self) -> None:
        """Send no more."""
        self._stopped.set()

    def _looped(self, **_: Any) -> None:
        self._looped_at = time.monotonic()

    def begin(self) -> None:
        """Begin to beat, connected or not: a broker that is away at the start is no fault of the worker."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
            self._thread.start()

    def started(self, consumer: Any) -> Consumer | None:
        """Read the queue by the channel of Celery's consumer `consumer`, which has just connected."""
        tasks, own = consumer.task_consumer, None
        self._connected = True
        self._full = lambda: not tasks.channel.qos.can_consume()
        self._silent_seconds = getattr(tasks.channel, "silent_seconds", lambda: 0.0)
        if self._echoes:
            own = Consumer(tasks.channel, [self._queue], no_ack=True, on_message=partial(self._echo, tasks))  # type: ignore[no-untyped-call]
            own.consume()  # type: ignore[no-untyped-call]
        return own

    def lost(self) -> None:
        """Note that Celery's consumer has lost its connection, and looks for another."""
        self._connected = False

    def _echo(self, tasks: Consumer, _message: object) -> None:
        # A worker told to leave a queue alone (`cancel_consumer`) reads its own all the same.
        if all(tasks.consuming_from(queue) for queue in self._app.amqp.queues.consume_from):  # type: ignore[no-untyped-call]
            self._echoed.set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            started = time.monotonic()
            try:
                self.beat()
            except Exception:  # the thread must not end: without it the worker would count as dead
                logger.exception("no sign of life could be given")
            self._stopped.wait(max(self._every - (time.monotonic() - started), 0.1))

    def beat(self) -> None:
        """Ask for one proof, wait for it for as long as there is to the next beat, and tell."""
        if self._consumes() if self._echoes else self._asks():
            with between_forks():
                self._alive()

    def _consumes(self) -> bool:
        self._echoed.clear()
        # While the broker is away Celery's event loop stands still, and nothing is to be had of it.
        return not self._send() or ((self._echoed.wait(self._every) or self._full()) and self._turns())

    def _asks(self) -> bool:
        return not self._connected or (self._turns() and self._silent_seconds() < LOOP_SILENT_SECONDS)

    def _turns(self) -> bool:
        return time.monotonic() - self._looped_at < LOOP_SILENT_SECONDS

    @between_forks()
    def _send(self) -> bool:
        try:
            with self._app.connection_for_write() as connection:
                Producer(connection).publish(  # type: ignore[no-untyped-call]
                    {}, routing_key=self._queue.name, declare=[self._queue], serializer="json", retry=False
                )
        except Exception as error:  # noqa: BLE001 - whatever a broker raises
            logger.warning("the broker does not answer", extra={"error": type(error).__name__})
            return False
        return True


def _begin_step(pulse: Pulse) -> type[bootsteps.StartStopStep]:
    class BeginStep(bootsteps.StartStopStep):  # type: ignore[misc]
        # The children are forked by then, and the consumer, which comes last, has not tried to connect.
        requires = ("celery.worker.components:Pool",)

        def start(self, worker: Any) -> None:
            pulse.begin()

    return BeginStep


def _step(pulse: Pulse) -> type[bootsteps.StartStopStep]:
    class PulseStep(bootsteps.StartStopStep):  # type: ignore[misc]
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, consumer: Any, **options: Any) -> None:
            self._own: Consumer | None = None
            super().__init__(consumer, **options)

        def start(self, consumer: Any) -> None:
            self._own = pulse.started(consumer)

        def stop(self, consumer: Any) -> None:
            pulse.lost()
            own, self._own = self._own, None
            if own is not None:
                try:
                    own.cancel()  # type: ignore[no-untyped-call]
                except consumer.connection_errors:
                    logger.info("the broker is gone")

    return PulseStep
