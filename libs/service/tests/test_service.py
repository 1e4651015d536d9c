"""Putting a service together: what is missing is said at start, and what every service serves."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from infra.local.throwaway import reserved_port
from libs.api import ContractError, Models
from libs.errors import Unauthorized
from libs.jwt import Caller, FixedKeySet
from libs.service import Running, Service, Settings, SettingsError, health
from libs.service import service as service_module
from libs.service.testing import KEY, bearer, environment, running_service
from libs.tasks import asynctask


class Thing(Model):
    """Something stored."""

    class Meta:
        table_name = "things"

    id = UnicodeAttribute(hash_key=True)


@asynctask
def count() -> int:
    """A task, so that the service needs a broker."""
    return 1


PROBE = Service("probe", models=[Thing], tasks=[count], keys=lambda _: FixedKeySet([KEY.jwk]))
DOCUMENT = "openapi: 3.1.0\ninfo: {title: Probe, version: 1.0.0}\nsecurity: [{bearer: []}]\npaths: {}\n"


@pytest.fixture(autouse=True)
def _patient_health(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the first look at a database may take more than a second."""
    monkeypatch.setattr(health, "DEADLINE_SECONDS", 20)


@pytest.fixture
def contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(service_module, "APIS", tmp_path)
    monkeypatch.setattr(service_module, "models", Models(tmp_path))
    (tmp_path / "probe.yaml").write_text(DOCUMENT)
    return tmp_path / "probe.yaml"


@pytest.fixture
def running(contract: Path) -> Iterator[Running]:
    with running_service(PROBE, environment("probe", version="1.2.3", commit="abc")) as started:
        yield started


@pytest.fixture
def client(running: Running) -> FlaskClient:
    return running.web_app().test_client()


@pytest.mark.parametrize("name", ["auth", "profiles", "todos"])
def test_a_service_is_found_by_its_name(name: str) -> None:
    assert Service.named(name).name == name


@pytest.mark.parametrize("name", ["billing", "todos.models", "..todos", "to dos", "os"])
def test_an_unknown_service_is_named_in_the_error(name: str) -> None:
    with pytest.raises(SettingsError, match=r"APP_SERVICE: There is no services/.*/service.py\.\Z"):
        Service.named(name)


@pytest.mark.parametrize("module", ["not_installed", "services.lacking.models"])
def test_a_service_whose_code_lacks_a_module_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    import services

    (tmp_path / "lacking").mkdir()
    (tmp_path / "lacking" / "service.py").write_text(f"import {module}\n")
    monkeypatch.setattr(services, "__path__", [*services.__path__, str(tmp_path)])
    with pytest.raises(ModuleNotFoundError, match=module):
        Service.named("lacking")


def test_a_service_file_without_a_service_says_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import services

    (tmp_path / "nameless").mkdir()
    (tmp_path / "nameless" / "service.py").write_text("servce = None\n")
    monkeypatch.setattr(services, "__path__", [*services.__path__, str(tmp_path)])
    with pytest.raises(SettingsError, match=r"declares no service: write service = Service\('nameless'\)"):
        Service.named("nameless")


def without(environ: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in names}


def test_a_service_with_tasks_needs_a_broker() -> None:
    with pytest.raises(SettingsError, match="APP_REDIS_URL"):
        PROBE.load_settings(without(environment("probe"), "APP_REDIS_URL"))
    replace(PROBE, tasks=[]).load_settings(without(environment("probe"), "APP_REDIS_URL"))


def test_a_queue_whose_name_sqs_would_not_take_stops_the_start(contract: Path) -> None:
    environ = environment("probe", broker_url="sqs://", table_prefix="p" * 70)
    told = rf"^APP_TABLE_PREFIX: SQS takes 80 characters .* {'p' * 70}probe-probe has 81"
    with pytest.raises(SettingsError, match=told):
        PROBE.start(PROBE.load_settings(environ)).web_app()


def test_a_service_without_keys_of_its_own_needs_an_address_to_fetch_them_from() -> None:
    PROBE.load_settings(without(environment("probe"), "APP_JWKS_URL"))
    with pytest.raises(SettingsError, match="APP_JWKS_URL"):
        replace(PROBE, keys=None).load_settings(without(environment("probe"), "APP_JWKS_URL"))


