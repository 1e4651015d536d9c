"""A small service for the tests: the functions bound in books.yaml, and the WSGI application around them."""

from pathlib import Path
from typing import Any, BinaryIO

import httpx
from werkzeug import Request
from werkzeug.datastructures import Headers
from werkzeug.test import Client, TestResponse

from libs.api import (
    AnswerCheck,
    ApiClient,
    ApiModels,
    ApiObject,
    ClientDocument,
    Contract,
    Dependencies,
    Options,
    Routes,
    Sender,
    Server,
    Timeouts,
    problem_body,
    problem_response,
    sent_path,
)
from libs.api.clients.transport import PooledTransport
from libs.errors import NotFound, Problem
from libs.jwt import Caller, FixedKeySet, SigningKey, TokenIssuer, TokenVerifier, current_caller

BOOKS = Path(__file__).with_name("books.yaml")
KEY = SigningKey.generate()
ISSUES = TokenIssuer(KEY, "http://auth.test")
VERIFIER = TokenVerifier(FixedKeySet([KEY.jwk]), issuer="http://auth.test", audience="books")


class Desk:
    """What the handlers ask for: remembers what they were called with, and says what to answer."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.caller: Caller | None = None
        self.answer: Any = None
        self.failure: Exception | None = None

    def handle(self, **arguments: Any) -> Any:
        self.calls.append(arguments)
        self.caller = current_caller()
        if self.failure is not None:
            raise self.failure
        return self.answer


def get_status(desk: Desk) -> Any:
    return desk.handle()


def recommend(desk: Desk, caller: Caller | None, **wanted: Any) -> Any:
    return desk.handle(caller=caller, **wanted)


def set_labels(body: list[str] | None, desk: Desk) -> Any:
    return desk.handle(body=body)


def list_books(desk: Desk, **filters: Any) -> Any:
    return desk.handle(**filters)


def add_book(body: ApiObject, desk: Desk, idempotency_key: str | None) -> Any:
    return desk.handle(body=body) if idempotency_key is None else desk.handle(body=body, key=idempotency_key)


def set_cover(book_id: str, body: BinaryIO, desk: Desk) -> Any:
    return desk.handle(book_id=book_id, body=body.read())


def get_book(book_id: str, desk: Desk) -> Any:
    return desk.handle(book_id=book_id)


def remove_book(book_id: str, if_match: str, desk: Desk) -> Any:
    return desk.handle(book_id=book_id, if_match=if_match)


def read_book(book_id: str, desk: Desk) -> Any:
    return desk.handle(book_id=book_id)


PER_CALL = {Caller | None: current_caller}
DOCUMENT = Contract.load(BOOKS, Dependencies([Desk()], PER_CALL)).document


class Library:
    """The service: `wsgi` is its application, `call` sends it a request, `desk` is what the handlers see."""

    def __init__(self, *, validate_answers: bool = True) -> None:
        self.desk = Desk()
        self.contract = Contract.load(BOOKS, Dependencies([self.desk], PER_CALL))
        self.models = ApiModels(self.contract.document)
        check = AnswerCheck.from_setting("always" if validate_answers else "off")
        self._server = Server(VERIFIER.verify, self.models, answer_check=check)
        self._routes = Routes(self.contract.operations)
        self.last_request: Request | None = None

    def wsgi(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = self.last_request = Request(environ)
        path = sent_path(environ)
        try:
            route = self._routes.find(path)
            if route is None:
                raise NotFound
            answer = self._server.respond(route.operation(request.method), request, route.values)
        except Problem as problem:
            answer = problem_response(problem, problem_body(problem, request_id="request-1", instance=path))
        return answer(environ, start_response)

    def call(
        self, method: str, path: str, *, scopes: tuple[str, ...] | None = (), **options: Any
    ) -> TestResponse:
        """Send a request; with a token of these scopes, or with none for None."""
        headers = Headers(options.pop("headers", {}))
        if scopes is not None:
            headers["Authorization"] = f"Bearer {token(*scopes)}"
        return Client(self.wsgi).open(path, method=method, headers=headers, **options)

    def refusal(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Return status and code of the problem a request is answered with."""
        answer = self.call(method, path, **options)
        assert answer.content_type == "application/problem+json"
        return answer.status_code, answer.json["code"]


def connect(
    url: str,
    *,
    transport: httpx.BaseTransport | None = None,
    timeouts: Timeouts | None = None,
    answer_check: str = "off",
    decorators: dict[str, Any] | None = None,
    **options: Any,
) -> Any:
    """Return the client of the service, whose document is not published; it never waits before a retry.

    :param options: of its `Sender`.
    """
    sender = Sender(
        "books",
        transport or PooledTransport(max_connections=4, tls=False),
        **{"pause": lambda seconds: None, **options},
    )
    source = ClientDocument("books", DOCUMENT, decorators=decorators or {})
    check = AnswerCheck.from_setting(answer_check)
    return ApiClient(source, url, sender, Options(timeouts or Timeouts(), check))


def token(*scopes: str) -> str:
    """Return Ada's token."""
    return ISSUES.issue("ada", audience=["books"], scopes=scopes)
