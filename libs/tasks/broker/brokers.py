"""Brokers by their addresses: what Celery and kombu are told for each, and which failure that closes.

=============================================================  ==============================================
``redis://[user:password@]host[:port][/db]``, ``rediss://``    Redis or Valkey, plain or with TLS
``unix://[user:password@]/path[?db=0]``                        the same, by a socket file
``sentinel://[user:password@]host[,host]…[/db]?master=name``   the master that Redis Sentinels agree on
``redis-cluster://[user:password@]host[,host]…``               the node of a Redis Cluster that has the queues
``sqs://[key:secret@host:port]``                               Amazon SQS, or an emulator of it
=============================================================  ==============================================

With TLS the server's certificate is always verified; ``ssl_ca_certs=/path`` names who may have signed it.
``sentinel``, ``redis-cluster`` and ``sqs`` take ``tls=on``; ``sentinel`` takes ``sentinel_password=…``, the
Sentinels' own; ``sqs`` takes ``region=…``.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import kombu.transport
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

CONNECT_TIMEOUT_SECONDS = 1.0
SOCKET_TIMEOUT_SECONDS = 2.0
PING_TIMEOUT_SECONDS = 0.5
SHORTEST_VISIBILITY_SECONDS = 600
LONGEST_SQS_VISIBILITY_SECONDS = 43_200
PRIORITIES = 10

LONGEST_SQS_NAME = 80
"""Characters of a queue's name that Amazon takes."""

_TRANSPORTS = {
    "redis": "libs.tasks.broker.transports:RedisTransport",
    "sentinel": "libs.tasks.broker.transports:MasterTransport",
    "redis-cluster": "libs.tasks.broker.transports:ClusterTransport",
    "sqs": "libs.tasks.broker.sqs:SqsTransport",
}
_PORTS = {"redis": 6379, "rediss": 6379, "redis-cluster": 6379, "sentinel": 26379, "sqs": None}
_QUERY = {
    "redis": {"db"},
    "rediss": {"ssl_ca_certs", "db"},
    "unix": {"db"},
    "sentinel": {"master", "tls", "ssl_ca_certs", "sentinel_password"},
    "redis-cluster": {"tls", "ssl_ca_certs"},
    "sqs": {"region", "tls"},
}


@dataclass(frozen=True)
class BrokerAddress:
    """The parts of a broker's address.

    :param hosts: each with its port; none for ``unix`` and for Amazon's own SQS.
    :param path: of ``unix``, the socket file; else what comes after the host, such as Redis' database.
    """

    scheme: str
    hosts: tuple[tuple[str, int | None], ...] = ()
    path: str = ""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, url: str) -> "BrokerAddress":
        """Take a broker's address apart.

        :raises ValueError: if it is none; the message quotes nothing of it.
        """
        try:
            parts = urlsplit(url)
        except ValueError:  # its message quotes the URL
            raise ValueError("Not a URL.") from None
        scheme = parts.scheme.lower()
        if scheme not in _QUERY:
            raise ValueError(f"Not a broker's URL: it starts with one of {', '.join(sorted(_QUERY))}.")
        if parts.fragment:  # what comes before would be taken for host and port
            raise ValueError("A # in the URL is written %23.")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if unknown := set(query) - _QUERY[scheme]:
            told = ", ".join(sorted(_QUERY[scheme]))
            raise ValueError(
                f"The URL has {len(unknown)} options that {scheme} does not take; it takes {told}."
            )
        credentials, _, netloc = parts.netloc.rpartition("@")
        user, _, password = credentials.partition(":")
        hosts = tuple(_host(one, _PORTS.get(scheme)) for one in netloc.split(",") if one)
        address = cls(scheme, hosts, parts.path, unquote(user) or None, unquote(password) or None, query)
        address._check()
        return address

    def _check(self) -> None:
        if self.scheme == "unix":
            if self.hosts or len(self.path) < 2:
                raise ValueError("Not a path of a socket file: write unix:///path.")
        elif not self.hosts and self.scheme != "sqs":
            raise ValueError("The URL names no host.")
        if len(self.hosts) > 1 and self.scheme not in {"sentinel", "redis-cluster"}:
            raise ValueError(f"The URL names many hosts, which {self.scheme} does not take.")
        if self.scheme == "sentinel" and not self.query.get("master"):
            raise ValueError("The URL does not say which master: write sentinel://…?master=name.")
        database = self._database()
        if self.scheme == "redis-cluster" and database not in {"", "0"}:
            raise ValueError("A Redis Cluster has no databases but 0.")
        if self.scheme != "sqs" and database and not database.isdecimal():
            raise ValueError("The database of Redis is a number.")
        if self.query.get("tls", "off") not in {"on", "off"}:
            raise ValueError("tls is on or off.")

    @property
    def tls(self) -> bool:
        return self.scheme == "rediss" or self.query.get("tls") == "on"

    @property
    def database(self) -> int:
        """Redis' database."""
        return int(self._database() or 0)

    def _database(self) -> str:
        return self.query.get("db") or ("" if self.scheme == "unix" else self.path.strip("/"))