def test_what_a_service_needs_is_named_together_with_all_other_faults() -> None:
    environ = without(environment("probe", port="no"), "APP_REDIS_URL", "APP_JWKS_URL")
    with pytest.raises(SettingsError) as caught:
        replace(PROBE, keys=None).load_settings(environ)
    named = [line.partition(":")[0] for line in str(caught.value).splitlines()]
    assert named == ["APP_JWKS_URL", "APP_PORT", "APP_REDIS_URL"]


def test_tables_are_called_after_the_service(running: Running) -> None:
    prefix = running.settings.table_prefix
    names = [model.Meta.table_name for model in running.database.models]
    assert names == [f"{prefix}probe-things", f"{prefix}probe-operations"]


def test_a_service_without_tasks_has_no_table_no_route_and_no_runtime_for_them(contract: Path) -> None:
    with running_service(replace(PROBE, tasks=[]), environment("probe")) as running:
        assert running.tasks is None
        assert running.database.models == (Thing,)
        assert "/operations/{operation_id}" not in running.contract.document["paths"]


def test_everything_wrong_with_a_contract_stops_the_start(contract: Path) -> None:
    contract.write_text(DOCUMENT.replace("{}", "{/ping: {get: {operationId: mine}}, /b: {get: {}}}"))
    running = PROBE.start(PROBE.load_settings(environment("probe")))
    with pytest.raises(ContractError) as caught:
        running.web_app()
    assert [fault.partition(": ")[2].partition(":")[0] for fault in caught.value.faults] == [
        "/ping",
        "GET /b",  # has no function
        "GET /b",  # nor any responses
    ]


def test_a_class_of_an_object_that_is_not_there_stops_the_start(contract: Path) -> None:
    schema = "{type: object, x-parent: services.nowhere.models.Token, properties: {name: {type: string}}}"
    bound = "x-bind-server: libs.service.tests.echo.nobody"
    paths = f"{{/b: {{get: {{{bound}, responses: {{'204': {{description: Done.}}}}}}}}}}"
    text = f"{DOCUMENT}components: {{schemas: {{Token: {schema}}}}}\n"
    contract.write_text(text.replace("paths: {}", f"paths: {paths}"))
    running = PROBE.start(PROBE.load_settings(environment("probe")))
    with pytest.raises(ContractError) as caught:
        running.web_app()
    assert len(caught.value.faults) == 2
    assert "probe.yaml:4: GET /b: there is no 'nobody'" in caught.value.faults[0]
    assert "probe.yaml:5: x-parent of Token: there is no module services" in caught.value.faults[1]


@dataclass(frozen=True, kw_only=True)
class ProbeSettings(Settings):
    """Settings of a service that calls another."""


@pytest.mark.parametrize("provide", [lambda settings: [settings], lambda settings: []])
@pytest.mark.parametrize("calls", [[], ["auth"]])
def test_functions_may_ask_for_the_settings(
    calls: list[str], provide: Callable[[object], list[object]], contract: Path
) -> None:
    (contract.parent / "auth.yaml").write_text(DOCUMENT)
    service = replace(PROBE, settings=ProbeSettings, calls=calls, provide=provide)
    environ = environment("probe", **{f"{one}_url": "http://127.0.0.1:1" for one in calls})
    with running_service(service, environ) as running:
        assert running.dependencies.make(ProbeSettings) is running.settings


@pytest.mark.parametrize("path", ["/ping", "/health/live"])
def test_the_process_answers(client: FlaskClient, path: str) -> None:
    assert client.get(path).get_json() == {"status": "ok"}


def test_the_version_is_told(client: FlaskClient) -> None:
    assert client.get("/version").get_json() == {"service": "probe", "version": "1.2.3", "commit": "abc"}


def test_the_version_with_a_token_tells_who_asks(client: FlaskClient) -> None:
    body = client.get("/auth/version", headers=bearer("ada", audience="probe")).get_json()
    assert body["caller"] == "ada"
    assert client.get("/auth/version").status_code == 401
    assert client.get("/auth/version", headers=bearer("ada", audience="todos")).status_code == 401


