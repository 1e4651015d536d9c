"""The client of one service: each operation of its document is a method."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from libs.api.clients.documents import ClientDocument, documented_operations
from libs.api.clients.operation import Answer, Options, RemoteOperation, UncallableOperation
from libs.api.clients.sending import Sender
from libs.api.clients.urls import is_service_url
from libs.api.clients.waiting import wait_for
from libs.api.document.errors import ContractError, suggestion
from libs.api.objects.models import ApiModels
from libs.api.objects.object import ApiObject

T = TypeVar("T", bound=ApiObject)


class ApiClient:
    """The client of one service: each operation is a method, each schema a class.

    :param source: what it is made from.
    :param url: where the service is, without the base path of its contract: ``http://profiles:8080``.
    :param sender: what sends the requests.
    :raises ValueError: if `url` is no http or https URL, or holds credentials, a query or a fragment.
    """

    def __init__(
        self, source: ClientDocument, url: str, sender: Sender, options: Options | None = None
    ) -> None:
        if not is_service_url(url):
            raise ValueError(
                f"the address of {source.api} is not http(s)://host, without credentials and query"
            )
        self._api = source.api
        self._sender = sender
        self._longest = (options or Options()).timeouts.total
        self._models = ApiModels(source.document, source.api)
        self._operations: dict[str, RemoteOperation] = {}
        for one in documented_operations(source.document):
            try:
                self._operations[one.name] = RemoteOperation(
                    source, one, self._models, sender, url.rstrip("/"), options or Options()
                )
            except ContractError as error:
                self._operations[one.name] = UncallableOperation(source, one, error.faults)

    def __getitem__(self, operation_id: str) -> RemoteOperation:
        """Return an operation, also one whose name is none in Python.

        :raises KeyError: if there is none.
        """
        try:
            return self._operations[operation_id]
        except KeyError:
            near = suggestion(operation_id, self._operations)
            raise KeyError(f"{self._api} has no operation {operation_id!r}{near}") from None

    if TYPE_CHECKING:

        @overload
        def wait(
            self,
            operation: T,
            *,
            seconds: float = ...,
            progress: Callable[[T], object] | None = ...,
            auth: str | None = ...,
        ) -> T: ...
        @overload
        def wait(
            self,
            operation: str,
            *,
            seconds: float = ...,
            progress: Callable[[Any], object] | None = ...,
            auth: str | None = ...,
        ) -> Any: ...
        def wait(self, operation: Any, **_: Any) -> Any:
            """Return an operation that the service has started once it has succeeded; see `_wait`."""

    def _wait(
        self,
        operation: ApiObject | str,
        *,
        seconds: float = 60.0,
        progress: Callable[[Any], object] | None = None,
        **auth: str | None,
    ) -> Any:
        """Return an operation that the service has started (a 202) once it has succeeded.

        :param operation: what the call that started it has returned, or its id.
        :param seconds: how long to wait at most, or a second more.
        :param progress: is called with the operation whenever it has changed; what it raises ends that.
        :param auth: as for every call.
        :raises RemoteProblem: if it has failed: of the class of its problem, such as `RemoteNotFound`.
        :raises OperationCancelled: if it was cancelled.
        :raises OperationPending: (a `ServiceUnavailable`) if the time is up; it goes on all the same.
        :raises TypeError: if the service has no operations that can be waited for.
        """
        found = self._operations.get("get_operation")
        if found is None:
            raise TypeError(f"{self._api} has no get_operation, so nothing it does can be waited for")
        if unknown := sorted(auth.keys() - {"auth"}):
            raise TypeError(f"wait() takes operation, seconds, progress and auth, and no {unknown[0]!r}")
        operation_id = operation if isinstance(operation, str) else operation["id"]

        def look(left: float) -> Answer:
            return found.answer(operation_id=operation_id, timeout=min(left, self._longest), **auth)

        return wait_for(self._api, look, seconds=seconds, progress=progress, pause=self._sender.pause)

    if not TYPE_CHECKING:  # type checkers know by libs/api/typed.pyi what there is

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            if name in self._operations:
                return self._operations[name]
            schemas = self._models.names()
            if name in schemas:
                return self._models[name]
            if name == "wait":  # not a method, so that an operation of that name goes before it
                return self._wait
            near = suggestion(name, [*self._operations, *schemas])
            raise AttributeError(
                f"{self._api} has no operation and no schema {name!r}{near}", name=name, obj=self
            )

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), "wait", *self._operations, *self._models.names()]