def _host(text: str, default: int | None) -> tuple[str, int | None]:
    try:
        parts = urlsplit(f"//{text}")
        name, port = parts.hostname, parts.port
    except ValueError:
        name = port = None
    if not name:
        raise ValueError("The URL names a host that is none.")
    return name, port or default


@dataclass(frozen=True)
class Broker:
    """What a Celery app is told of its broker.

    :param url: as kombu writes it; may hold a password.
    :param options: kombu's transport options.
    :param use_ssl: Celery's `broker_use_ssl`.
    :param echoes: whether each worker can have a short-lived queue of its own; on SQS that takes minutes.
    :param ping: raises where the broker does not answer within a second; None where nobody is asked.
    """

    url: str = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    use_ssl: Mapping[str, Any] | None = None
    echoes: bool = True
    ping: Callable[[], object] | None = field(default=None, repr=False)

    def check_queues(self, names: Iterable[str]) -> None:
        """Check that the broker takes queues of these names, as `queue_name` makes them.

        :raises ValueError: if one is too long.
        """
        prefix = self.options.get("queue_name_prefix")
        for name in sorted(names) if prefix is not None else ():
            if (length := len(f"{prefix}{name}")) > LONGEST_SQS_NAME:
                told = f"and {prefix}{name} has {length}"
                raise ValueError(f"SQS takes {LONGEST_SQS_NAME} characters of a queue's name, {told}.")


def use_own_transports() -> None:
    """Have kombu, in this process, use the transports of this folder. To call it again changes nothing."""
    kombu.transport.TRANSPORT_ALIASES.update(_TRANSPORTS)


def read_broker(
    url: str, *, key_prefix: str, longest_seconds: float = 0, region: str | None = None
) -> Broker:
    """Return what the address `url` means.

    :param key_prefix: what the names of keys, or on SQS of queues, start with.
    :param longest_seconds: how long the longest try of a task may take; a message is not shown to a second
        worker before that.
    :param region: that of SQS, if the address has none.
    :raises ValueError: if it is no broker's address; the message quotes nothing of it.
    """
    if url == "memory://":  # for tests
        return Broker(url, echoes=False)
    address = BrokerAddress.read(url)
    visible_after = max(SHORTEST_VISIBILITY_SECONDS, int(longest_seconds) + 60)
    if address.scheme == "sqs":
        return _sqs(address, key_prefix, min(visible_after, LONGEST_SQS_VISIBILITY_SECONDS), region)
    return _redis(address, key_prefix, visible_after)


def _redis(address: BrokerAddress, key_prefix: str, visible_after: int) -> Broker:
    options: dict[str, Any] = {
        "global_keyprefix": key_prefix,
        # One list for each priority; kombu's default has four for ten.
        "priority_steps": list(range(PRIORITIES)),
        # A message whose worker died is put back after that time. Sooner than a task may take, it would be
        # given to a second worker, again and again; the relay is sooner in any case.
        "visibility_timeout": visible_after,
        # kombu looks for such messages each 10 s × 10; with these each 5 s.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        # A server that is stalled, or gone without a word, must neither hang a request nor a worker.
        "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "socket_timeout": SOCKET_TIMEOUT_SECONDS,
        "socket_keepalive": True,
        "health_check_interval": 10,
        # A command that was sent and not answered is not sent again: it may have been done.
        "retry_on_timeout": False,
        "max_retries": 0,
    }
    use_ssl = _tls(address)
    if address.scheme == "unix":
        url = f"redis+socket://{_login(address)}{quote(address.path)}?virtual_host={address.database}"
        return Broker(url, options, ping=_pinging(address))
    scheme = {"rediss": "redis"}.get(address.scheme, address.scheme)
    login = _login(address)
    urls = [f"{scheme}://{login}{host}:{port}/{address.database}" for host, port in address.hosts]
    if address.scheme == "sentinel":
        options["master_name"] = address.query["master"]
        options["sentinel_kwargs"] = _sentinel_options(address)
    if address.scheme == "redis-cluster":
        # A name in braces decides alone which node has a key: all queues of a service are on one.
        options["global_keyprefix"] = f"{{{key_prefix}}}"
        options["cluster_nodes"] = list(address.hosts)
        urls = urls[:1]
    return Broker(";".join(urls), options, use_ssl, ping=_pinging(address))


