"""What is measured: requests, three of which every service answers, and parts of them.

A case is a row of the table, a column, and a call without arguments. The parts of a request (parsing a
`where`, dumping a page) belong here, too: one more function that yields cases, named in `cases`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bench.columns import FLOOR, POLYMACARON, WITHOUT_TOTALS, Column, authorization
from bench.item import SENT, WrongAnswer, check
from bench.wsgi import Answer, Request
from libs.jwt import Caller
from libs.resource import Query
from services.todos.resources import TodoResource

GET, LIST, CREATE = "GET one item", "GET a list of 25 items", "POST create"
WHERE, SORTED = "GET a list of 25, where", "GET a list of 25, where and sort_by"
TOKEN = "the check of a token alone"  # noqa: S105
DUMP = "25 stored items, represented"
PARSE, PLAN, SIGN = "a where, parsed", "a where, parsed and planned", "a cursor, signed"
ROWS = (GET, LIST, CREATE, WHERE, SORTED, TOKEN, DUMP, PARSE, PLAN, SIGN)
ONLY_OPEN = '{"done":false}'
DUE_OPEN = '{"done":false,"due_at":{"$gte":"2026-01-01T00:00:00Z"}}'
PAGE = 25
STORED = 40
"""The items of the list's owner: more than a page, so that each page has a next one."""


@dataclass(frozen=True)
class Case:
    """One cell of the table.

    :param call: does once what is measured.
    """

    row: str
    column: str
    call: Callable[[], object]


def cases(columns: Sequence[Column]) -> list[Case]:
    """Store what the cases read, see that each column answers right, and return its cases.

    :raises WrongAnswer: if one does not.
    """
    kinds = (_requests, _asked, _token, _represented, _asking)
    found = [case for column in columns for kind in kinds for case in kind(column)]
    return sorted(found, key=lambda case: ROWS.index(case.row))


def _requests(column: Column) -> Iterator[Case]:
    writes = authorization("writer")
    rows: dict[str, tuple[Request, int, Callable[[Any], None]]] = {
        CREATE: (Request(column.app, "POST", "/todos", authorization=writes, body=SENT), 201, check),
    }
    if column.name != WITHOUT_TOTALS:  # which differs in what it writes only
        key = "any" if column.name == FLOOR else _stored(column)
        reads = authorization("reader")
        rows = {
            GET: (Request(column.app, "GET", f"/todos/{key}", authorization=reads), 200, check),
            LIST: (Request(column.app, "GET", "/todos", f"limit={PAGE}", reads), 200, _check_page),
            **rows,
        }
    for row, (request, status, right) in rows.items():
        call = expecting(status, request.sender())
        if column.name != FLOOR:
            _judge(f"{column.name}, {row}", right, call().json())
        yield Case(row, column.name, call)


def _asked(column: Column) -> Iterator[Case]:
    if column.name != POLYMACARON:
        return
    for row, asked in (
        (WHERE, {"where": ONLY_OPEN}),
        (SORTED, {"where": DUE_OPEN, "sort_by": "due_at"}),
    ):
        query = urlencode({"limit": PAGE, **asked})
        call = expecting(200, Request(column.app, "GET", "/todos", query, authorization("reader")).sender())
        _judge(f"{column.name}, {row}", _check_page, call().json())
        yield Case(row, column.name, call)


def _token(column: Column) -> Iterator[Case]:
    if (check_token := column.check_token) is None:
        return
    refused = Request(column.app, "GET", "/todos", authorization=authorization("reader")[:-9] + "AAAAAAAAA")
    for request in (refused, Request(column.app, "GET", "/todos")):
        if request.sender()().status != 401:
            raise WrongAnswer(f"{column.name} answers without a good token")
    header = authorization("reader")
    yield Case(TOKEN, column.name, lambda: check_token(header))


def _represented(column: Column) -> Iterator[Case]:
    """What it takes from what DynamoDB has sent to what can be written as JSON."""
    if (represent := column.represent) is None or (read := column.read) is None:
        return
    items = read("reader", PAGE)

    def call() -> list[Any]:
        return [represent(item) for item in items]

    _judge(f"{column.name}, {DUMP}", _check_page, {"items": call(), "meta": {"next": "x"}})
    yield Case(DUMP, column.name, call)


def _asking(column: Column) -> Iterator[Case]:
    if (resource := column.resource) is None:
        return
    yield Case(PARSE, column.name, lambda: resource.where.parse(DUE_OPEN))
    yield Case(PLAN, column.name, _planning(resource))
    yield Case(SIGN, column.name, _signing(resource, column))


def _planning(resource: TodoResource) -> Callable[[], object]:
    reader = Caller("reader")
    extent = resource.admit("list", reader)
    query = Query(where=DUE_OPEN, sort_by="due_at")
    if resource.ask(query, extent, reader).plan.access.index != "by-due-date":
        raise WrongAnswer(f"{DUE_OPEN} is not read from its index")
    return lambda: resource.ask(query, extent, reader)


def _signing(resource: TodoResource, column: Column) -> Callable[[], object]:
    reader = Caller("reader")
    question = resource.ask(Query(where=ONLY_OPEN), resource.admit("list", reader), reader)
    query = urlencode({"limit": PAGE, "where": ONLY_OPEN})
    page = Request(column.app, "GET", "/todos", query, authorization("reader")).sender()().json()
    position, _ = resource.cursors.read(question.bound_to, page["meta"]["next"])
    return lambda: resource.cursors.sign(question.bound_to, position)


def _stored(column: Column) -> str:
    """Have the column store the reader's items; return the key of one."""
    create = Request(column.app, "POST", "/todos", authorization=authorization("reader"), body=SENT).sender()
    made = [expecting(201, create)().json() for _ in range(STORED)]
    _judge(f"{column.name}, {CREATE}", check, made[0])
    return str(made[STORED // 2]["id"])


def expecting(status: int, send: Callable[[], Answer]) -> Callable[[], Answer]:
    """Return `send`, raising `WrongAnswer` for an answer of another status."""

    def call() -> Answer:
        answer = send()
        if answer.status != status:
            raise WrongAnswer(f"{answer.status} instead of {status}: {answer.body[:300]!r}")
        return answer

    return call


def _judge(where: str, right: Callable[[Any], None], body: Any) -> None:
    try:
        right(body)
    except WrongAnswer as error:
        raise WrongAnswer(f"{where}: {error}") from None


def _check_page(body: Any) -> None:
    items = body.get("items", ())
    if len(items) != PAGE:
        raise WrongAnswer(f"{len(items)} items instead of {PAGE}")
    if not body.get("meta", {}).get("next"):
        raise WrongAnswer("a page that is not the last does not lead on")
    for one in items:
        check(one)
