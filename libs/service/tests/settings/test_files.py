"""What the files of config/ may tell, and with which words they are refused."""

from pathlib import Path

import pytest

from libs.service.settings import load_settings
from libs.service.settings.loading import read_settings
from libs.service.tests.settings.conftest import ENVIRON, NOTHING, OwnSettings, Read


def test_what_is_told_later_goes_over_what_is_told_before(read: Read) -> None:
    default = """
        todos: {web_threads: 2, share: 1}
        all: {dynamodb_region: eu-west-1, web_threads: 1, web_workers: 1, drain_seconds: 1, port: 1}
    """
    over = "all: {web_workers: 3, drain_seconds: 3}\ntodos: {drain_seconds: 4}\nprofiles: {web_workers: 64}"
    settings = read(default, over, port="5").settings()
    assert (settings.web_threads, settings.web_workers, settings.drain_seconds) == (2, 3, 4)
    assert (settings.port, settings.share, settings.web_threads) == (5, 1.0, 2)


def test_who_told_it_is_known(read: Read, tmp_path: Path) -> None:
    (tmp_path / "commit").write_text("abc\n")
    reading = read(f"{NOTHING}\n\ntodos:\n  version: '1'", port="1", commit_file=f"{tmp_path}/commit")
    sources = {name: told.source for name, told in reading.told.items()}
    assert sources["dynamodb_region"] == "config/default.yaml:1"
    assert sources["version"] == "config/default.yaml:4"
    assert sources["port"] == "environment"
    assert sources["commit"] == f"file {tmp_path}/commit"
    assert reading.settings().commit == "abc"


def test_a_value_may_be_in_a_file_that_a_file_names(read: Read, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    reading = read(over=f"todos: {{password_file: {tmp_path}/password}}")
    assert reading.told["password"].source == f"file {tmp_path}/password (config/test.yaml:1)"
    settings = reading.settings()
    assert settings.password is not None
    assert settings.password.reveal() == "hunter2"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("web_thread: 5", "2: unknown key web_thread: did you mean web_threads?"),
        ("colour: red", "2: unknown key colour."),
        ("Web_threads: 5", "2: unknown key Web_threads: did you mean web_threads?"),
        ("share: 0.5", "2: unknown key share."),
        ("environment: live", "2: environment: is told by the environment alone."),
        ("service: auth", "2: service: is told by the environment alone."),
        ("service_file: /etc/passwd", "2: service_file: is told by the environment alone."),
        ("port: 1\n  port: 2", "3: 'port' stands here twice."),
        ("port: '8080'", "2: port: wants a whole number, without quotes."),
        ("port: 80.5", "2: port: wants a whole number, without quotes."),
        ("port: true", "2: port: wants a whole number, without quotes."),
        ("port: 80:80", "2: port: wants a whole number, without quotes."),
        ("port: [1]", "2: port: wants a whole number, without quotes."),
        ("port:", "2: port: has no value; leave the line out for the default."),
        ("port: 0", "2: port: Must be greater than or equal to 1 and less than or equal to 65535."),
        ("docs: 'true'", "2: docs: wants true or false, without quotes."),
        ("docs: off", "2: docs: wants true or false, without quotes."),
        ("docs: 1", "2: docs: wants true or false, without quotes."),
        ("task_sweep_seconds: true", "2: task_sweep_seconds: wants a number, without quotes."),
        ("task_sweep_seconds: .nan", "2: is not YAML."),
        ("version: 1.10", "2: version: wants a text; put it in quotes."),
        ("version: {a: 1}", "2: version: wants a text; put it in quotes."),
        ("version: !!python/name:os.system x", "2: is not YAML; JSON has text, numbers, true, false, null."),
        ("commit_file: /not/there", "2: commit_file: the file cannot be read (FileNotFoundError)."),
        ("commit_file: 5", "2: commit_file: wants a text; put it in quotes."),
        ("commit: a\n  commit_file: /dev/null", "3: commit_file: Given both as a value and as a file."),
        ("log_level: info", "2: log_level: Must be one of: DEBUG, INFO, WARNING, ERROR."),
    ],
)
def test_what_is_wrong_is_told_with_its_line(read: Read, text: str, fault: str) -> None:
    assert read(over=f"all:\n  {text}").faults == [f"config/test.yaml:{fault}"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("todo: {}", ":1: unknown section todo: did you mean todos?"),
        ("published: {}", ":1: unknown section published."),
        ("todos: 5", ":1: section todos is no mapping of settings."),
        ("profiles:", ":1: section profiles is no mapping of settings."),
        ("[todos]", ": is no mapping of sections: all, and names of services."),
        ("all: {}\nall: {}", ":2: 'all' stands here twice."),
        ("all: {}\n---\nall: {}", ":2: a second document begins here ('---'); one is read."),
        ("all: *hunter2", ":1: is not YAML."),
        (
            "all: @hunter2",
            ":1: is not YAML; lines begin with spaces, no tabs; a text that begins so is put in",
        ),
        ("all: {a: " * 200, ":1: is not YAML."),
        ("all: 'hunter2", ":1: is not YAML."),
        ("#" * 300_000, ": has more than 262,144 bytes."),
    ],
)
def test_a_file_of_another_shape_is_refused(read: Read, text: str, fault: str) -> None:
    (found,) = read(over=text).faults
    assert found.startswith(f"config/test.yaml{fault}")
    assert "hunter2" not in found


