"""Every failure has an id, the same in all the services it passes through, and in their logs."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest
from flask.testing import FlaskClient

from libs.api import Models
from libs.service import Running, Service
from libs.service import service as service_module
from libs.service.testing import environment, running_service
from libs.service.tests.problems import chain

OPERATIONS = {
    "last": [chain.break_down, chain.be_away, chain.refuse],
    "middle": [chain.pass_on, chain.pass_on_as_own, chain.pass_on_absence, chain.pass_on_refusal],
    "first": [
        chain.fail_far_away,
        chain.fail_far_away_as_own,
        chain.find_nobody_far_away,
        chain.find_nothing_far_away,
    ],
}
CALLS = {"last": [], "middle": ["last"], "first": ["middle"]}


@pytest.fixture
def first(tmp_path: Path) -> Iterator[FlaskClient]:
    folder = tmp_path
    (folder / "published").mkdir()
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr(service_module, "APIS", folder)
        patch.setattr(service_module, "models", Models(folder))
        started: dict[str, Running] = {}
        for name, functions in OPERATIONS.items():
            operations = "".join(
                f"  /{one.__name__}: {{get: {{x-bind-server: {one.__module__}.{one.__name__}, security: [], "
                "responses: {'204': {description: Done}}}}\n"
                for one in functions
            )
            text = f"openapi: 3.1.0\ninfo: {{title: A, version: '1'}}\npaths:\n{operations}"
            (folder / f"{name}.yaml").write_text(text)
            urls = {f"{called}_url": f"http://{called}.test" for called in CALLS[name]}
            service = Service(name, calls=CALLS[name])
            calls = {called: started[called] for called in CALLS[name]}
            running = running_service(service, environment(name, **urls), calls=calls)
            started[name] = stack.enter_context(running)
            document = orjson.dumps(started[name].contract.document)
            (folder / f"published/{name}.json").write_bytes(document)
        yield started["first"].web_app().test_client()


def ids_logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.error_id for one in caplog.records if one.getMessage() == "request failed"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/fail_far_away", 502, "UPSTREAM_ERROR"),
        ("/fail_far_away_as_own", 502, "UPSTREAM_ERROR"),
        ("/find_nobody_far_away", 503, "SERVICE_UNAVAILABLE"),
    ],
)
def test_a_failure_keeps_its_id_over_all_services(
    first: FlaskClient, caplog: pytest.LogCaptureFixture, path: str, status: int, code: str
) -> None:
    told = first.get(path).get_json()
    assert (told["status"], told["code"]) == (status, code)
    assert re.fullmatch("[0-9a-f]{32}", told["error_id"])
    # A call that is safe was tried again: each try is a failure of its own.
    assert ids_logged(caplog)[-3:] == [told["error_id"]] * 3, "each service tells it in its log"
    assert first.get(path).get_json()["error_id"] != told["error_id"]


def test_a_refusal_that_becomes_a_failure_here_is_named_here(
    first: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    told = first.get("/find_nothing_far_away").get_json()
    assert told["status"] == 502
    assert ids_logged(caplog)[-2:] == [told["error_id"]] * 2, "by the middle one, as the last has no failure"


@pytest.mark.parametrize(
    ("sent", "taken"), [("de-AT, en;q=0.5", "de-AT, en;q=0.5"), ("dé", None), ("de," * 300, None), ("", None)]
)
def test_what_is_to_be_shown_to_a_person_is_passed_on_in_their_language(
    first: FlaskClient, sent: str, taken: str | None
) -> None:
    told = first.get("/find_nothing_far_away", headers={"Accept-Language": sent}).get_json()
    assert told["user_message"] == f"Nothing of that name, {taken}."
    assert "hunter2" not in str(told)


def test_what_is_no_failure_has_no_id(first: FlaskClient) -> None:
    assert "error_id" not in first.get("/nowhere").get_json()