def _login(address: BrokerAddress) -> str:
    if address.user is None and address.password is None:
        return ""
    return f"{quote(address.user or '', safe='')}:{quote(address.password or '', safe='')}@"


def _tls(address: BrokerAddress) -> dict[str, Any] | None:
    if not address.tls or address.scheme == "sqs":
        return None
    verified: dict[str, Any] = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
    if ca := address.query.get("ssl_ca_certs"):
        verified["ssl_ca_certs"] = ca
    return verified


def _sentinel_options(address: BrokerAddress) -> dict[str, Any]:
    told: dict[str, Any] = {
        "socket_timeout": SOCKET_TIMEOUT_SECONDS,
        "socket_connect_timeout": CONNECT_TIMEOUT_SECONDS,
    }
    if password := address.query.get("sentinel_password"):
        told["password"] = password
    if address.tls:
        told.update(ssl=True, **(_tls(address) or {}))
    return told


def _pinging(address: BrokerAddress) -> Callable[[], object]:
    """Return what asks the broker whether it is there. Nothing is connected to before it is called."""
    options: dict[str, Any] = {
        "socket_timeout": PING_TIMEOUT_SECONDS,
        "socket_connect_timeout": PING_TIMEOUT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
    }
    login: dict[str, Any] = {"username": address.user, "password": address.password, "db": address.database}
    tls: dict[str, Any] = {"ssl": True, **(_tls(address) or {})} if address.tls else {}
    if address.scheme == "unix":
        client = redis.Redis(unix_socket_path=address.path, **login, **options)
    elif address.scheme == "sentinel":
        asked = {**_sentinel_options(address), **options}
        master = Sentinel(list(address.hosts), sentinel_kwargs=asked, **options, **tls)  # type: ignore[no-untyped-call]
        client = master.master_for(address.query["master"], **login)  # type: ignore[no-untyped-call]
    else:
        told = {**login, **options, **tls}
        nodes = [redis.Redis(host=host, port=port or 6379, **told) for host, port in address.hosts]
        return _first_answer(nodes)
    return client.ping


def _first_answer(nodes: list[redis.Redis]) -> Callable[[], object]:
    """Return what asks one node after the other, until one answers."""

    def ping() -> object:
        for node in nodes[:-1]:
            with suppress(redis.RedisError):
                return node.ping()
        return nodes[-1].ping()

    return ping


def _sqs(address: BrokerAddress, prefix: str, visible_after: int, region: str | None) -> Broker:
    # Letters, digits, - and _ are all that a name may have; kombu turns the others into those.
    options: dict[str, Any] = {
        "region": address.query.get("region") or region,
        "queue_name_prefix": prefix.replace(":", "-"),
        "visibility_timeout": visible_after,
        # The call waits that long at Amazon's for a message; a drain waits for the call.
        "wait_time_seconds": 5,
        "polling_interval": 0,
        "client-config": {
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "read_timeout": SOCKET_TIMEOUT_SECONDS,
            "retries": {"total_max_attempts": 1, "mode": "standard"},
        },
        "max_retries": 0,
    }
    if not address.hosts:
        return Broker("sqs://", {**options, "is_secure": True}, echoes=False)
    options["is_secure"] = address.tls
    host, port = address.hosts[0]
    at = f"{host}:{port}" if port else host
    return Broker(f"sqs://{_login(address)}{at}//", options, echoes=False)
