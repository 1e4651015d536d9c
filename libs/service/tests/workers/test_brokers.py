"""Every kind of broker, tried with a real one: work is done, and goes on after a failover."""

import functools
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from infra.local.ports import HOST
from infra.local.servers import redis_answers, redis_command
from infra.local.throwaway import reserved_port
from libs.service.testing import eventually
from libs.service.tests.workers import working

Make = Callable[..., Any]
AT_ONCE = ("--repl-diskless-sync-delay", "0")
"""Has a master not wait five seconds for more replicas."""


@pytest.fixture
def ports() -> Iterator[list[int]]:
    """Five free ports; each server of a cluster listens on a second one, 10,000 higher."""
    with ExitStack() as stack:
        yield [stack.enter_context(reserved_port()) for _ in range(5)]


def client(port: int) -> redis.Redis:
    return redis.Redis(host=HOST, port=port)


def does_its_work(work: Any, name: str) -> None:
    work.submit(working.work, name)
    work.wait_for(f"ended {name}", seconds=90)


# --- Sentinel


@pytest.fixture
def replicated(servers: Any, ports: list[int], tmp_path: Path) -> list[subprocess.Popen[bytes]]:
    """Start a master at the first port, a replica at the second and a Sentinel at the third."""
    master, replica, sentinel = ports[:3]
    started = [servers.start([*redis_command(master, None), *AT_ONCE], lambda: redis_answers(master))]
    command = [*redis_command(replica, None), "--replicaof", HOST, str(master)]
    started.append(servers.start(command, lambda: redis_answers(replica)))
    eventually(lambda: client(replica).info("replication")["master_link_status"] == "up")
    conf = tmp_path / "sentinel.conf"
    conf.write_text(
        f"port {sentinel}\nbind {HOST}\nsentinel monitor queues {HOST} {master} 1\n"
        "sentinel down-after-milliseconds queues 1000\nsentinel failover-timeout queues 3000\n"
    )
    program = redis_command(sentinel, None)[0]
    started.append(servers.start([program, str(conf), "--sentinel"], lambda: redis_answers(sentinel)))
    eventually(lambda: client(sentinel).sentinel_slaves("queues"), seconds=30)
    return started


def test_with_sentinels_work_goes_on_at_the_new_master(
    make_work: Make, replicated: list[subprocess.Popen[bytes]], ports: list[int]
) -> None:
    url = f"sentinel://{HOST}:{ports[2]}/0?master=queues"
    work = make_work(broker_url=url)
    with work.process("worker"), work.process("beat"):
        does_its_work(work, "before")
        assert work.running.broker.ping()
        replicated[0].kill()
        replicated[0].wait()
        work.all_final([work.submit(working.work, "meanwhile")])
        does_its_work(work, "after")
        assert work.running.broker.ping()
    assert client(ports[1]).info("replication")["role"] == "master"


# --- Cluster


@pytest.fixture
def clustered(servers: Any, ports: list[int], tmp_path: Path) -> list[int]:
    """Start two nodes that share the slots; return their ports."""
    nodes = ports[:2]
    for port in nodes:
        own = ["--cluster-enabled", "yes", "--cluster-config-file", f"nodes-{port}.conf"]
        own += ["--cluster-port", str(ports[2 + nodes.index(port)])]
        servers.start([*redis_command(port, None), *own], lambda port=port: redis_answers(port))
    first, second = (client(port) for port in nodes)
    first.execute_command("CLUSTER ADDSLOTSRANGE", 0, 8191)
    second.execute_command("CLUSTER ADDSLOTSRANGE", 8192, 16383)
    first.execute_command("CLUSTER MEET", HOST, nodes[1], ports[3])
    for node in (first, second):
        eventually(
            lambda node=node: node.execute_command("CLUSTER INFO")["cluster_state"] == "ok", seconds=30
        )
    return nodes


