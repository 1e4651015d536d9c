"""Whatever a file says, it is read or refused; and no secret is ever shown."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given
from hypothesis import strategies as st

from libs.service.settings import command
from libs.service.settings.loading import Reading, read_settings
from libs.service.settings.showing import MASK, masked
from libs.service.tests.settings.conftest import ENVIRON, NOTHING, OwnSettings

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.dates(), st.datetimes()
)
VALUES = st.recursive(SCALARS.map(str) | SCALARS.map(repr), lambda inner: st.lists(inner), max_leaves=5)
KEYS = st.sampled_from(
    ["port", "docs", "version", "share", "password", "commit_file", "service", "<<", "x y"]
)
LETTERS = "bcdfghjkmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ"
SECRETS = st.text(LETTERS, min_size=12, max_size=40)


def reading(over: str | bytes, **told: str) -> Reading[OwnSettings]:
    with TemporaryDirectory() as name:
        folder = Path(name) / "config"
        folder.mkdir()
        (folder / "default.yaml").write_text(NOTHING)
        data = over if isinstance(over, bytes) else over.encode(errors="replace")
        (folder / "test.yaml").write_bytes(data)
        environ = {**ENVIRON, **{f"APP_{key.upper()}": value for key, value in told.items()}}
        return read_settings(OwnSettings, environ, folder=folder, fetch=False)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
@example(b"all: {port: " + b"9" * 10_000 + b"}")
@example(b"all: &a [*a]")
@example(b"? {a: 1}\n: 2")
@example(b"all: {port: 2001-13-45}")
@example(b"\xef\xbb\xbfall: {port: 1}")
@example(b"all: !!binary x")
def test_no_text_breaks_the_loader(data: bytes) -> None:
    assert isinstance(reading(data).faults, list)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.sampled_from(["all", "todos"]))
def test_no_value_breaks_the_loader(values: dict[str, object], section: str) -> None:
    lines = "".join(f"  {key}: {value}\n" for key, value in values.items())
    assert isinstance(reading(f"{section}:\n{lines}").faults, list)
    assert isinstance(reading(json.dumps({section: values})).faults, list)


def told(read: Reading[OwnSettings]) -> str:
    """Return all that is said of what was read."""
    output = io.StringIO()
    with redirect_stdout(output), redirect_stderr(output):
        command.show(read)
    return output.getvalue() + "\n".join(read.faults) + repr(read)


NAMES = st.sampled_from(["password", "redis_url", "client_secret", "jwt_secret", "broker_url"])
AS_TEXT = st.sampled_from(["{}", "redis://:{}@redis:6379/0", "redis://{}", "aws-secret:{} ", "aws-{}:x"])
IN_YAML = st.sampled_from(
    ["{}", "'{}'", "[{}]", "{{{0}: {0}}}", "*{}", "!{} x", "a: {}", "'{}", "@{}", "&{} {}"]
)


@given(SECRETS, NAMES, AS_TEXT, IN_YAML)
def test_a_secret_is_shown_nowhere(secret: str, name: str, as_text: str, in_yaml: str) -> None:
    text = as_text.format(secret)
    assert secret not in told(reading("", **{name: text}))
    assert secret not in told(reading(f"todos:\n  {name}: {in_yaml.format(text, text)}\n"))


PLAIN = ["port", "log_level", "docs", "share", "service", "environment", "jwks_url", "password_file"]


@given(SECRETS, st.sampled_from(PLAIN))
def test_a_malformed_value_is_quoted_nowhere(secret: str, name: str) -> None:
    assert secret not in told(reading("", **{name: f"{secret} {secret}"}))
    assert secret not in told(reading(f"todos:\n  {name}: {secret} {secret}\n"))


URLS = (
    "https://{}@a.test/x",
    "https://me:{}@a.test/x",
    "https://me:a@{}@a.test",
    "https://me:a/{}@a.test",
    "https://me:a,{}@a.test",
    "https://a.test/x?token=a,{}",
    "https://a.test/x#{}",
    "a=https://a.test,b=https://me:{}@b.test/",
    "https://a.test/x?token={}",
)


@given(SECRETS, st.sampled_from(URLS))
def test_credentials_of_addresses_are_shown_nowhere(secret: str, url: str) -> None:
    assert secret not in told(reading("", commit=url.format(secret)))


def test_an_address_without_credentials_is_shown() -> None:
    assert masked("https://a.test/x,https://b.test") == "https://a.test/x,https://b.test"
    assert masked("https://me:it@a.test/x?a=b&c=d") == f"https://{MASK}@a.test/x?{MASK}"
