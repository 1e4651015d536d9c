"""What is in an image, read without running anything of it: an image of another platform is read as well."""

import json
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra.local.errors import LocalError


def inspect(image: str) -> dict[str, Any]:
    """What `docker image inspect` tells of an image.

    :raises LocalError: if there is no such image, or no engine.
    """
    told: list[dict[str, Any]] = json.loads(_docker("image", "inspect", image))
    return told[0]


@contextmanager
def opened(image: str) -> Iterator[tarfile.TarFile]:
    """All files of an image, one after the other; each can be read only when its turn is.

    :raises LocalError: if there is no such image, or no engine, or what it told was cut short.
    """
    # Never started: the command stands there because an image may have none. No `--rm` without a start.
    container = _docker("create", "--network", "none", "--entrypoint", "none", image, "none").strip()
    try:
        with subprocess.Popen(
            ["docker", "export", container], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as export:
            try:
                with tarfile.open(fileobj=export.stdout, mode="r|") as files:
                    yield files
                # Behind the end of a tar there is padding, which `docker` waits to get rid of.
                assert export.stdout is not None  # noqa: S101  # PIPE
                while export.stdout.read(1 << 20):
                    pass
            except BaseException:
                export.kill()
                raise
        if export.returncode != 0:
            raise LocalError(f"the files of {image} could not be read: docker export failed.")
    finally:
        _docker("rm", "--force", container)


def _docker(*arguments: str) -> str:
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    except OSError as error:
        raise LocalError("docker was not found: install a Docker engine.") from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise LocalError(f"docker {arguments[0]}: {said[-1] if said else 'it failed'}")
    return done.stdout
