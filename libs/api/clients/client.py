"""The client of one service: each operation of its document is a method."""

import io
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar, overload

import httpx

from libs.api.clients.declared import Declared
from libs.api.clients.documents import ClientDocument, DocumentedOperation, documented_operations
from libs.api.clients.identity import forget_token, headers_of_call, token_to_send, with_next_token
from libs.api.clients.problems import InvalidAnswer, RemoteDetails, details_of, remote_problem, unavailable
from libs.api.clients.retries import IDEMPOTENT
from libs.api.clients.sending import Outgoing, Sender, UnreadableAnswer
from libs.api.clients.spans import call_span
from libs.api.clients.timing import Timeouts
from libs.api.clients.waiting import wait_for
from libs.api.clients.watching import ClientCall, ClientWatcher, watched
from libs.api.document.errors import ContractError, suggestion
from libs.api.objects.models import ApiModels
from libs.api.objects.object import ApiObject
from libs.api.wire.answers import NO_CONTENT, AnswerCheck
from libs.api.wire.bodies import Body
from libs.api.wire.media_types import declared_as, is_json, media_type_of
from libs.api.wire.paths import expand_path
from libs.errors import Fault, NotRecorded, Span, pointer

T = TypeVar("T", bound=ApiObject)

_NEVER = AnswerCheck(0, strict=False)
_NOT_GIVEN: Any = object()
_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_LARGEST_PORT = 65535
_LONGEST_CALL = 86_400


@dataclass(frozen=True)
class Answer:
    """What a call was answered.

    :param headers: by name, in any case: ``answer.headers["ETag"]``.
    :param value: what the call returns.
    """

    status: int
    headers: Mapping[str, str]
    value: Any


@dataclass(frozen=True)
class Options:
    """What holds for all calls of one service.

    :param timeouts: where a call says nothing else.
    :param answer_check: how many answers are checked against the contract.
    :ivar watchers: what is told of each call.
    """

    timeouts: Timeouts = field(default_factory=Timeouts)
    answer_check: AnswerCheck = _NEVER
    watchers: list[ClientWatcher] = field(default_factory=list)


