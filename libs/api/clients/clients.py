"""The clients of the services that one service calls: ``clients.profiles.get_profile(profile_id="me")``."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from libs.api.clients.client import ApiClient
from libs.api.clients.documents import client_document
from libs.api.clients.operation import Options
from libs.api.clients.sending import MAX_ANSWER_BYTES, Sender
from libs.api.clients.timing import Timeouts
from libs.api.clients.transport import PooledTransport
from libs.api.clients.watching import ClientWatcher
from libs.api.document.errors import suggestion
from libs.api.document.files import APIS
from libs.api.wire.answers import AnswerCheck
from libs.resilience import CircuitBreaker, PoolWatchers, State


class Clients:
    """Call other services by their contracts; each is an attribute, or an item: ``clients["my-api"]``.

    A service declares which ones it calls, ``Service("auth", calls=["profiles"])``, and its handlers and
    tasks ask for `Clients`. A script makes its own::

        clients = Clients({"profiles": "http://127.0.0.1:8102"})
        profile = clients.profiles.get_profile(profile_id="me", auth=token)

    With every call go the request id, the trace and, where the operation asks for one, the token of the
    present caller. A redirect is not followed. Nothing is connected to before the first call.

    :param urls: where each service is.
    :param max_connections: at most so many to each service at once.
    :param max_answer_bytes: the longest answer that is read.
    :param answer_check: how many answers are checked against the contract; by default none.
    :param transports: other ways to send, such as `InProcess`, by service.
    :param folder: of the contracts.
    :raises ContractError: if a document cannot be read, or its words for clients are wrong.
    :raises ValueError: if an address is none, or a transport is for a service that has none.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        *,
        timeouts: Timeouts | None = None,
        max_connections: int = 20,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        answer_check: AnswerCheck | None = None,
        transports: Mapping[str, httpx.BaseTransport] | None = None,
        folder: Path = APIS,
    ) -> None:
        self._options = options = Options(
            timeouts or Timeouts(), answer_check or AnswerCheck(0, strict=False)
        )
        given = transports or {}
        self._pools: dict[str, PooledTransport] = {}
        for api in given:
            if api not in urls:  # its tests would call the real one, or nobody
                raise ValueError(f"there is a transport for {api!r}, but no address{suggestion(api, urls)}")
        for api, url in urls.items():
            if api not in given:
                tls = url.startswith("https:")
                self._pools[api] = PooledTransport(max_connections=max_connections, tls=tls)
        self._senders = {
            api: Sender(api, given.get(api) or self._pools[api], max_answer_bytes=max_answer_bytes)
            for api in urls
        }
        self._clients = {
            api: ApiClient(client_document(api, folder), url, self._senders[api], options)
            for api, url in urls.items()
        }

    def __getitem__(self, api: str) -> ApiClient:
        """:raises KeyError: if the service does not call that one."""
        try:
            return self._clients[api]
        except KeyError:
            raise KeyError(self._unknown(api)) from None

    if not TYPE_CHECKING:  # type checkers know by libs/api/typed.pyi what there is

        def __getattr__(self, api: str) -> Any:
            if api.startswith("_") or api not in self._clients:
                raise AttributeError(self._unknown(api), name=api, obj=self)
            return self._clients[api]

    def _unknown(self, api: str) -> str:
        return (
            f"{api!r} is not among the services that are called{suggestion(api, self._clients)}: "
            f"declare it, Service(…, calls=[{api!r}])"
        )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._clients]

    def names(self) -> list[str]:
        """Return the names of the services."""
        return sorted(self._clients)

    def circuits(self) -> dict[str, State]:
        """Return the state of each service's circuit breaker, for metrics and checks of health."""
        return {api: breaker.state for api, breaker in self.breakers().items()}

    def breakers(self) -> dict[str, CircuitBreaker]:
        """Return each service's circuit breaker."""
        return {api: sender.breaker for api, sender in self._senders.items()}

    def watch(self, watcher: ClientWatcher) -> None:
        """Have `watcher` told of each call when it is over; to be said before the first one."""
        self._options.watchers.append(watcher)

    def watch_pools(self, watchers: PoolWatchers) -> None:
        """Have the connections to each service watched; to be said before the first call."""
        for api, pool in self._pools.items():
            pool.watcher = watchers(f"api:{api}", pool.max_connections)

    def close(self) -> None:
        """Close the connections that are kept."""
        for sender in self._senders.values():
            sender.close()
