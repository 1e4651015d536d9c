"""Addresses of brokers: what they mean, and that a wrong one says why and quotes nothing."""

import traceback
from typing import Any

import pytest

from libs.tasks.broker.brokers import Broker, read_broker
from libs.tasks.broker.celery_app import make_celery


def read(url: str, **options: Any) -> Broker:
    return read_broker(url, key_prefix="test-todos:", **options)


@pytest.mark.parametrize(
    ("url", "kombu"),
    [
        ("redis://redis", "redis://redis:6379/0"),
        ("redis://redis:1/2", "redis://redis:1/2"),
        ("redis://:p%40ss@redis/0", "redis://:p%40ss@redis:6379/0"),
        ("rediss://user:pass@redis:6380/1", "redis://user:pass@redis:6380/1"),
        ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3"),
        ("unix://:p%40ss@/run/redis.sock", "redis+socket://:p%40ss@/run/redis.sock?virtual_host=0"),
        (
            "sentinel://:pass@a,b:26380/1?master=queues",
            "sentinel://:pass@a:26379/1;sentinel://:pass@b:26380/1",
        ),
        ("redis-cluster://a,b:7000", "redis-cluster://a:6379/0"),
        ("sqs://", "sqs://"),
        ("sqs://key:se%2Fcret@127.0.0.1:5000", "sqs://key:se%2Fcret@127.0.0.1:5000//"),
    ],
)
def test_an_address_is_told_to_kombu_in_its_own_words(url: str, kombu: str) -> None:
    assert read(url).url == kombu


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("amqp://:hunter2@rabbit", "starts with one of"),
        ("hunter2", "starts with one of"),
        ("redis://:hunter2@", "names no host"),
        ("redis://:hunter2@a,b", "many hosts"),
        ("redis://:hunter2@a:port", "names a host that is none"),
        ("redis://:hunter2@a/name", "database of Redis is a number"),
        ("rediss://:hunter2@a?ssl_cert_reqs=none", "options that rediss does not take"),
        ("sentinel://:hunter2@a", "which master"),
        ("redis-cluster://:hunter2@a/1", "no databases but 0"),
        ("sqs://?tls=perhaps&region=hunter2", "tls is on or off"),
        ("unix://hunter2", "unix:///path"),
        ("unix:///run/redis.sock?db=hunter2", "database of Redis is a number"),
        ("redis://:hunter2\u2100@a", "Not a URL"),
        ("redis://[hunter2]/", "Not a URL"),
        ("redis://me:12#hunter2@a/0", "is written %23"),
    ],
)
def test_what_is_no_address_says_why_and_quotes_nothing(url: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as caught:
        read(url)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "url", ["rediss://:hunter2@a", "sentinel://:hunter2@a?master=m&sentinel_password=hunter2"]
)
def test_a_broker_shows_nobody_its_password(url: str) -> None:
    assert "hunter2" not in repr(read(url))


@pytest.mark.parametrize("url", ["rediss://a", "sentinel://a?master=m&tls=on", "redis-cluster://a?tls=on"])
def test_with_tls_the_server_is_verified(url: str) -> None:
    joint = "&" if "?" in url else "?"
    told = read(f"{url}{joint}ssl_ca_certs=/ca.pem").use_ssl
    assert told == {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_ca_certs": "/ca.pem"}
    assert make_celery("todos", url, key_prefix="x", sweep_seconds=1).conf.broker_use_ssl


@pytest.mark.parametrize("url", ["redis://a", "sentinel://a?master=m", "redis-cluster://a", "sqs://"])
def test_no_message_is_given_to_a_second_worker_while_a_task_may_run(url: str) -> None:
    assert read(url, longest_seconds=3000).options["visibility_timeout"] > 3000
    assert read(url).options["visibility_timeout"] == 600


def test_a_message_whose_worker_died_is_looked_for_each_few_seconds() -> None:
    options = read("redis://a").options
    assert options["unacked_restore_interval"] * options["unacked_restore_throttle"] <= 5


def test_the_queues_of_a_cluster_are_on_one_node() -> None:
    assert read("redis-cluster://a").options["global_keyprefix"] == "{test-todos:}"


def test_a_name_of_a_queue_that_sqs_does_not_take_is_told() -> None:
    prefix = "test-todos-"
    fits = "q" * (80 - len(prefix))
    read("sqs://").check_queues(["todos", fits])
    with pytest.raises(ValueError, match=rf"80 characters .* {prefix}{fits}q has 81"):
        read("sqs://").check_queues(["todos", f"{fits}q"])
    read("redis://a").check_queues([fits * 3])


def test_sqs_is_asked_in_its_region_for_queues_with_names_it_takes() -> None:
    options = read("sqs://", region="eu-west-1").options
    assert (options["region"], options["queue_name_prefix"]) == ("eu-west-1", "test-todos-")
    assert read("sqs://?region=us-east-1", region="eu-west-1").options["region"] == "us-east-1"
    assert read("sqs://", longest_seconds=100_000).options["visibility_timeout"] == 43_200, "Amazon's limit"
