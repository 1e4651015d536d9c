"""kombu's transports for Redis and Sentinel, mended in one place, and one for Redis Cluster.

In a cluster the queues of a service are keys of one slot, so on one node. kombu's transport for Redis works
there as it is, if it talks to that node and comes back to whichever has the slot after a failover.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from kombu.transport import virtual
from kombu.transport.redis import Channel, QoS, SentinelChannel, SentinelTransport, Transport
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import ClusterDownError, MovedError, ReadOnlyError, TryAgainError
from redis.retry import Retry

logger = logging.getLogger(__name__)

# Errors that Redis answers with, where it is full (OOM), has become a replica (READONLY, UNBLOCKED) or has
# taken rights away (NOPERM): the worker connects anew, as where there is no answer.
_LOST = (*Transport.connection_errors, redis.ResponseError)
_MOVED = (MovedError, ReadOnlyError, ClusterDownError, TryAgainError)


class _SlotConnection(redis.Connection):
    """A connection to the master of one slot, which is looked up with each connect.

    :param cluster_nodes: some nodes of the cluster, any of which knows.
    :param slot: the number of the slot.
    """

    def __init__(self, *, cluster_nodes: list[tuple[str, int]], slot: int, **kwargs: Any) -> None:
        self._nodes = cluster_nodes
        self._slot = slot
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]

    def _connect(self) -> Any:
        self.host, self.port = self._master()
        return super()._connect()  # type: ignore[no-untyped-call]

    def _master(self) -> tuple[str, int]:
        options: dict[str, Any] = {
            "socket_timeout": self.socket_timeout,
            "socket_connect_timeout": self.socket_connect_timeout,
            "retry": Retry(NoBackoff(), 0),
            "credential_provider": self.credential_provider,
            "username": self.username if self.credential_provider is None else None,
            "password": self.password if self.credential_provider is None else None,
            **self._lookup_options(),
        }
        for host, port in self._nodes:
            try:
                with redis.Redis(host=host, port=port, **options) as node:
                    found = _owner(node.execute_command("CLUSTER SLOTS"), self._slot)
            except (redis.RedisError, OSError):
                continue
            if found is not None:
                # A node that does not know its own name leaves it empty: it is the one that was asked.
                return found[0] or host, found[1]
        raise redis.ConnectionError("no node of the cluster knows who has the queues")

    def _lookup_options(self) -> dict[str, Any]:
        return {}

    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().read_response(*args, **kwargs)
        except _MOVED as error:
            # The next connect looks again.
            self.disconnect()  # type: ignore[no-untyped-call]
            raise redis.ConnectionError("the queues have moved to another node") from error


class _SlotSSLConnection(_SlotConnection, redis.SSLConnection):
    def _lookup_options(self) -> dict[str, Any]:
        options = {"ssl_cert_reqs": "required", "ssl_check_hostname": self.check_hostname}
        return {"ssl": True, "ssl_ca_certs": self.ca_certs, **options}


def _owner(slots: Any, slot: int) -> tuple[str, int] | None:
    """Return host and port of the master of `slot`, of what CLUSTER SLOTS has answered, raw or parsed."""
    if isinstance(slots, dict):
        for (first, last), node in slots.items():
            if first <= slot <= last:
                host, port = node["primary"][:2]
                return _text(host), int(port)
        return None
    for first, last, master, *_ in slots:
        if first <= slot <= last:
            return _text(master[0]), int(master[1])
    return None


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name or "")


class _FreeingQoS(QoS):
    """Of a message that Redis refuses to forget, the worker has its hands free all the same.

    Else it would take no more, being full of what it has done, and still count as alive. What Redis keeps it
    gives again after the visibility timeout, to be dropped.
    """

    def ack(self, delivery_tag: str) -> None:
        with self._freeing(delivery_tag):
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        with self._freeing(delivery_tag):
            super().reject(delivery_tag, requeue=requeue)  # type: ignore[no-untyped-call]

    @contextmanager
    def _freeing(self, delivery_tag: str) -> Iterator[None]:
        try:
            yield
        except redis.ResponseError:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]
            raise


class _Mended(Channel):
    QoS: Any = _FreeingQoS

    def waiting(self, queue: str) -> int:
        """Return how many messages are in `queue`, of all priorities."""
        return self._size(queue)  # type: ignore[no-any-return, no-untyped-call]

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        # A channel that is used once more after its connection was lost and closed, say by the end of a task,
        # would raise an AttributeError (kombu 5.7), which ends the whole worker; this has it reconnect.
        if getattr(self.connection, "client", None) is None:
            raise redis.ConnectionError("the connection to the broker is closed")
        params: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[no-untyped-call]
        return params

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # What is no message of kombu's, which would end the worker. It is out of its list by now.
            logger.error("a message that cannot be read is dropped", extra={"error": type(error).__name__})
            return True


class RedisChannel(_Mended):
    """A channel on one Redis."""


class RedisTransport(Transport):
    """Redis."""

    Channel = RedisChannel
    connection_errors: Any = _LOST


class MasterChannel(_Mended, SentinelChannel):
    """A channel on the master that Sentinels know."""


class MasterTransport(SentinelTransport):
    """Redis Sentinel."""

    Channel = MasterChannel
    connection_errors: Any = _LOST


class ClusterChannel(_Mended):
    """A channel on the node that has the slot of the key prefix."""

    connection_class: Any = _SlotConnection
    connection_class_ssl: Any = _SlotSSLConnection
    from_transport_options: Any = (*Channel.from_transport_options, "cluster_nodes")
    cluster_nodes: list[tuple[str, int]] = []

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        params = super()._connparams(asynchronous)
        slot = key_slot(self.global_keyprefix.encode())
        return {**params, "cluster_nodes": self.cluster_nodes, "slot": slot}


class ClusterTransport(Transport):
    """Redis Cluster, through the one node that has the queues."""

    Channel = ClusterChannel
    connection_errors: Any = _LOST
