"""`load_auth_token`, `generate_token`, `get_userid` and the like, in the requests and tasks of a service."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from libs.api import Models
from libs.jwt import TokenIssuer, generate_token, get_user_token, get_userid, load_auth_token
from libs.service import Running, Service
from libs.service import service as service_module
from libs.service.testing import ISSUER, ISSUES, KEY, environment, running_service
from libs.service.tests import identifying
from libs.tasks import Operation

HANDLERS = ("known", "signed", "elsewhere", "fail", "start")
OBJECT = "{description: It, content: {application/json: {schema: {type: object}}}}"
CONTRACT = """
openapi: 3.1.0
info: {title: Probe, version: '1'}
security: [{bearer: []}]
paths:
  /open: {get: {operationId: open, security: [], x-bind-server: MODULE.known, responses: {'200': OBJECT}}}
  /stream:
    get:
      x-bind-server: MODULE.stream
      responses: {'200': {description: It, content: {text/plain: {schema: {type: string}}}}}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
"""
LINE = "  /NAME: {get: {x-bind-server: MODULE.NAME, responses: {'200': OBJECT, '202': OBJECT}}}\n"
PROBE = Service("probe", tasks=[identifying.look], provide=lambda _: [TokenIssuer(KEY, ISSUER)])


@pytest.fixture(autouse=True)
def contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "APIS", tmp_path)
    monkeypatch.setattr(service_module, "models", Models(tmp_path))
    lines = "".join(LINE.replace("NAME", name) for name in HANDLERS)
    text = CONTRACT.replace("components:", f"{lines}components:")
    text = text.replace("MODULE", identifying.__name__).replace("OBJECT", OBJECT)
    (tmp_path / "probe.yaml").write_text(text)


@pytest.fixture
def running() -> Iterator[Running]:
    with running_service(PROBE, environment("probe")) as started:
        yield started


def token_of(subject: str) -> str:
    return ISSUES.issue(subject, audience=["probe"])


@pytest.fixture
def ask(running: Running) -> Callable[..., Any]:
    """Ask as somebody, by one application as it is in a process; return the answer's JSON."""
    app = running.web_app()

    def answer(path: str, token: str | None = None) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        found = app.test_client().get(path, headers=headers)
        return found.get_json() if found.is_json else found.text

    return answer


def test_a_handler_is_told_who_calls(ask: Callable[..., Any]) -> None:
    token = token_of("ada")
    told = ask("/known", token)
    assert (told["userid"], told["token"], told["sub"], told["issuer"]) == ("ada", token, "ada", ISSUER)


def test_where_anybody_may_call_nobody_is_told(ask: Callable[..., Any]) -> None:
    told = ask("/open", token_of("ada"))
    assert (told["userid"], told["token"], told["sub"], told["issuer"]) == ("", None, None, None)


def test_a_handler_makes_and_reads_tokens(ask: Callable[..., Any]) -> None:
    assert ask("/signed", token_of("ada")) == {
        "subject": "somebody",
        "scopes": ["read"],
        "colour": "blue",
        "data": {"colour": "blue"},
        "userid": "ada",
    }


def test_a_service_that_signs_nothing_makes_no_tokens(caplog: pytest.LogCaptureFixture) -> None:
    verifies = replace(PROBE, provide=lambda _: [])
    with running_service(verifies, environment("probe")) as running:
        headers = {"Authorization": f"Bearer {token_of('ada')}"}
        answer = running.web_app().test_client().get("/signed", headers=headers)
    assert answer.status_code == 500
    assert "this service signs no tokens" in caplog.text
    assert "signs" not in answer.text


def test_outside_a_request_there_is_neither(running: Running) -> None:
    running.web_app()
    with pytest.raises(RuntimeError, match="no service is running"):
        load_auth_token(token_of("ada"))
    with pytest.raises(RuntimeError, match="no service is running"):
        generate_token("ada", audience=["probe"])
    assert (get_userid(), get_user_token()) == ("", None)


def test_the_next_request_of_a_thread_knows_nothing_of_the_one_before(ask: Callable[..., Any]) -> None:
    def work() -> list[Any]:
        first = ask("/known", token_of("ada"))
        failed = ask("/fail", token_of("ada"))
        return [first, failed, ask("/open"), ask("/known", token_of("eve")), get_userid()]

    with ThreadPoolExecutor(1) as pool:
        first, failed, nobody, eve, after = pool.submit(work).result()
    assert failed["code"] == "INTERNAL_ERROR"
    assert "hunter2" not in str(failed)
    assert {first["thread"]} == {nobody["thread"]} == {eve["thread"]}
    assert (first["userid"], nobody["userid"], eve["userid"], after) == ("ada", "", "eve", "")
    assert (nobody["token"], nobody["jti"]) == (None, None)
    assert eve["jti"] != first["jti"]


def test_many_requests_at_once_each_know_their_own_caller(ask: Callable[..., Any]) -> None:
    tokens = {f"user-{number}": token_of(f"user-{number}") for number in range(8)}
    begin = threading.Barrier(8)

    def work(subject: str) -> set[tuple[str, str, str]]:
        begin.wait()
        return {
            (told["userid"], told["sub"], told["token"])
            for told in (ask("/known", tokens[subject]) for _ in range(50))
        }

    with ThreadPoolExecutor(8) as pool:
        seen = dict(zip(tokens, pool.map(work, tokens), strict=True))
    assert seen == {subject: {(subject, subject, token)} for subject, token in tokens.items()}


def test_a_thread_that_a_request_starts_is_nobody(ask: Callable[..., Any]) -> None:
    told = ask("/elsewhere", token_of("ada"))
    assert (told["thread"], told["thread_token"], told["context"]) == ("", None, "")
    assert told["thread_signs"].startswith("RuntimeError: no service is running")
    assert told["asyncio"] == ["ada", "ada"], "what asyncio starts is a part of the request"


def test_while_an_answer_is_streamed_the_handler_is_over_and_nobody_calls(ask: Callable[..., Any]) -> None:
    assert ask("/stream", token_of("ada")) == "''\n"


def test_a_task_acts_for_who_called_without_the_token(ask: Callable[..., Any], running: Running) -> None:
    token = token_of("ada")
    operation = ask("/start", token)
    row = Operation.get(operation["id"], consistent_read=True)
    assert row.caller == {"subject": "ada", "scopes": [], "roles": [], "audience": ["probe"]}
    assert token not in str(row.serialize())
    tasks = running.tasks
    assert tasks is not None
    with ThreadPoolExecutor(1) as worker:
        worker.submit(tasks.run, operation["id"]).result()
        assert worker.submit(get_userid).result() == "", "nor does the worker's thread keep it"
    told = Operation.get(operation["id"], consistent_read=True).result
    assert (told["userid"], told["token"], told["issuer"], told["data"]) == ("ada", None, None, {})
    assert told["url"] == "http://localhost/start"
    assert told["signed"]["subject"] == "somebody"
    assert told["signed"]["userid"] == "ada"
