"""The mails that a deployment has sent, as the operator's command tells them."""

import os
import shlex
import subprocess

import pytest

COMMAND = "TESTACCEPT_MAIL_COMMAND"


def mails_to(address: str) -> str:
    """The texts of the mails to an address, the newest last, as the operator's command prints them."""
    command = os.environ.get(COMMAND, "")
    if not command:
        pytest.fail(
            f"The deployment wants e-mail addresses confirmed: set {COMMAND} to a command that prints the "
            "mails to one, and TESTACCEPT_ADDRESS to addresses that receive some (testaccept/README.md).",
            pytrace=False,
        )
    try:
        done = subprocess.run(  # noqa: S603 -- the command is the operator's own setting
            [*shlex.split(command), address], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.fail(f"{COMMAND} cannot be run: {error}", pytrace=False)
    if done.returncode != 0:
        pytest.fail(
            f"{COMMAND} exited with {done.returncode}: {done.stderr.strip()[-500:]}",
            pytrace=False,
        )
    return done.stdout
