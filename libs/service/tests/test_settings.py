"""Settings: what is taken, and that every fault is named at once and no value is quoted."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from libs.service import Secret, Service, Settings, SettingsError, load_settings, setting
from libs.service.testing import SECRET
from libs.tasks import asynctask

GOOD = {
    "APP_SERVICE": "todos",
    "APP_ENVIRONMENT": "test",
    "APP_DYNAMODB_REGION": "eu-west-1",
    "APP_JWT_ISSUER": "http://auth.test",
    "APP_VALIDATE_ANSWERS": "off",
}


NAMED = {"APP_ENVIRONMENT": "test"}


@dataclass(frozen=True, kw_only=True)
class SecretSettings(Settings):
    """With a setting of its own."""

    password: Secret = setting(help="What opens it.")


def faults(environ: dict[str, str], kind: type[Settings] = Settings) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(kind, environ)
    return str(caught.value).splitlines()


def test_what_is_not_given_has_its_documented_default(tmp_path: Path) -> None:
    for name in ("default", "test"):
        (tmp_path / f"{name}.yaml").write_text("all: {}")
    settings = load_settings(Settings, GOOD, folder=tmp_path)
    assert settings == Settings(
        service="todos",
        environment="test",
        dynamodb_region="eu-west-1",
        jwt_issuer="http://auth.test",
        version="dev",
        commit=None,
        host="127.0.0.1",
        port=8080,
        web_workers=2,
        web_threads=8,
        worker_concurrency=2,
        max_body_bytes=1048576,
        validate_answers="off",
        log_format="json",
        log_level="INFO",
        dynamodb_endpoint=None,
        table_prefix="polymacaron-",
        create_tables=False,
        redis_url=None,
        jwks_url=None,
        task_lease_seconds=15.0,
        task_sweep_seconds=5.0,
        alive_path=None,
    )


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("APP_PORT", "65535", 65535),
        ("APP_CREATE_TABLES", "true", True),
        ("APP_CREATE_TABLES", "false", False),
        ("APP_TASK_SWEEP_SECONDS", "0.5", 0.5),
        ("APP_LOG_FORMAT", "text", "text"),
        ("APP_DYNAMODB_ENDPOINT", "http://127.0.0.1:8109", "http://127.0.0.1:8109"),
        ("APP_DOCS_LOGIN_URL", "https://me:it@[::1]:81/x?y=1#z", "https://me:it@[::1]:81/x?y=1#z"),
        ("APP_HOST", "::", "::"),
        ("APP_TABLE_PREFIX", "", ""),
        ("APP_DOCS", "off", False),
        ("APP_CORS_ORIGINS", "https://a.example,http://b:81", "https://a.example,http://b:81"),
    ],
)
def test_texts_become_values(variable: str, text: str, value: object) -> None:
    settings = load_settings(Settings, {**GOOD, variable: text})
    assert getattr(settings, variable.removeprefix("APP_").lower()) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("APP_SERVICE", "../auth"),
        ("APP_SERVICE", "todos\n"),
        ("APP_PORT", "0"),
        ("APP_PORT", "65536"),
        ("APP_PORT", "http"),
        ("APP_PORT", "80.5"),
        ("APP_WEB_WORKERS", "0"),
        ("APP_WEB_THREADS", "257"),
        ("APP_WORKER_CONCURRENCY", "-1"),
        ("APP_MAX_BODY_BYTES", "1023"),
        ("APP_CREATE_TABLES", "perhaps"),
        ("APP_LOG_FORMAT", "xml"),
        ("APP_LOG_LEVEL", "info"),
        ("APP_DYNAMODB_REGION", ""),
        ("APP_DYNAMODB_ENDPOINT", "127.0.0.1:8109"),
        ("APP_TABLE_PREFIX", "a b"),
        ("APP_CORS_ORIGINS", "*"),
        ("APP_CORS_ORIGINS", "https://app.example.com/"),
        ("APP_CORS_ORIGINS", ""),
        ("APP_DOCS", "perhaps"),
        ("APP_DOCS_SERVICES", "auth"),
        ("APP_DOCS_LOGIN_URL", "/auth/login"),
        ("APP_REDIS_URL", "http://redis"),
        ("APP_JWKS_URL", "auth/jwks.json"),
        ("APP_REVOCATIONS_URL", "auth/revoked.json"),
        ("APP_JWT_SECRET", "Hf7" * 10),
        ("APP_JWT_SECRET", "secret" * 10),
        ("APP_JWT_SECRET", ""),
        ("APP_TASK_LEASE_SECONDS", "0.5"),
        ("APP_TASK_LEASE_SECONDS", "nan"),
        ("APP_TASK_LEASE_SECONDS", "1e300"),
        ("APP_CALL_TOTAL_SECONDS", "1e308"),
        ("APP_HSTS_SECONDS", "1" + "0" * 40),
        ("APP_HOST", ""),
        ("APP_HOST", "not a host"),
        ("APP_METRICS_HOST", ""),
        ("APP_JWT_ISSUER", " "),
        ("APP_DYNAMODB_ENDPOINT", "http://?"),
        ("APP_DYNAMODB_ENDPOINT", "http://127.0.0.1:99999"),
        ("APP_REPORT_WEBHOOK_URL", "https://hook.test:port/x"),
        ("APP_REPORT_WEBHOOK_URL", "https://hook.test:0/x"),
        ("APP_REPORT_WEBHOOK_URL", "http://[::1"),
        ("APP_REPORT_WEBHOOK_URL", "https://hook..test/x"),
        ("APP_SENTRY_DSN", "https://key@sentry.test:port/1"),
        ("APP_SENTRY_DSN", "https://[key@sentry.test/1"),
        ("APP_SENTRY_DSN", "https://key@sentry.test?x/1"),
        ("APP_TASK_SWEEP_SECONDS", "0.1"),
        ("APP_TASK_SWEEP_SECONDS", "31"),
    ],
)
def test_a_malformed_value_is_named_and_nothing_else_is(variable: str, text: str) -> None:
    (fault,) = faults({**GOOD, variable: text})
    assert fault.startswith(f"{variable}: ")


def test_every_fault_is_named_at_once() -> None:
    found = faults(
        {**NAMED, "APP_PORT": "no", "APP_COLOUR": "red", "APP_COMMIT_FILE": "/not/there"}, SecretSettings
    )
    assert [line.partition(":")[0] for line in found] == [
        "APP_COMMIT_FILE",
        "APP_COLOUR",
        "APP_JWT_ISSUER",
        "APP_PASSWORD",
        "APP_PORT",
        "APP_SERVICE",
    ]


def test_an_unknown_variable_is_a_fault() -> None:
    assert faults({**GOOD, "APP_LOG_LEVLE": "INFO"}) == [
        "APP_LOG_LEVLE: Unknown field. Did you mean APP_LOG_LEVEL?"
    ]


def test_other_variables_are_none_of_our_business() -> None:
    assert load_settings(Settings, {**GOOD, "PATH": "/bin", "MY_APP_PORT": "1"}).port == 8080


def test_a_value_can_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("8081\n")
    (tmp_path / "password").write_text("s3cret\n")
    files = {"APP_PORT_FILE": str(tmp_path / "port"), "APP_PASSWORD_FILE": str(tmp_path / "password")}
    settings = load_settings(SecretSettings, {**GOOD, **files})
    assert (settings.port, settings.password.reveal()) == (8081, "s3cret")


def test_a_value_given_twice_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("8081")
    for order in (1, -1):
        pair = [("APP_PORT", "8080"), ("APP_PORT_FILE", str(tmp_path / "port"))][::order]
        assert faults({**GOOD, **dict(pair)}) == ["APP_PORT: Given both as a value and as a file."]


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for path, reason in [
        (tmp_path, "IsADirectoryError"),
        (tmp_path / "none", "FileNotFoundError"),
        (tmp_path / "binary", "UnicodeDecodeError"),
    ]:
        (fault,) = faults({**GOOD, "APP_COMMIT_FILE": str(path)})
        assert fault == f"APP_COMMIT_FILE: the file cannot be read ({reason})."


def test_a_secret_shows_itself_to_nobody_who_does_not_ask() -> None:
    settings = load_settings(SecretSettings, {**GOOD, "APP_PASSWORD": "s3cret"})
    for shown in (repr(settings), str(settings.password), f"{settings.password}", repr(settings.password)):
        assert "s3cret" not in shown
    assert settings.password.reveal() == "s3cret"


def test_the_address_of_redis_with_its_password_is_a_secret() -> None:
    settings = load_settings(Settings, {**GOOD, "APP_REDIS_URL": "redis://:hunter2@redis:6379/0"})
    assert "hunter2" not in repr(settings)
    assert settings.redis_url is not None
    assert settings.redis_url.reveal() == "redis://:hunter2@redis:6379/0"


def test_faults_quote_no_value(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hunter2 ")
    text = "\n".join(
        faults(
            {
                **NAMED,
                "APP_REDIS_URL_FILE": str(tmp_path / "secret"),
                "APP_PASSWORD": "hunter2",
                "APP_PASSWORT": "hunter2",
                "APP_PORT": "hunter2",
                "APP_LOG_LEVEL": "hunter2",
                "APP_CREATE_TABLES": "hunter2",
                "APP_SERVICE": "hunter2!",
            },
            SecretSettings,
        )
    )
    assert "hunter2" not in text


def test_settings_cannot_be_changed() -> None:
    settings = load_settings(Settings, GOOD)
    with pytest.raises(AttributeError):
        settings.port = 1  # type: ignore[misc]


def test_what_goes_together_is_given_together_or_not_at_all() -> None:
    account = {
        "APP_CLIENT_ID": "todos",
        "APP_CLIENT_SECRET": SECRET,
        "APP_TOKEN_URL": "http://auth.test/auth/token",
    }
    assert load_settings(Settings, {**GOOD, **account}).client_id == "todos"
    assert faults({**GOOD, "APP_CLIENT_ID": "todos", "APP_TOKEN_URL": account["APP_TOKEN_URL"]}) == [
        "APP_CLIENT_SECRET: Missing; it goes with APP_CLIENT_ID and APP_TOKEN_URL."
    ]


def test_of_some_settings_there_is_one() -> None:
    def told(**more: str) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            load_settings(Settings, {**GOOD, **more}, one_of=[("jwks_url", "jwt_secret")])
        return str(caught.value).splitlines()

    url, secret = "http://auth.test/jwks.json", SECRET
    for one in ({"APP_JWKS_URL": url}, {"APP_JWT_SECRET": secret}):
        load_settings(Settings, {**GOOD, **one}, one_of=[("jwks_url", "jwt_secret")])
    assert told() == ["APP_JWKS_URL: Give either it or APP_JWT_SECRET."]
    assert told(APP_JWKS_URL=url, APP_JWT_SECRET=secret) == told()


@pytest.mark.parametrize(
    ("variable", "text", "fault"),
    [
        ("APP_BROKER_URL", "amqp://:hunter2@rabbit", "Not a broker's URL"),
        ("APP_BROKER_URL", "sentinel://:hunter2@a", "which master"),
        ("APP_REDIS_URL", "sentinel://:hunter2@a?master=m", "Not a redis, rediss or unix URL."),
        ("APP_WORKER_QUEUES", "hunter2,", "Not names of queues"),
    ],
)
def test_what_names_no_broker_or_queue_is_refused_and_not_quoted(
    variable: str, text: str, fault: str
) -> None:
    (told,) = faults({**GOOD, variable: text})
    assert told.startswith(f"{variable}: ")
    assert fault in told
    assert "hunter2" not in told


def test_a_service_with_tasks_needs_a_broker_or_a_redis() -> None:
    service = Service("profiles", tasks=[asynctask(lambda: None)])
    with pytest.raises(SettingsError, match="APP_REDIS_URL: Missing"):
        service.load_settings({**GOOD, "APP_JWKS_URL": "http://auth.test"})
    given = {**GOOD, "APP_JWKS_URL": "http://auth.test", "APP_BROKER_URL": "sqs://"}
    assert service.load_settings(given).redis_url is None