def test_in_a_cluster_work_is_done_and_goes_on_when_the_queues_have_moved(
    make_work: Make, clustered: list[int]
) -> None:
    work = make_work(broker_url=f"redis-cluster://{HOST}:{clustered[0]}")
    with work.process("worker"), work.process("beat"):
        for name in ("one", "two", "three"):
            does_its_work(work, name)
        slot = redis.crc.key_slot(work.running.broker.options["global_keyprefix"].encode())
        ids = [client(port).execute_command("CLUSTER MYID").decode() for port in clustered]
        taker = 0 if slot > 8191 else 1
        giver = client(clustered[1 - taker])
        work.running.celery.pool.force_close_all()
        names = list(giver.scan_iter(count=1000))
        giver.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", ids[taker])
        client(clustered[taker]).execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ids[1 - taker])
        for name in names:
            giver.execute_command("MIGRATE", HOST, clustered[taker], name, 0, 1000)
        for port in (clustered[taker], clustered[1 - taker]):
            client(port).execute_command("CLUSTER SETSLOT", slot, "NODE", ids[taker])
        work.all_final([work.submit(working.work, "moved")], seconds=90)


@pytest.fixture
def one_node_and_its_replica(servers: Any, ports: list[int]) -> subprocess.Popen[bytes]:
    """Start a cluster of a master, at the first port, and its replica, at the second; return the master."""
    started = []
    for n, port in enumerate(ports[:2]):
        own = ["--cluster-enabled", "yes", "--cluster-config-file", f"nodes-{port}.conf"]
        own += ["--cluster-port", str(ports[2 + n]), *AT_ONCE]
        answers = functools.partial(redis_answers, port)
        started.append(servers.start([*redis_command(port, None), *own], answers))
    master, replica = (client(port) for port in ports[:2])
    master.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
    replica.execute_command("CLUSTER MEET", HOST, ports[0], ports[2])
    name = master.execute_command("CLUSTER MYID").decode()
    eventually(lambda: name in str(replica.execute_command("CLUSTER NODES")))
    eventually(lambda: replica.execute_command("CLUSTER INFO")["cluster_state"] == "ok", seconds=30)
    replica.execute_command("CLUSTER REPLICATE", name)
    eventually(lambda: replica.info("replication").get("master_link_status") == "up", seconds=30)
    return started[0]


def test_in_a_cluster_work_goes_on_at_the_replica_of_a_node_that_died(
    make_work: Make, one_node_and_its_replica: subprocess.Popen[bytes], ports: list[int]
) -> None:
    work = make_work(broker_url=f"redis-cluster://{HOST}:{ports[0]},{HOST}:{ports[1]}")
    with work.process("worker"), work.process("beat"):
        does_its_work(work, "before")
        one_node_and_its_replica.kill()
        one_node_and_its_replica.wait()
        assert work.running.broker.ping(), "the other node answers"
        meanwhile = work.submit(working.work, "meanwhile")
        # With three masters the others would decide so.
        client(ports[1]).execute_command("CLUSTER FAILOVER", "TAKEOVER")
        eventually(lambda: client(ports[1]).info("replication")["role"] == "master")
        work.all_final([meanwhile])


# --- TLS


@contextmanager
def tls_in_front_of(port: int, certificate: Path) -> Iterator[int]:
    """Speak TLS at another port and pass on what is said."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def pass_on(source: Any, to: Any) -> None:
        try:
            while data := source.recv(65536):
                to.sendall(data)
        except OSError:
            pass
        for end in (source, to):
            end.close()

    def serve(server: socket.socket) -> None:
        while True:
            try:
                plain, _ = server.accept()
            except OSError:
                return
            try:
                secure = context.wrap_socket(plain, server_side=True)
            except OSError:
                continue
            behind = socket.create_connection((HOST, port))
            for pair in ((secure, behind), (behind, secure)):
                threading.Thread(target=pass_on, args=pair, daemon=True).start()

    with socket.create_server((HOST, 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def test_with_tls_work_is_done_and_a_server_nobody_vouches_for_is_refused(
    make_work: Make, servers: Any, ports: list[int], certificate: Path
) -> None:
    servers.start(redis_command(ports[0], None), lambda: redis_answers(ports[0]))
    with tls_in_front_of(ports[0], certificate) as port:
        work = make_work(broker_url=f"rediss://{HOST}:{port}/0?ssl_ca_certs={certificate}")
        with work.process("worker"):
            does_its_work(work, "one")
        stranger = make_work(broker_url=f"rediss://{HOST}:{port}/0")
        with pytest.raises(redis.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
            stranger.running.broker.ping()
