"""Secrets that AWS keeps: fetched from an emulator of it, and from a server that refuses them."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import httpx
import psutil
import pytest

from infra.local.ports import HOST
from infra.local.throwaway import reserved_port
from libs.service.settings import SettingsUnavailable
from libs.service.settings.named_secrets import NamedSecretError, NamedSecrets
from libs.service.testing import environment, eventually, kill_group, python_process
from libs.service.tests.settings.conftest import Read

KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "eu-west-1"}


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """Secrets Manager and SSM, which hold what `keep` says; one for all tests."""
    with reserved_port() as port:
        command = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(port)]
        server = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
        try:

            def answers() -> bool:
                with socket.socket() as probe:
                    return probe.connect_ex((HOST, port)) == 0

            eventually(answers, seconds=60)
            keep(f"http://{HOST}:{port}")
            yield f"http://{HOST}:{port}"
        finally:
            kill_group(server)


def keep(endpoint: str) -> None:
    secrets: Any = boto3.client("secretsmanager", endpoint_url=endpoint, **KEYS)
    entries = {"password": "hunter2 ", "count": 7, "": "nothing"}
    secrets.create_secret(Name="todos", SecretString=json.dumps(entries))
    secrets.create_secret(Name="plain", SecretString="hunter2\n")
    secrets.create_secret(Name="another", SecretString="aws-secret:plain")
    secrets.create_secret(Name="binary", SecretBinary=b"hunter2")
    elsewhere: Any = boto3.client(
        "secretsmanager", endpoint_url=endpoint, **KEYS | {"region_name": "us-east-1"}
    )
    elsewhere.create_secret(Name="far", SecretString="hunter3")
    parameters: Any = boto3.client("ssm", endpoint_url=endpoint, **KEYS)
    parameters.put_parameter(Name="/todos/password", Value="hunter2", Type="SecureString")
    parameters.put_parameter(Name="threads", Value="5", Type="String")


def test_they_are_fetched_from_where_they_are_kept(read: Read, aws: str) -> None:
    reading = read(
        over="todos: {password: aws-secret:todos#password}\nall: {web_threads: aws-parameter:threads}",
        commit="aws-secret:plain",
        version="aws-parameter:/todos/password",
        secrets_endpoint=aws,
    )
    settings = reading.settings()
    assert settings.password is not None
    assert (settings.password.reveal(), settings.commit, settings.version) == ("hunter2",) * 3
    assert settings.web_threads == 5
    assert reading.told["password"].source == "aws-secret (config/test.yaml:1)"
    assert reading.told["commit"].source == "aws-secret (environment)"
    assert "hunter2" not in repr(reading.told)


def test_one_is_found_by_its_arn_in_whatever_region(read: Read, aws: str) -> None:
    client: Any = boto3.client("secretsmanager", endpoint_url=aws, **KEYS | {"region_name": "us-east-1"})
    arn = client.describe_secret(SecretId="far")["ARN"]
    assert read(commit=f"aws-secret:{arn}", secrets_endpoint=aws).settings().commit == "hunter3"
    told = {"commit": "aws-secret:far", "secrets_endpoint": aws}
    assert read(secrets_region="us-east-1", **told).settings().commit == "hunter3"
    assert read(**told).faults == ["APP_COMMIT: aws-secret: ResourceNotFoundException"]


@pytest.mark.parametrize(
    ("reference", "fault"),
    [
        ("aws-secret:nothing", "aws-secret: ResourceNotFoundException"),
        ("aws-parameter:nothing", "aws-parameter: ParameterNotFound"),
        ("aws-secret:plain#password", "aws-secret: is not JSON, and its key password is asked for."),
        ("aws-secret:todos#passwort", "aws-secret: has no key passwort."),
        ("aws-secret:todos#count", "aws-secret: its key count is not a text."),
        ("aws-secret:binary", "aws-secret: is binary; a text is wanted."),
        ("aws-secret:another", "aws-secret: holds the name of another one, which is not fetched."),
        ("aws-secret:", "aws-secret: names nothing."),
        ("aws-secret:#password", "aws-secret: names nothing."),
        ("aws-secret:todos#", "aws-secret: names nothing."),
        ("aws-parameter:", "aws-parameter: names nothing."),
        ("aws-secrets:todos", "Names nothing: what begins so is aws-secret:… or aws-parameter:…."),
    ],
)
def test_what_cannot_be_had_is_told_by_code_and_setting(
    read: Read, aws: str, reference: str, fault: str
) -> None:
    reading = read(over=f"todos:\n  password: '{reference}'", secrets_endpoint=aws)
    assert reading.faults == [f"config/test.yaml:2: password: {fault}"]
    assert not reading.passing


class Refusing(ThreadingHTTPServer):
    """Answers every request with one error of AWS, and counts them."""

    def __init__(self, status: int, body: bytes) -> None:
        self.asked: Counter[str] = Counter()
        self.status, self.body = status, body
        super().__init__((HOST, 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Refusing

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked[self.headers["X-Amz-Target"]] += 1
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def refusing(request: pytest.FixtureRequest) -> Iterator[Refusing]:
    with Refusing(*request.param) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


DENIED = b'{"__type": "AccessDeniedException", "Message": "User hunter2 is not authorized"}'
THROTTLED = b'{"__type": "ThrottlingException", "Message": "hunter2"}'
FOUND = json.dumps({"Name": "todos", "SecretString": '{"a": "1", "b": "2"}'}).encode()


@pytest.mark.parametrize(
    ("refusing", "told", "passing", "asked"),
    [
        ((400, DENIED), "AccessDeniedException", False, 1),
        ((400, THROTTLED), "ThrottlingException", True, 3),
        ((503, b"{}"), "503", True, 3),
        ((400, b'{"__type": "hunter 2!"}'), "400", False, 1),
    ],
    indirect=["refusing"],
)
def test_a_refusal_is_told_by_its_code_alone(
    read: Read, refusing: Refusing, told: str, passing: bool, asked: int
) -> None:
    reading = read(password="aws-secret:todos", commit="aws-secret:todos#x", secrets_endpoint=refusing.url)
    assert sorted(reading.faults) == [f"APP_{name}: aws-secret: {told}" for name in ("COMMIT", "PASSWORD")]
    assert reading.passing is passing
    assert refusing.asked == {"secretsmanager.GetSecretValue": asked}


@pytest.mark.parametrize("refusing", [(200, FOUND)], indirect=True)
def test_each_is_fetched_once(read: Read, refusing: Refusing) -> None:
    told = {"commit": "aws-secret:todos#a", "version": "aws-secret:todos#b"}
    settings = read(secrets_endpoint=refusing.url, **told).settings()
    assert (settings.commit, settings.version) == ("1", "2")
    assert refusing.asked.total() == 1
    read(secrets_endpoint=refusing.url, fetch=False, **told)
    assert refusing.asked.total() == 1


@pytest.mark.parametrize("refusing", [(200, FOUND)], indirect=True)
def test_a_process_has_its_children_know_it_and_not_ask(refusing: Refusing) -> None:
    with reserved_port() as port:
        told = {"commit": "aws-secret:todos#a", "secrets_endpoint": refusing.url, "port": str(port)}
        environ = environment("profiles", web_workers="2", create_tables="true", **told)
        del environ["APP_REDIS_URL"]
        with (
            python_process("-m", "libs.service", "web", environ=environ) as web,
            httpx.Client(base_url=f"http://{HOST}:{port}", trust_env=False) as client,
        ):
            eventually(lambda: len(psutil.Process(web.pid).children()) == 2, seconds=60)

            def commit() -> Any:
                with suppress(httpx.TransportError):
                    return client.get("/version").json()["commit"]
                return None

            assert eventually(commit, seconds=60) == "1"
    assert refusing.asked.total() == 1


def test_where_nobody_answers_the_start_may_be_tried_again(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    client = NamedSecrets._client
    monkeypatch.setattr(
        NamedSecrets,
        "_client",
        lambda *given: (asked.append(given[1]), client(*given))[1],  # type: ignore[func-returns-value]
    )
    with reserved_port() as port:
        told = {"password": "aws-secret:a", "commit": "aws-secret:b", "version": "aws-parameter:c"}
        reading = read(secrets_endpoint=f"http://{HOST}:{port}", **told)
    assert {fault.split(": ")[2] for fault in reading.faults} == {"EndpointConnectionError"}
    assert len(reading.faults) == 3
    assert asked == ["secretsmanager", "ssm"], "the second secret waits for nobody"
    with pytest.raises(SettingsUnavailable):
        reading.settings()


def test_another_fault_beside_it_ends_the_start(read: Read) -> None:
    with reserved_port() as port:
        told = {"password": "aws-secret:a", "port": "x", "secrets_endpoint": f"http://{HOST}:{port}"}
        assert not read(**told).passing


def test_without_credentials_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_") and "KEY" in name]:
        monkeypatch.delenv(name)
    with pytest.raises(NamedSecretError, match=r"\Aaws-secret: NoCredentialsError\Z") as caught:
        NamedSecrets("eu-west-1", "http://127.0.0.1:1").text("aws-secret:todos")
    assert not caught.value.passing


def test_without_a_region_nothing_is_asked() -> None:
    with pytest.raises(NamedSecretError, match="give APP_SECRETS_REGION, or APP_DYNAMODB_REGION"):
        NamedSecrets(None).text("aws-secret:todos")
