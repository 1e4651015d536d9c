"""Images, as Docker on this machine has them."""

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from infra.deploy.exits import DeployError, Exit
from infra.deploy.programs import Finished, Programs
from infra.local.paths import ROOT

NEEDED_BYTES = 4_000_000_000
"""What the images of all services and the cache of their builds may take."""
FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)


def disk_faults(
    folders: tuple[Path, ...], free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free
) -> list[str]:
    """The folders whose disk has too little room, a line each, one for each disk."""
    found = {}
    for folder in folders:
        room = free(folder) if folder.is_dir() else NEEDED_BYTES  # Docker's may be on another machine
        if room < NEEDED_BYTES:
            found[room] = (
                f"{room // 1_000_000} MB are free in {folder}, {NEEDED_BYTES // 1_000_000} MB are needed:"
                " make room (`docker system prune`)."
            )
    return list(found.values())


class Docker:
    """The engine that the docker command speaks to."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs

    def fault(self) -> str | None:
        """Why images cannot be built here; None where they can."""
        for question in (
            ("docker", "version", "--format", "{{.Server.Version}}"),
            ("docker", "compose", "version"),
        ):
            answer = self._programs.ask(*question)
            if answer.code != 0:
                last = answer.said[-1] if answer.said else "no answer"
                asked = " ".join(question[:2])
                return f"images are built by Docker with its compose plugin, and `{asked}` says: {last}"
        return None

    def disk_faults(self) -> list[str]:
        """Where there is too little room for a build."""
        root = self._programs.ask("docker", "info", "--format", "{{.DockerRootDir}}").text.strip()
        return disk_faults((ROOT, *([Path(root)] if root else [])))

    def architecture(self) -> str:
        """What the engine builds and runs without being asked for anything else: amd64, arm64."""
        return self._programs.ask("docker", "version", "--format", "{{.Server.Arch}}").text.strip()

    def has(self, image: str, commit: str, architecture: str) -> bool:
        """Whether there is an image of that name, made of that commit, for such processors."""
        told = '{{index .Config.Labels "org.opencontainers.image.revision"}} {{.Architecture}}'
        found = self._programs.ask("docker", "image", "inspect", "--format", told, image)
        return found.code == 0 and found.text.split() == [commit, architecture]

    def build(self, part: str, architecture: str) -> None:
        """Build the image of a service, or of the proxy, of the commit that is checked out.

        :param architecture: amd64 or arm64.
        :raises DeployError: it cannot be built.
        """
        platform = () if architecture == self.architecture() else ("--platform", f"linux/{architecture}")
        done = self._programs.run(sys.executable, "-m", "infra.image", "build", part, *platform)
        self._require(done, f"the image of {part} cannot be built")

    def push(self, image: str, reference: str, token: str) -> None:
        """Push an image to a registry, under the name it has there.

        :param reference: REGISTRY/REPOSITORY:TAG.
        :param token: of ECR: user and password in base64. It is in a folder of its own while this runs.
        :raises DeployError: it cannot be pushed.
        """
        self._require(self._programs.run("docker", "tag", image, reference), f"{image} cannot be tagged")
        host = self._programs.ask("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
        with tempfile.TemporaryDirectory(prefix="deploy-docker-") as folder:
            auths = {"auths": {reference.partition("/")[0]: {"auth": token}}}
            Path(folder, "config.json").write_text(json.dumps(auths))
            # The engine of the context in use, which a folder of one's own does not know.
            engine = {"DOCKER_HOST": host.text.strip()} if host.code == 0 and host.text.strip() else {}
            done = self._programs.run("docker", "--config", folder, "push", reference, environment=engine)
        self._require(done, f"{reference} cannot be pushed")

    def _require(self, done: Finished, otherwise: str) -> None:
        if done.code == 0:
            return
        if FULL.search(done.text):
            raise DeployError(
                Exit.DISK_FULL, f"{otherwise}: the disk is full. Make room (`docker system prune`)."
            )
        raise DeployError(Exit.IMAGE, f"{otherwise}: see what docker says above.")
