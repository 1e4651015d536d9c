"""kombu's transports, mended."""

import os
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from kombu.transport import virtual

from libs.tasks.broker.celery_app import make_celery
from libs.tasks.broker.transports import ClusterTransport, MasterTransport, RedisTransport


def test_a_channel_used_after_its_connection_was_closed_asks_to_reconnect() -> None:
    app = make_celery("todos", os.environ["TEST_REDIS_URL"], key_prefix="test:", sweep_seconds=1)
    connection = app.connection_for_read()
    channel = connection.default_channel
    connection.close()
    with pytest.raises(redis.ConnectionError, match="closed") as caught:
        channel._create_client()
    assert isinstance(caught.value, connection.connection_errors), "a worker reconnects after those"


ON_REDIS = pytest.mark.parametrize("transport", [RedisTransport, MasterTransport, ClusterTransport])


@ON_REDIS
@pytest.mark.parametrize(
    "error", [redis.OutOfMemoryError, redis.ReadOnlyError, redis.exceptions.NoPermissionError]
)
def test_an_error_that_redis_answers_with_is_a_lost_connection(
    transport: Any, error: type[Exception]
) -> None:
    assert issubclass(error, transport.connection_errors)


@ON_REDIS
@pytest.mark.parametrize("end", ["ack", "reject"])
def test_a_message_that_redis_refuses_to_forget_leaves_its_place_to_the_next(
    transport: Any, end: str
) -> None:
    qos = transport.Channel.QoS(SimpleNamespace(do_restore=False), prefetch_count=1)
    virtual.QoS.append(qos, "a message", "tag")  # type: ignore[no-untyped-call]
    assert not qos.can_consume()

    def refused(*_: object) -> None:
        raise redis.ReadOnlyError("You can't write against a read only replica.")

    qos._remove_from_indices = refused
    with pytest.raises(redis.ReadOnlyError):
        getattr(qos, end)("tag")
    assert qos.can_consume()