def test_a_file_of_another_encoding_is_refused(read: Read) -> None:
    faults = read("all: {version: 'é'}".encode("latin-1"), dynamodb_region="eu-west-1").faults
    assert faults == ["config/default.yaml: cannot be read (UnicodeDecodeError)."]


def test_an_empty_file_tells_nothing(read: Read) -> None:
    assert read(over="# nothing\n").faults == []


@pytest.mark.parametrize("value", ["hunter2", "aws:hunter2", "''", "redis://:hunter2@redis"])
def test_a_secret_does_not_stand_in_a_file(read: Read, value: str) -> None:
    (fault,) = read(over=f"todos:\n  password: {value}").faults
    assert fault.startswith("config/test.yaml:2: password: A secret does not stand in a file")
    assert "hunter2" not in fault


def test_all_faults_of_all_places_are_told_at_once(read: Read) -> None:
    faults = read("all: {prot: 1}", "all: {port: x}", web_threads="x", colour="red").faults
    assert [fault.split(": ")[0] for fault in faults] == [
        "config/default.yaml:1",
        "config/test.yaml:1",
        "APP_COLOUR",
        "APP_DYNAMODB_REGION",
        "APP_WEB_THREADS",
    ]


@pytest.mark.parametrize("name", [None, "", "prod", "default", "../test", "TEST"])
def test_no_environment_is_guessed(tmp_path: Path, name: str | None) -> None:
    for file in ("default", "test", "live"):
        (tmp_path / f"{file}.yaml").write_text("")
    environ = {**ENVIRON, "APP_PORT": "x"}
    del environ["APP_ENVIRONMENT"]
    given = environ if name is None else {**environ, "APP_ENVIRONMENT": name}
    faults = read_settings(OwnSettings, given, folder=tmp_path).faults
    assert faults[0] in (
        "APP_ENVIRONMENT: Missing; give one of live, test.",
        "APP_ENVIRONMENT: Has no file in config/; give one of live, test.",
    )
    # Nothing is said of what its file may tell.
    assert [fault.split(":")[0] for fault in faults[1:] if "ENVIRONMENT" not in fault] == ["APP_PORT"]


def test_the_files_of_the_repository_are_read_where_no_others_are_named() -> None:
    assert load_settings(OwnSettings, ENVIRON).dynamodb_region == "eu-west-1"
