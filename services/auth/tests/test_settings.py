"""What stops the start of auth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.service import SettingsError
from libs.service.settings.showing import shown
from libs.service.testing import SECRET, environment
from libs.service.web.client import TRUSTED_PROXIES
from services.auth.service import service

SMTP = {"APP_SMTP_URL": "smtp://mail.example.com", "APP_MAIL_FROM": "accounts@example.com"}


@pytest.fixture
def environ() -> dict[str, str]:
    return environment(
        "auth",
        key_secret=SECRET,
        mail_folder="unused",
        profiles_url="http://profiles.test",
        todos_url="http://todos.test",
    )


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"APP_MAIL_FOLDER": None}, "APP_MAIL_FOLDER: Give either it or APP_SMTP_URL."),
        (SMTP, "APP_MAIL_FOLDER: Give either it or APP_SMTP_URL."),
        ({**SMTP, "APP_MAIL_FOLDER": None, "APP_MAIL_FROM": None}, "APP_MAIL_FROM: Missing"),
        (
            {"APP_SMTP_URL": "smtp://me:hunter2@mail?tls=off"},
            "APP_SMTP_URL: A password is not sent without TLS.",
        ),
        ({"APP_MAIL_FROM": "nobody"}, "APP_MAIL_FROM: Not an e-mail address"),
        ({"APP_EMAIL_VERIFICATION": "off"}, "APP_EMAIL_VERIFICATION: Must be one of: required, optional."),
        ({"APP_ACCOUNT_TRIES": "0"}, "APP_ACCOUNT_TRIES: "),
        ({"APP_ADDRESS_TRIES": "0"}, "APP_ADDRESS_TRIES: "),
        ({"APP_SIGN_UP_TRIES": "0"}, "APP_SIGN_UP_TRIES: "),
        ({"APP_REDIS_URL": None}, "APP_REDIS_URL: Missing"),
        ({"APP_REDIS_URL": None, "APP_BROKER_URL": "sqs://"}, "APP_REDIS_URL: Missing"),
        (
            {"APP_REDIS_URL": "sentinel://:hunter2@a?master=m"},
            "APP_REDIS_URL: Not a redis, rediss or unix URL.",
        ),
        ({"APP_TRUSTED_PROXIES": "-1"}, "APP_TRUSTED_PROXIES: "),
        ({"APP_BREACHED_PASSWORDS_URL": "pwned"}, "APP_BREACHED_PASSWORDS_URL: Not an http or https URL."),
    ],
)
def test_wrong_settings_are_named(
    environ: dict[str, str], settings: dict[str, str | None], fault: str
) -> None:
    given = {name: value for name, value in {**environ, **settings}.items() if value is not None}
    with pytest.raises(SettingsError) as refused:
        service.load_settings(given)
    assert fault in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("memory", "passes"), [("19455", "2"), ("12288", "2"), ("19456", "1"), ("12287", "9")]
)
def test_hashes_weaker_than_the_floors_stop_the_start(
    environ: dict[str, str], memory: str, passes: str
) -> None:
    settings = service.load_settings(
        {**environ, "APP_ARGON2_MEMORY_KIB": memory, "APP_ARGON2_PASSES": passes}
    )
    with pytest.raises(SettingsError, match="APP_ARGON2_MEMORY_KIB: argon2id with"):
        service.start(settings)


def test_a_secret_that_would_do_nothing_stops_the_start(environ: dict[str, str]) -> None:
    given = {**environ, "APP_KEY_SECRET_BEFORE": SECRET, "APP_JWT_SECRET": environ.pop("APP_KEY_SECRET")}
    del given["APP_KEY_SECRET"]
    with pytest.raises(SettingsError, match="APP_KEY_SECRET_BEFORE"):
        service.start(service.load_settings(given))


def test_how_many_proxies_are_trusted_is_told_to_the_web_process(environ: dict[str, str]) -> None:
    settings = service.load_settings({**environ, "APP_TRUSTED_PROXIES": "2"})
    assert service.start(settings).web_app().config[TRUSTED_PROXIES] == 2


def test_mail_goes_by_smtp_where_that_is_set(environ: dict[str, str]) -> None:
    del environ["APP_MAIL_FOLDER"]
    service.start(service.load_settings({**environ, **SMTP}))


def given_all() -> dict[str, str]:
    return environment("auth", profiles_url="http://profiles.test", todos_url="http://todos.test")


PIECES = st.text("BCDFGHJKLMNPQRSTVWXZ", min_size=6, max_size=12)
# What parts a URL, looks as if it did (NFKC), and cannot be in one.
BETWEEN = st.sampled_from([*"@:/?#[]%,;= \n\0", "://", "%4", "＠", "：", "／", "℀", "\ud800", "1", "::1]"])
PASSWORDS = st.lists(st.tuples(PIECES, BETWEEN), min_size=1, max_size=4)
FORMS = (
    ("smtp_url", "smtp://me:{}@mail.test:587"),
    ("smtp_url", "smtps://{}:{}@mail.test"),
    ("smtp_url", "smtp://mail.test:{}"),
    ("redis_url", "redis://:{}@redis.test:6379/0"),
    ("redis_url", "redis://redis.test:{}/{}"),
    ("redis_url", "rediss://redis.test?{}={}"),
    ("broker_url", "sentinel://:{}@a.test,b.test?master=m&sentinel_password={}"),
    ("broker_url", "redis-cluster://a.test:{}"),
    ("broker_url", "sqs://{}:{}@"),
    ("sentry_dsn", "https://{}@sentry.test/1"),
    ("sentry_dsn", "https://key@sentry.test:{}/1"),
    ("report_webhook_url", "https://me:{}@hook.test/{}"),
    ("report_webhook_url", "https://hook.test:{}"),
    ("otlp_headers", "api-key={}"),
    ("otlp_headers", "{}"),
    ("key_secret", "{}"),
    ("jwt_secret", "{}"),
    ("client_secret", "{}"),
)


@given(PASSWORDS, st.sampled_from(FORMS))
def test_no_piece_of_a_secret_is_told_whatever_is_in_it(
    pieces: list[tuple[str, str]], form: tuple[str, str]
) -> None:
    name, url = form
    password = "".join(piece + between for piece, between in pieces)
    reading = service.read_settings({**given_all(), f"APP_{name.upper()}": url.replace("{}", password)})
    told = (shown(reading) + "\n".join(reading.faults) + repr(reading)).casefold()
    assert not [piece for piece, _ in pieces if piece.casefold() in told]
