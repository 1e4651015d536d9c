"""`python tether.py SIGNAL PARENT COMMAND ...` becomes COMMAND, and gets SIGNAL when its parent dies.

What is started for a test run, or by the supervisor, must not outlive it, even when it is killed with SIGKILL
and can stop nothing itself. On Linux the kernel sees to that (PR_SET_PDEATHSIG, which survives exec);
elsewhere a small watcher process looks once a second. PARENT is the parent's pid, or the file it is in.
"""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def watch(parent: int, server: int, number: int) -> None:
    """Wait until `parent` is gone, then signal `server`; end quietly when the server ends first."""
    while os.getppid() == server:  # our own parent is the server: another one means that it has ended
        try:
            os.kill(parent, 0)
        except ProcessLookupError:
            os.kill(server, number)
            return
        time.sleep(1)


def main() -> None:
    """Tie this process to its parent, then become the command."""
    number, command = signal.Signals[sys.argv[1]], sys.argv[3:]
    parent = int(sys.argv[2]) if sys.argv[2].isdigit() else int(Path(sys.argv[2]).read_text())
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number)
    else:
        server = os.getpid()
        if os.fork() == 0:
            watch(parent, server, number)
            os._exit(0)
    if os.getppid() != parent:  # it died before the lines above
        sys.exit(1)
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