def test_a_service_may_tell_callers_by_itself(contract: Path) -> None:
    def by_key(key: str) -> Caller:
        if key != "open-sesame":
            raise Unauthorized
        return Caller("ali")

    service = replace(PROBE, keys=None, authenticate=lambda settings: by_key)
    environ = without(environment("probe"), "APP_JWKS_URL")
    service.load_settings(environ)
    with running_service(service, environ) as running:
        client = running.web_app().test_client()
        known = client.get("/auth/version", headers={"Authorization": "Bearer open-sesame"})
        assert known.get_json()["caller"] == "ali"
        assert client.get("/auth/version", headers=bearer("ada", audience="probe")).status_code == 401
        assert "keys" not in client.get("/health/ready").get_json()["checks"]


def test_a_handler_may_ask_for_the_caller_there_perhaps_is(contract: Path) -> None:
    who = (
        "{get: {operationId: who, security: [{}, {bearer: []}], x-bind-server: libs.service.tests.echo.who, "
        "responses: {'200': {description: Fine., content: {application/json: {}}}}}}"
    )
    contract.write_text(DOCUMENT.replace("paths: {}", f"paths: {{/who: {who}}}"))
    with running_service(PROBE, environment("probe")) as running:
        client = running.web_app().test_client()
        assert client.get("/who").get_json() == {"caller": None}
        assert client.get("/who", headers=bearer("ada", audience="probe")).get_json() == {"caller": "ada"}
        assert client.get("/who", headers=bearer("ada", audience="todos")).status_code == 401


def test_ready_is_a_service_whose_database_and_broker_answer(client: FlaskClient) -> None:
    body = client.get("/health/ready").get_json()
    assert body["status"] == "ok"
    assert {name: one["ok"] for name, one in body["checks"].items()} == {
        "dynamodb": True,
        "redis": True,
        "tasks": True,
    }


def test_a_service_is_not_ready_while_a_part_is_away_and_alive_all_the_same(contract: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))  # and not listening
        url = f"redis://:hunter2@127.0.0.1:{holder.getsockname()[1]}/0"
        with running_service(replace(PROBE, keys=None), environment("probe", redis_url=url)) as running:
            del running.keys  # those of the test, so that they are fetched from nowhere
            client = running.web_app().test_client()
            answer = client.get("/health/ready")
            assert answer.status_code == 503
            body = answer.get_json()
            assert body["code"] == "NOT_READY"
            assert {name: one["ok"] for name, one in body["checks"].items()} == {
                "dynamodb": True,
                "redis": False,
                "keys": False,
                "tasks": True,
            }
            assert "hunter2" not in answer.text
            assert client.get("/health/live").status_code == 200


def test_a_service_stays_ready_without_its_broker_and_tells_of_it(contract: Path) -> None:
    """Requests are accepted all the same, and were it not ready, a load balancer had nobody left to ask."""
    with reserved_port() as port:
        url = f"redis://:hunter2@127.0.0.1:{port}/0"
        with running_service(PROBE, environment("probe", redis_url=url)) as running:
            answer = running.web_app().test_client().get("/health/ready")
            assert answer.status_code == 200
            assert answer.get_json()["checks"]["redis"] == {"ok": False, "error": "unavailable"}
            assert "hunter2" not in answer.text


def test_readiness_tells_of_workers_and_of_the_oldest_task_that_waits(client: FlaskClient) -> None:
    told = client.get("/health/ready").get_json()["checks"]["tasks"]
    assert told.keys() == {"ok", "milliseconds", "workers", "oldest_waiting_seconds"}
    assert (told["workers"], told["oldest_waiting_seconds"]) == (0, 0)


def test_the_document_declares_all_that_readiness_tells(running: Running) -> None:
    """An answer with a member that is not declared is none to a client that is strict."""
    schemas = running.contract.document["components"]["schemas"]
    declared = schemas["Health"]["properties"]["checks"]["additionalProperties"]["properties"]
    answer = running.web_app().test_client().get("/health/ready")
    assert {name for one in answer.get_json()["checks"].values() for name in one} | {"error"} == set(declared)


def test_readiness_needs_the_tables(running: Running) -> None:
    running.database.delete_tables()
    answer = running.web_app().test_client().get("/health/ready")
    assert answer.status_code == 503
    assert not answer.get_json()["checks"]["dynamodb"]["ok"]


def test_the_document_is_served_with_every_operation(client: FlaskClient, running: Running) -> None:
    document = client.get("/openapi.json").get_json()
    assert set(document["paths"]) == {operation.path for operation in running.contract.operations}
    assert "/operations/{operation_id}" in document["paths"]
    assert "x-bind-server" not in str(document)
