"""One operation of another service, which is called like a function."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from libs.api.clients.declared import Declared
from libs.api.clients.documents import ClientDocument, DocumentedOperation
from libs.api.clients.identity import forget_token, with_next_token
from libs.api.clients.problems import InvalidAnswer, RemoteDetails, remote_problem, unavailable
from libs.api.clients.reading import AnswerReader
from libs.api.clients.sending import Outgoing, Sender, UnreadableAnswer
from libs.api.clients.spans import call_span
from libs.api.clients.timing import Timeouts
from libs.api.clients.watching import ClientCall, ClientWatcher, watched
from libs.api.clients.writing import RequestWriter
from libs.api.document.errors import ContractError, suggestion
from libs.api.objects.models import ApiModels
from libs.api.wire.answers import AnswerCheck
from libs.errors import NotRecorded, Span

_NEVER = AnswerCheck(0, strict=False)
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
        self._reading = AnswerReader(self._name, operation, declared.answers, models, options.answer_check)
        self._writing = RequestWriter(source, operation, declared, models, url, self._reading.accept)
        self._redirects, self._takes_token = declared.redirects, declared.takes_token
        self._sender, self._url, self._options = sender, url, options
        arguments, several = self._writing.arguments, self._writing.takes_media_type
        self._beside = {"auth", "timeout", *(["media_type"] if several else [])} - arguments
        self._takes = (*sorted(arguments), *sorted(self._beside))

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
        beside = {name: arguments.pop(name) for name in self._beside if name in arguments}
        timeouts = self._options.timeouts
        if (seconds := beside.get("timeout")) is not None:
            if isinstance(seconds, bool) or not isinstance(seconds, int | float):
                raise TypeError(f"{self._name}() takes seconds as timeout, no {type(seconds).__name__}")
            if not 0 < seconds <= _LONGEST_CALL:
                raise ValueError(f"{self._name}() timeout is not within 0 and {_LONGEST_CALL} seconds")
            timeouts = timeouts.whole_call(seconds)
        with call_span(self._api, self._method, self._path, self._url) as calling:
            return self._answer(arguments, beside, timeouts, calling)

    def _answer(
        self,
        arguments: dict[str, Any],
        beside: Mapping[str, Any],
        timeouts: Timeouts,
        calling: Span | NotRecorded,
    ) -> Answer:
        outgoing = self._writing.write(arguments, beside)
        try:
            answer = self._watched(outgoing, timeouts, may_renew=self._takes_token and "auth" not in beside)
        except UnreadableAnswer as error:
            raise InvalidAnswer(self._name, RemoteDetails(error.status), error.why) from None
        calling.set("http.response.status_code", answer.status_code)
        if answer.is_success or self._redirects & {str(answer.status_code), f"{answer.status_code // 100}XX"}:
            return Answer(answer.status_code, answer.headers, self._reading.read(answer))
        calling.fail(str(answer.status_code))
        if answer.status_code == 503:
            raise unavailable(self._api, answer)
        raise remote_problem(self._name, answer)

    def _watched(self, outgoing: Outgoing, timeouts: Timeouts, *, may_renew: bool) -> httpx.Response:
        if not self._options.watchers:
            return self._sent(outgoing, timeouts, may_renew=may_renew)
        call = ClientCall(self._api, self._operation)
        try:
            with watched(call, outgoing.attempts):
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


class UncallableOperation(RemoteOperation):
    """One that cannot be put on the wire, which whoever does not call it need not know."""

    def __init__(self, source: ClientDocument, operation: DocumentedOperation, faults: Sequence[str]) -> None:
        self._name = f"{source.api}.{operation.name}"
        self._method, self._path = operation.method, operation.path
        self._faults = faults

    def answer(self, /, *_: Any, **__: Any) -> Answer:
        """:raises ContractError: with everything that is wrong with it."""
        raise ContractError(*(f"{self._name} cannot be called: {one}" for one in self._faults))