class RemoteOperation:
    """One operation of another service, called with keyword arguments.

    They are its parameters by name, in Python's spelling (``If-Match`` is ``if_match``), and `body`: an
    object, or what has its JSON form. None is not sent. Beside them it takes, unless a parameter is called
    the same:

    - `auth`: the token to send instead of the present caller's; None sends none;
    - `timeout`: how many seconds the whole call may take;
    - `media_type`: of the body, where the contract takes several.

    :raises ContractError: with everything of the document's parameters, body and answers that cannot be put
        on the wire.
    """

    def __init__(
        self,
        source: ClientDocument,
        operation: DocumentedOperation,
        models: ApiModels,
        sender: Sender,
        url: str,
        options: Options,
    ) -> None:
        self._api, self._name = source.api, f"{source.api}.{operation.name}"
        self._operation = operation.name
        self._method, self._path = operation.method, operation.path
        declared = Declared.from_document(operation, source.document, source.place)
        self._parameters, self._body = declared.parameters, declared.body
        self._answers, self._redirects = declared.answers, declared.redirects
        self._takes_token = declared.takes_token
        self._ours = source.ours
        self._decorators = source.decorators.get(operation.name, ())
        self._models, self._sender, self._url, self._options = models, sender, url, options
        arguments = {one.argument for one in self._parameters} | ({"body"} if self._body else set())
        several = self._body is not None and len(self._body.media_types) > 1
        self._common = {"auth", "timeout", *(["media_type"] if several else [])} - arguments
        self._takes = (*sorted(arguments), *sorted(self._common))
        self._kinds = {one.argument: models.kind(one.node, one.argument, ("",)) for one in self._parameters}
        self._accept = "*/*"
        if self._answers is not None:
            wanted = (*self._answers.media_types(self._answers.status), "application/problem+json")
            self._accept = ", ".join(dict.fromkeys(wanted))

    def __repr__(self) -> str:
        return f"<{self._name}: {self._method} {self._path}>"

    def __call__(self, /, *unnamed: Any, **arguments: Any) -> Any:
        """Call it and return what it answers: objects of the contract, text, bytes, or None.

        :raises TypeError: for an argument it does not take, or that is missing.
        :raises ValueError: if the contract refuses an argument or the body; nothing is sent then.
        :raises RemoteProblem: if the service refuses the call: `RemoteNotFound`, `RemoteConflict` …
        :raises ServiceUnavailable: if it does not answer in time, answers 503, or is left alone for a while;
            `DeadlineExceeded` if it is the present request whose time is up.
        """
        return self.answer(*unnamed, **arguments).value

    def answer(self, /, *unnamed: Any, **arguments: Any) -> Answer:
        """Call it and return status and headers, too. It raises what calling it raises."""
        if unnamed:
            raise TypeError(
                f"{self._name}() takes its arguments by name: {', '.join(f'{one}=…' for one in self._takes)}"
            )
        for name in arguments:
            if name not in self._takes:
                raise TypeError(
                    f"{self._name}() has no parameter {name!r}{suggestion(name, self._takes)}; "
                    f"it takes {', '.join(self._takes)}"
                )
        given = {name: arguments.pop(name) for name in self._common if name in arguments}
        timeouts = self._options.timeouts
        if (seconds := given.get("timeout")) is not None:
            if isinstance(seconds, bool) or not isinstance(seconds, int | float):
                raise TypeError(f"{self._name}() takes seconds as timeout, no {type(seconds).__name__}")
            if not 0 < seconds <= _LONGEST_CALL:
                raise ValueError(f"{self._name}() timeout is not within 0 and {_LONGEST_CALL} seconds")
            timeouts = timeouts.whole_call(seconds)
        with call_span(self._api, self._method, self._path, self._url) as calling:
            return self._answer(arguments, given, timeouts, calling)

    def _answer(
        self,
        arguments: dict[str, Any],
        given: Mapping[str, Any],
        timeouts: Timeouts,
        calling: Span | NotRecorded,
    ) -> Answer:
        outgoing = self._outgoing(arguments, given)
        try:
            answer = self._watched(outgoing, timeouts, may_renew=self._takes_token and "auth" not in given)
        except UnreadableAnswer as error:
            raise InvalidAnswer(self._name, RemoteDetails(error.status), error.why) from None
        calling.set("http.response.status_code", answer.status_code)
        if answer.is_success or self._redirects & {str(answer.status_code), f"{answer.status_code // 100}XX"}:
            return Answer(answer.status_code, answer.headers, self._value(answer))
        calling.fail(str(answer.status_code))
        if answer.status_code == 503:
            raise unavailable(self._api, answer)
        raise remote_problem(self._name, answer)

    def _watched(self, outgoing: Outgoing, timeouts: Timeouts, *, may_renew: bool) -> httpx.Response:
        if not self._options.watchers:
            return self._sent(outgoing, timeouts, may_renew=may_renew)
        call = ClientCall(self._api, self._operation)
        try:
            with watched(call, outgoing.attempts, self._sender):
                answer = self._sent(outgoing, timeouts, may_renew=may_renew)
                call.answered(answer.status_code)
                return answer
        finally:
            for watcher in self._options.watchers:
                watcher(call)

    def _sent(self, outgoing: Outgoing, timeouts: Timeouts, *, may_renew: bool) -> httpx.Response:
        """Return the answer; where it refuses a token that was made for a task, that to a new one.

        Nothing was done yet, so it need not be idempotent.
        """
        deadline = time.monotonic() + timeouts.total
        answer = self._sender.send(outgoing, timeouts)
        if answer.status_code != 401:
            return answer
        forget_token(outgoing.headers)
        headers = (
            with_next_token(self._api, outgoing.headers) if may_renew and outgoing.is_replayable else None
        )
        left = deadline - time.monotonic()
        if headers is None or left <= 0:
            return answer
        return self._sender.send(replace(outgoing, headers=headers), replace(timeouts, total=left))

    def _outgoing(self, arguments: dict[str, Any], given: Mapping[str, Any]) -> Outgoing:
        body = arguments.pop("body", None)
        try:
            written = self._parameters.write(self._as_json(arguments))
            headers, content = list(written.headers), None
            if body is not None and self._body is not None:
                content_type, content = _written(self._body, body, given.get("media_type"))
                headers.append(("Content-Type", content_type))
            elif self._body is not None and self._body.required:
                raise TypeError("needs the parameter 'body'")
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self._name}() {error}") from None
        headers += headers_of_call(self._accept, headers)
        if self._takes_token:
            auth = given.get("auth", _NOT_GIVEN)
            token = token_to_send(self._api, ours=self._ours) if auth is _NOT_GIVEN else auth
            if token:
                headers.append(("Authorization", f"Bearer {token}"))
        path = expand_path(self._path, written.path)
        try:
            url = httpx.URL(f"{self._url}{path}?{written.query}" if written.query else f"{self._url}{path}")
        except httpx.InvalidURL:
            raise ValueError(f"{self._name}() makes a URL of more than 65536 characters") from None
        is_keyed = any(name.lower() == "idempotency-key" for name, _ in headers)
        return Outgoing(
            self._method,
            url,
            headers,
            content,
            self._method in IDEMPOTENT or is_keyed,
            self._decorators,
            tells_budget=self._ours,
        )

    def _as_json(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return Python values as what their schemas make of them, as objects take them."""
        faults: list[Fault] = []
        made = {
            name: one if name not in self._kinds else self._kinds[name].json(one, pointer(name), faults)
            for name, one in arguments.items()
        }
        if faults:
            raise ValueError("; ".join(f"{(one.pointer or '')[1:]}: {one.detail}" for one in faults))
        return made

    def _value(self, answer: httpx.Response) -> Any:
        if self._answers is None:
            return None
        status, content_type = answer.status_code, answer.headers.get("Content-Type", "")
        bodiless = self._method == "HEAD" or status in NO_CONTENT
        media_type = media_type_of(content_type)[0]
        declared = () if bodiless else self._answers.media_types(status)
        try:
            if declared and declared_as(media_type, declared) is None:
                raise ValueError(f"as {media_type[:100] or 'nothing'} and not as {' or '.join(declared)}")
            if declared and is_json(media_type) and not answer.content:
                raise ValueError("without the JSON it declares")
            received = self._answers.read(status, content_type, answer.content)
            self._options.answer_check.check(
                self._name,
                self._answers,
                status,
                content_type,
                None if bodiless else answer.content,
                answer.headers.multi_items(),
            )
            return None if bodiless else self._models.wrap(received.schema, received.value)
        except ValueError as error:
            raise InvalidAnswer(self._name, details_of(answer), str(error)) from None


class _Uncallable(RemoteOperation):
    """One that cannot be put on the wire, which whoever does not call it need not know."""

    def __init__(self, source: ClientDocument, operation: DocumentedOperation, faults: Sequence[str]) -> None:
        self._name = f"{source.api}.{operation.name}"
        self._method, self._path = operation.method, operation.path
        self._faults = faults

    def answer(self, /, *_: Any, **__: Any) -> Answer:
        """:raises ContractError: with everything that is wrong with it."""
        raise ContractError(*(f"{self._name} cannot be called: {one}" for one in self._faults))


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
                self._operations[one.name] = _Uncallable(source, one, error.faults)

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


def is_service_url(url: str) -> bool:
    """Tell whether a text is an address: http or https, without credentials, query and fragment."""
    if not _URL.fullmatch(url):
        return False
    try:
        address = httpx.URL(url)
        address.raw_host.decode("ascii").encode(
            "idna"
        )  # as looking it up does: no label is empty or too long
    except (httpx.InvalidURL, UnicodeError):
        return False
    return bool(address.host) and (address.port is None or 0 < address.port <= _LARGEST_PORT)


def _written(declared: Body, body: Any, media_type: str | None) -> tuple[str, bytes | Iterable[bytes]]:
    """Return the Content-Type and the bytes of a body.

    :raises TypeError: for what has no JSON form, or if a field of a form is an open file.
    :raises ValueError: see `Body.write`.
    """
    for name, one in body.items() if isinstance(body, Mapping) else ():
        if any(isinstance(item, io.IOBase) for item in (one if isinstance(one, list | tuple) else [one])):
            raise TypeError(
                f"body: {pointer(name)} is an open file, without a name and a media type: "
                'UploadedFile(file, "name.pdf", "application/pdf") has them'
            )
    try:
        return declared.write(body, media_type)
    except TypeError as error:
        raise TypeError(f"body: {error}") from None
