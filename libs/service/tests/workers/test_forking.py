"""What is forked is a process like any other."""

import signal
import subprocess
from pathlib import Path

import pytest

from libs.service.tests.workers.forking import Forks


def test_a_forked_process_has_its_arguments_environment_output_and_session_and_tells_its_end(
    forks: Forks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_OURS", "1")
    monkeypatch.setenv("OURS", "2")
    script = """
import os, sys, threading
print(sys.argv[1:], os.environ.get("APP_OURS"), os.environ["OURS"], os.environ["ITS"], __name__)
print(os.getpid() == os.getsid(0), threading.active_count(), len(os.listdir("/dev/fd")), flush=True)
sys.exit(3)
"""
    with (tmp_path / "said").open("wb") as output:
        with forks.process(script, "an argument", environ={"ITS": "3"}, output=output) as process:
            assert process.wait(30) == 3
            assert process.poll() == 3
        with forks.process("raise ValueError(1)", environ={}, output=output) as process:
            assert process.wait(30) == 1
        with forks.process("import time; time.sleep(60)", environ={}, output=output) as process:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.01)
            assert process.poll() is None
        assert process.poll() == -signal.SIGKILL
    said = (tmp_path / "said").read_text()
    assert said.startswith("['an argument'] None 2 3 __main__\nTrue 1 4\n")
    assert "ValueError: 1" in said
