from pathlib import Path

import pytest

from infra.stacks import programs


@pytest.mark.parametrize("ended", [0, 1])
def test_what_checkov_fails_of_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ended: int
) -> None:
    checkov = tmp_path / "checkov"
    checkov.write_text(f"#!/bin/sh\necho no such framework >&2\nexit {ended}\n")
    checkov.chmod(0o755)
    monkeypatch.setattr(programs, "ensure_venv", lambda _: tmp_path)
    assert programs.check_policy(tmp_path) == ended
    assert capsys.readouterr().err == ("no such framework\n" if ended else "")
