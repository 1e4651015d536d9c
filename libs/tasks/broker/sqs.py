"""kombu's transport for Amazon SQS, mended in one place.

Of kombu 5.7: a receive call has no time limit at all; one that fails for Amazon's fault ends the worker by an
AttributeError, and one that is refused (the queue was deleted, credentials have expired, too many calls) by
an Exception of no class of its own. Here the first is asked again after a pause, and for the others the
worker connects anew, which makes missing queues.
"""

import logging
import time
from typing import Any

import pycurl
from botocore.exceptions import ClientError
from kombu.asynchronous import set_event_loop
from kombu.asynchronous.aws.connection import AsyncHTTPSConnection
from kombu.asynchronous.aws.sqs.connection import AsyncSQSConnection
from kombu.transport.SQS import Channel, Transport

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 10.0
"""How much longer than it may wait for messages a receive call may take."""
PAUSE_SECONDS = 1.0
"""How long Amazon is not asked after a call has failed."""


class _BoundedCall(AsyncHTTPSConnection):
    """A call that ends, also where the connection is gone without a word."""

    def __init__(self, seconds: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self._seconds = seconds

    def getrequest(self) -> Any:
        request = super().getrequest()  # type: ignore[no-untyped-call]
        request.on_prepare = self._bound
        return request

    def _bound(self, curl: Any) -> None:
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(CONNECT_SECONDS * 1000))
        curl.setopt(pycurl.TIMEOUT_MS, int(self._seconds * 1000))


class _Calls(AsyncSQSConnection):
    def __init__(self, *args: Any, seconds: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._seconds = seconds

    def get_http_connection(self) -> _BoundedCall:
        return _BoundedCall(self._seconds, http_client=self._httpclient)

    def _for_status(self, response: Any, body: Any) -> Exception:
        return ConnectionError(f"SQS has refused a call: HTTP {response.status}")


class SqsChannel(Channel):
    """A channel on SQS."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._asked_at: dict[str, float] = {}
        self._calls: _Calls | None = None
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]

    def silent_seconds(self) -> float:
        """Return for how long one of its queues was not asked, nor left out because all hands are full."""
        now = time.monotonic()
        return max((now - asked for asked in list(self._asked_at.values())), default=0.0)

    def _schedule_queue(self, queue: str) -> None:
        self._asked_at[queue] = time.monotonic()
        super()._schedule_queue(queue)  # type: ignore[no-untyped-call]

    def asynsqs(self, queue: str | None = None) -> AsyncSQSConnection:
        if self._calls is None:
            told = self.get_message_attributes
            self._calls = _Calls(
                sqs_connection=self.sqs(queue=queue),  # type: ignore[no-untyped-call]
                region=self.region,
                message_system_attribute_names=told["MessageSystemAttributeNames"],
                message_attribute_names=told["MessageAttributeNames"],
                seconds=self.wait_time_seconds + ANSWER_SECONDS,
            )
        return self._calls

    def _on_messages_ready(self, queue: str, qname: str, messages: Any) -> int | None:
        if isinstance(messages, dict):
            found: int = super()._on_messages_ready(queue, qname, messages)  # type: ignore[no-untyped-call]
            return found
        logger.warning("SQS does not answer", extra={"queue": qname})
        return None

    def _loop1(self, queue: str, messages_fetched: int | None = 0) -> None:
        if messages_fetched is None:
            self.hub.call_later(PAUSE_SECONDS, self._schedule_queue, queue)  # type: ignore[union-attr]
        else:
            super()._loop1(queue, messages_fetched)  # type: ignore[no-untyped-call]


class SqsTransport(Transport):
    """Amazon SQS."""

    Channel = SqsChannel
    # A refused call is one to be made again later, as others that fail are: it may be for too many of them.
    connection_errors: Any = (*Transport.connection_errors, ClientError)

    def register_with_event_loop(self, connection: Any, loop: Any) -> None:
        # When a connection is lost the event loop forgets that it is the present one. A channel made after
        # that would have none, and never ask for a message.
        set_event_loop(loop)
        for channel in self._avail_channels:
            channel.hub = loop
