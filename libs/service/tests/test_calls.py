"""A service that calls another: what it is told at start, and what goes along with a call."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

import orjson
import pytest
from flask.testing import FlaskClient

from libs.api import ContractError, Models
from libs.service import Running, Service, Settings, SettingsError, setting
from libs.service import service as service_module
from libs.service.testing import ISSUES, environment, running_service

CONTRACT = """
openapi: 3.1.0
info: {title: A, version: '1'}
security: [{bearer: []}]
paths:
  /good: {get: {x-bind-server: libs.service.tests.calling.GOOD, responses: {'200': OBJECT}}}
  /bad: {get: {x-bind-server: libs.service.tests.calling.BAD, responses: {'200': OBJECT}}}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
""".replace("OBJECT", "{description: It, content: {application/json: {schema: {type: object}}}}")
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
BACK, FRONT = Service("back"), Service("front", calls=["back"])


@pytest.fixture
def back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(service_module, "APIS", tmp_path)
    monkeypatch.setattr(service_module, "models", Models(tmp_path))
    (tmp_path / "back.yaml").write_text(CONTRACT.replace("GOOD", "tell").replace("BAD", "refuse"))
    (tmp_path / "front.yaml").write_text(CONTRACT.replace("GOOD", "ask").replace("BAD", "ask_in_vain"))
    with running_service(BACK, environment("back")) as running:
        (tmp_path / "published").mkdir()
        (tmp_path / "published/back.json").write_bytes(orjson.dumps(running.contract.document))
        yield running


@pytest.fixture
def front(back: Running) -> Iterator[FlaskClient]:
    environ = environment("front", back_url="http://back.test")
    with running_service(FRONT, environ, calls={"back": back}) as running:
        yield running.web_app().test_client()


def headers() -> dict[str, str]:
    token = ISSUES.issue("ada", audience=["front", "back"])
    return {
        "Authorization": f"Bearer {token}",
        "X-Request-ID": "request-1",
        "traceparent": PARENT,
        "tracestate": "a=1",
    }


def test_caller_request_id_and_trace_go_along(front: FlaskClient) -> None:
    told = front.get("/good", headers=headers()).get_json()
    trace = {"traceparent": PARENT, "tracestate": "a=1"}
    assert told == {"caller": "ada", "request_id": "request-1", "trace": trace}


def test_a_refusal_that_nobody_handles_is_a_502_that_tells_nothing_of_it(
    front: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = front.get("/bad", headers=headers())
    assert (answer.status_code, answer.get_json()["code"]) == (502, "UPSTREAM_ERROR")
    assert "hunter2" not in answer.text.lower()
    assert "back" not in answer.text
    (told,) = [one for one in caplog.records if one.getMessage() == "request failed"]
    assert (told.called, told.answered) == ("back.refuse", 404), "the log says which call it was"
    assert "hunter2" not in repr(vars(told)).lower()


def settings_fault(service: Service, **settings: str) -> str:
    with pytest.raises(SettingsError) as caught:
        service.load_settings(environment(service.name, **settings))
    return str(caught.value)


def test_where_a_service_is_has_to_be_said() -> None:
    assert settings_fault(FRONT) == "APP_BACK_URL: Missing data for required field."
    two = replace(FRONT, calls=["back", "side-door"])
    assert settings_fault(two).splitlines() == [
        "APP_BACK_URL: Missing data for required field.",
        "APP_SIDE_DOOR_URL: Missing data for required field.",
    ]
    assert "APP_BACK_URL: Unknown field." in settings_fault(BACK, back_url="http://back.test")


@pytest.mark.parametrize(
    "url",
    ["", "back:8080", "ftp://back", "http://user:hunter2@back", "http://back?a", "http://back#a", "http://"],
)
def test_what_is_no_address_is_refused_without_being_quoted(url: str) -> None:
    fault = settings_fault(FRONT, back_url=url)
    assert fault == "APP_BACK_URL: Not an http or https URL, without credentials, query and fragment."


def test_an_address_is_a_setting_like_the_others() -> None:
    loaded = FRONT.load_settings(environment("front", back_url="https://back.test:8443/proxied"))
    assert isinstance(loaded, Settings)
    assert {one.name for one in fields(FRONT.settings_class)} - {one.name for one in fields(Settings)} == {
        "back_url"
    }
    assert "back_url='https://back.test:8443/proxied'" in repr(loaded)


@dataclass(frozen=True, kw_only=True)
class Mine(Settings):
    """With a setting that a service called may clash with."""

    back_url: str = setting(help="Taken.")


@pytest.mark.parametrize(
    ("service", "name"), [(replace(FRONT, settings=Mine), "BACK"), (Service("front", calls=["jwks"]), "JWKS")]
)
def test_a_service_called_as_a_setting_is_is_an_error(service: Service, name: str) -> None:
    assert (
        settings_fault(service) == f"APP_{name}_URL: is a setting of its own, and that of a service called."
    )


def test_a_service_that_cannot_be_called_stops_the_start(back: Running, tmp_path: Path) -> None:
    settings = FRONT.load_settings(environment("front", back_url="http://back.test"))
    (tmp_path / "published/back.json").write_text("{")
    with pytest.raises(ContractError, match=r"apis/published/back\.json is not JSON"):
        FRONT.start(settings)


def test_who_declares_no_calls_cannot_ask_for_clients(back: Running) -> None:
    alone = replace(FRONT, calls=[])
    running = alone.start(alone.load_settings(environment("front")))
    with pytest.raises(ContractError, match="needs 'clients', and this service calls none: say Service"):
        _ = running.contract


def test_timeouts_are_settings(back: Running) -> None:
    environ = environment(
        "front",
        back_url="http://back.test",
        call_connect_seconds="0.5",
        call_read_seconds="7",
        call_total_seconds="9",
    )
    timeouts = FRONT.start(FRONT.load_settings(environ)).clients["back"]["tell"]._options.timeouts
    assert (timeouts.connect, timeouts.read, timeouts.total) == (0.5, 7.0, 9.0)
