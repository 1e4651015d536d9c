"""kombu's transports, mended."""

import os

import pytest
import redis

from libs.tasks.broker.celery_app import make_celery


def test_a_channel_used_after_its_connection_was_closed_asks_to_reconnect() -> None:
    app = make_celery("todos", os.environ["TEST_REDIS_URL"], key_prefix="test:", sweep_seconds=1)
    connection = app.connection_for_read()
    channel = connection.default_channel
    connection.close()
    with pytest.raises(redis.ConnectionError, match="closed") as caught:
        channel._create_client()
    assert isinstance(caught.value, connection.connection_errors), "a worker reconnects after those"
