import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from infra.local import paths, preflight
from infra.local.environment import service_environment
from infra.local.errors import LocalError
from infra.local.ports import Ports


def test_a_taken_port_is_one_line_with_its_holder_and_a_way_out(taken: int, ports: Ports):
    with pytest.raises(LocalError) as caught:
        preflight.check_ports(Ports(**{**ports.as_dict(), "auth": taken}), ["auth", "todos"])
    line = str(caught.value)
    assert line.startswith(f"port {taken} (auth) is in use by ")
    assert "stop it or set AUTH_PORT=" in line
    assert "\n" not in line
    if Path("/proc/net/tcp").exists():
        assert f"(pid {os.getpid()})" in line


def test_files_that_are_closed_meanwhile_hide_no_holder(tmp_path: Path):
    (tmp_path / "net").mkdir()
    (tmp_path / "net/tcp").write_text(f"header\n0: 0100007F:{8101:04X} 00000000:0000 0A 0 0 0 0 0 4711\n")
    descriptors = tmp_path / "12/fd"
    descriptors.mkdir(parents=True)
    (tmp_path / "12/comm").write_text("python\n")
    for closed in range(8):
        (descriptors / str(closed)).touch()  # as no link any more
    (descriptors / "9").symlink_to("socket:[4711]")
    assert preflight.listener(8101, tmp_path) == "python (pid 12)"


def test_every_taken_port_is_named(taken: int):
    with pytest.raises(LocalError, match=rf"Taken, too: {taken} \(todos\)"):
        preflight.check_ports(Ports(auth=taken, todos=taken), ["auth", "todos"])


def test_ports_that_are_not_asked_about_may_be_taken(taken: int, ports: Ports):
    preflight.check_ports(Ports(**{**ports.as_dict(), "auth": taken}), ["todos", "redis"])


def test_a_full_disk_is_told_before_anything_is_written(local: Path):
    with pytest.raises(LocalError, match=r"^12 MB are free in .*, 500 MB are needed: make room"):
        preflight.check_disk(lambda folder: SimpleNamespace(free=12_345_678))
    preflight.check_disk()
    assert list(local.iterdir()) == []


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(paths, "LOCAL", tmp_path / "file" / ".local")
    with pytest.raises(LocalError, match="cannot be written"):
        preflight.check_disk()


def test_secrets_are_made_once(local: Path):
    preflight.make_secrets()
    files = [local / "secrets" / "auth" / "key-secret", local / "secrets" / "todos" / "cursor-secret"]
    made = [file.read_bytes() for file in files]
    assert all(file.stat().st_mode & 0o077 == 0 for file in (local / "secrets").rglob("*"))
    preflight.make_secrets()
    assert [file.read_bytes() for file in files] == made


def test_each_service_is_pointed_to_a_secret_that_was_made(local: Path, ports: Ports):
    preflight.make_secrets()
    key = Path(service_environment("auth", ports)["APP_KEY_SECRET_FILE"])
    secret = Path(service_environment("todos", ports)["APP_CURSOR_SECRET_FILE"])
    assert key.is_file()
    assert secret.is_file()
    assert key.parent != secret.parent


def test_secrets_that_cannot_be_made_are_one_line(local: Path):
    local.mkdir()
    (local / "secrets").touch()
    with pytest.raises(LocalError, match="secrets") as caught:
        preflight.make_secrets()
    assert "\n" not in str(caught.value)
