"""What Celery and kombu are told, where no test would fail if it were their default: the lease hides it."""

import subprocess
import sys

import pytest

from libs.tasks.broker.brokers import PING_TIMEOUT_SECONDS, read_broker
from libs.tasks.broker.celery_app import PAUSE_AFTER_FAILURE_SECONDS, WAIT_SECONDS, make_celery
from libs.tasks.broker.sqs import ANSWER_SECONDS


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", True),
        ("task_create_missing_queues", False),
        ("task_publish_retry", False),
        ("worker_enable_prefetch_count_reduction", False),
        ("worker_prefetch_multiplier", 1),
        ("worker_cancel_long_running_tasks_on_connection_loss", False),
        ("broker_connection_max_retries", None),
        ("broker_connection_retry_on_startup", True),
    ],
)
def test_celery_is_told(setting: str, value: object) -> None:
    app = make_celery("todos", "redis://a", key_prefix="x", sweep_seconds=1)
    assert getattr(app.conf, setting) == value


@pytest.mark.parametrize("url", ["redis://a", "unix:///a", "sentinel://a?master=m", "redis-cluster://a"])
@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("socket_connect_timeout", 1.0),
        ("socket_timeout", 2.0),
        ("socket_keepalive", True),
        ("health_check_interval", 10),
        ("retry_on_timeout", False),
        ("max_retries", 0),
    ],
)
def test_kombu_is_told(url: str, option: str, value: object) -> None:
    told = make_celery("todos", url, key_prefix="x", sweep_seconds=1).conf.broker_transport_options
    assert told[option] == value
    assert read_broker(url, key_prefix="x").options[option] == value


def test_sqs_has_as_long_for_a_call_as_is_documented() -> None:
    options = read_broker("sqs://", key_prefix="x").options
    assert options["wait_time_seconds"] + ANSWER_SECONDS == 15, "docs/tasks.md"
    assert (
        options["client-config"] | {"connect_timeout": 1.0, "read_timeout": 2.0} == options["client-config"]
    )


def test_a_broker_is_waited_for_by_a_request_and_a_check_as_long_as_is_documented() -> None:
    """In docs/tasks.md and docs/protection.md, with the time-outs above."""
    assert (PAUSE_AFTER_FAILURE_SECONDS, WAIT_SECONDS, PING_TIMEOUT_SECONDS) == (5.0, 1.0, 0.5)


def test_only_who_makes_an_app_changes_what_kombu_uses() -> None:
    """In a process of its own, for this one has made some."""
    script = """
from kombu.transport import TRANSPORT_ALIASES
import libs.tasks.broker.brokers, libs.tasks.broker.celery_app as celery_app
assert TRANSPORT_ALIASES["redis"].startswith("kombu."), TRANSPORT_ALIASES["redis"]
for _ in range(2):
    app = celery_app.make_celery("todos", "redis://a", key_prefix="x", sweep_seconds=1)
    assert app.connection_for_write().transport_cls == "redis"
    assert type(app.connection_for_write().transport).__module__ == "libs.tasks.broker.transports"
"""
    subprocess.run([sys.executable, "-c", script], check=True)
