"""The settings of every process, and that supervisor reads back exactly these from the file."""

import sys
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from infra.local import environment, paths, supervisor_config
from infra.local.environment import Program, databases, service_environment, services
from infra.local.errors import LocalError
from infra.local.ports import Ports

COMMON = {
    "APP_ENVIRONMENT", "APP_SERVICE", "APP_PORT", "APP_LOG_FORMAT", "APP_VERSION", "APP_DYNAMODB_ENDPOINT",
    "APP_JWT_ISSUER", "APP_CORS_ORIGINS", "APP_DOCS_SERVICES", "APP_DOCS_LOGIN_URL",
}  # fmt: skip
OWN = {
    "auth": {
        "APP_REDIS_URL",
        "APP_KEY_SECRET_FILE",
        "APP_PROFILES_URL",
        "APP_TODOS_URL",
        "APP_MAIL_FOLDER",
    },
    "profiles": {"APP_JWKS_URL", "APP_REVOCATIONS_URL"},
    "todos": {"APP_REDIS_URL", "APP_JWKS_URL", "APP_REVOCATIONS_URL", "APP_CURSOR_SECRET_FILE"},
}


@pytest.fixture(autouse=True)
def _a_shell_full_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("APP_EVIL", "APP_PORT", "AWS_PROFILE", "PYTHONPATH", "HTTP_PROXY", "FLASK_DEBUG"):
        monkeypatch.setenv(name, "from the shell")


@pytest.mark.parametrize("service", ["auth", "profiles", "todos"])
def test_a_service_gets_its_settings_and_no_others(service: str):
    settings = service_environment(service, Ports())
    assert {name for name in settings if name.startswith("APP_")} == COMMON | OWN[service]
    assert "from the shell" not in settings.values()
    others = {name for name in settings if not name.startswith(("APP_", "AWS_"))}
    assert others == {"PATH", "HOME", "LANG", "TMPDIR", "PYTHONUNBUFFERED"}


def test_the_values_follow_the_ports():
    ports = Ports(auth=1, profiles=2, todos=3, dynamodb=4, redis=5)
    auth, todos = service_environment("auth", ports), service_environment("todos", ports)
    assert auth["APP_PORT"] == "1"
    assert auth["APP_JWT_ISSUER"] == todos["APP_JWT_ISSUER"] == "http://127.0.0.1:1"
    assert auth["APP_PROFILES_URL"] == "http://127.0.0.1:2"
    assert todos["APP_JWKS_URL"] == "http://127.0.0.1:1/.well-known/jwks.json"
    assert todos["APP_REVOCATIONS_URL"] == "http://127.0.0.1:1/.well-known/revoked.json"
    assert todos["APP_DYNAMODB_ENDPOINT"] == "http://127.0.0.1:4"
    assert todos["APP_REDIS_URL"] == "redis://127.0.0.1:5/0"
    assert todos["APP_DOCS_LOGIN_URL"] == "http://127.0.0.1:1/auth/login"
    assert todos["APP_DOCS_SERVICES"] == (
        "auth=http://127.0.0.1:1,profiles=http://127.0.0.1:2,todos=http://127.0.0.1:3"
    )
    assert set(todos["APP_CORS_ORIGINS"].split(",")) == {
        f"http://{host}:{port}" for host in ("127.0.0.1", "localhost") for port in (1, 2, 3)
    }


def test_workers_and_beats_touch_a_file_each_and_web_processes_none(local: Path):
    programs = {program.name: program for program in services(Ports())}
    assert set(programs) == {
        "auth", "auth-worker", "auth-beat", "profiles", "todos", "todos-worker", "todos-beat",
    }  # fmt: skip
    alive = {name: program.environment.get("APP_ALIVE_PATH") for name, program in programs.items()}
    assert alive["todos-worker"] == str(local / "run" / "todos-worker.alive")
    assert alive["todos-beat"] == str(local / "run" / "todos-beat.alive")
    assert {name for name, file in alive.items() if file is None} == {"auth", "profiles", "todos"}
    assert programs["todos-beat"].command == [sys.executable, "-m", "libs.service", "beat"]


def test_the_version_changes_with_the_code_of_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    for file in ("libs/a.py", "services/auth/b.py", "services/todos/c.py", "libs/tests/d.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("1")

    def versions() -> tuple[str, str]:
        return environment.fingerprint("auth"), environment.fingerprint("todos")

    auth, todos = versions()
    (tmp_path / "libs/tests/d.py").write_text("2")
    assert versions() == (auth, todos), "a test is no part of a service"
    (tmp_path / "services/todos/c.py").write_text("2")
    assert versions()[0] == auth
    assert versions()[1] != todos
    (tmp_path / "libs/a.py").write_text("2")
    assert versions()[0] != auth
    auth, todos = versions()
    (tmp_path / "config").mkdir()
    (tmp_path / "config/local.yaml").write_text("all: {}")
    assert auth not in versions()
    assert todos not in versions()


def parsed(config: Path) -> dict[str, dict[str, str]]:
    """The environment of every program as supervisor itself understands the file."""
    options = ServerOptions()
    options.realize(args=["-c", str(config)])
    return {group.name: group.process_configs[0].environment for group in options.process_group_configs}


@pytest.mark.parametrize("name", ["plain", "it's odd, really = so;", "(ünï) [x] {y} $HOME"])
def test_supervisor_reads_back_what_was_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    folder = tmp_path / name
    monkeypatch.setattr(paths, "LOCAL", folder)
    programs = [*databases(Ports(), Path("/usr/bin/java")), *services(Ports())]
    for made in (folder / "log", *(program.folder for program in programs)):
        made.mkdir(parents=True, exist_ok=True)
    config = folder / "supervisord.conf"
    text = supervisor_config.render(folder, folder / "socket", folder / "log", programs)
    paths.write_atomically(config, text)
    assert parsed(config) == {program.name: program.environment for program in programs}


@pytest.mark.parametrize("name", ['a"b', "100%", "a ;b", "a #b", "a\nb"])
def test_a_path_that_supervisor_cannot_take_is_refused(tmp_path: Path, name: str):
    program = Program("a", ["true"], {"X": str(tmp_path / name)}, tmp_path)
    with pytest.raises(LocalError, match="supervisor cannot run from a path"):
        supervisor_config.render(tmp_path, tmp_path / "s", tmp_path, [program])


def test_the_file_is_its_owners_and_holds_no_secret(local: Path, tmp_path: Path):
    for name in ("auth/key-secret", "todos/cursor-secret"):
        (local / "secrets" / name).parent.mkdir(parents=True)
        (local / "secrets" / name).write_text("hush-hush")
    text = supervisor_config.render(tmp_path, tmp_path / "s", tmp_path, services(Ports()))
    paths.write_atomically(tmp_path / "conf", text)
    assert (tmp_path / "conf").stat().st_mode & 0o777 == 0o600
    assert "hush" not in text
    assert "inet_http_server" not in text


def test_a_service_whose_settings_are_not_here_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Ports, "of", lambda self, name: 8104)
    with pytest.raises(LocalError, match=r"environment.py does not say what notes is told"):
        service_environment("notes", Ports())
