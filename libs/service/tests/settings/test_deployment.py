"""Outside of development nothing that is for somebody's own machine starts."""

import pytest

from libs.service.settings import SettingsError, load_settings
from libs.service.settings.deployment import advice
from libs.service.testing import SECRET
from libs.service.tests.settings.conftest import ENVIRON, OwnSettings, Read
from services.auth.service import service as auth


@pytest.mark.parametrize("environment", ["live", "staging", "anything"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jwt_issuer", "http://auth.test"),
        ("create_tables", "true"),
        ("table_prefix", "local-"),
        ("table_prefix", "test-1-"),
        ("dynamodb_endpoint", "http://127.0.0.1:8109"),
        ("secrets_endpoint", "http://127.0.0.1:5000"),
        ("docs_login_url", "http://auth.test/auth/login"),
        ("cors_origins", "https://app.test,http://localhost:3000"),
    ],
)
def test_what_is_for_development_stops_the_start_elsewhere(
    read: Read, environment: str, name: str, text: str
) -> None:
    (fault,) = read(file=environment, **{name: text}).faults
    assert fault.startswith(f"APP_{name.upper()}: ")
    for development in ("local", "test"):
        assert read(file=development, **{name: text}).faults == []


def test_it_is_told_where_a_file_said_it(read: Read) -> None:
    (fault,) = read(file="live", over="all:\n  create_tables: true").faults
    assert fault.startswith("config/live.yaml:2: create_tables: Is for local stacks;")


def test_the_local_stacks_credentials_stop_the_start() -> None:
    given = {**ENVIRON, "APP_ENVIRONMENT": "live", "AWS_SECRET_ACCESS_KEY": "local"}
    with pytest.raises(SettingsError, match="AWS_SECRET_ACCESS_KEY: Is that of the local stack"):
        load_settings(OwnSettings, given)


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({"APP_MAIL_FOLDER": "mail"}, "APP_MAIL_FOLDER: Is for local stacks; give APP_SMTP_URL."),
        ({"APP_EMAIL_VERIFICATION": "optional"}, "APP_EMAIL_VERIFICATION: Is for local stacks"),
        ({"APP_PUBLIC_URL": "http://app.test"}, "APP_PUBLIC_URL: Has to be https"),
        ({"APP_JWT_ISSUER": "http://auth.test"}, "APP_JWT_ISSUER: Has to be https"),
    ],
)
def test_so_does_what_is_auths_alone(told: dict[str, str], fault: str) -> None:
    live = {"APP_SERVICE": "auth", "APP_ENVIRONMENT": "live"}
    assert auth.read_settings(live, fetch=False).faults == []
    faults = auth.read_settings({**live, **told}, fetch=False).faults
    assert any(one.startswith(fault) for one in faults)


def test_some_things_are_only_warned_of(read: Read) -> None:
    told = {
        "log_format": "text",
        "log_level": "DEBUG",
        "rate_limits": "off",
        "token_url": "http://auth/token",
    }
    both = {"client_id": "todos", "client_secret": SECRET}
    live = read(file="live", **told, **both).settings()
    warned = [line.split(":")[0] for line in advice(type(live), vars(live))]
    assert warned == ["APP_VERSION", "APP_RATE_LIMITS", "APP_LOG_FORMAT", "APP_LOG_LEVEL", "APP_TOKEN_URL"]
    local = read(file="local", **told, **both).settings()
    assert advice(type(local), vars(local)) == []
