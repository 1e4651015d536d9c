"""Make the image of a service, or of the proxy in front of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.aws import names
from infra.image.revision import Revision
from infra.local.errors import LocalError
from infra.local.output import say
from infra.local.paths import ROOT

PROXY = "proxy"
SHOWN_LINES = 40
AMD64, ARM64 = "linux/amd64", "linux/arm64"


def parts(root: Path = ROOT) -> list[str]:
    """What there is an image of: each service, and the proxy."""
    services = [
        path.name for path in sorted((root / "services").iterdir()) if (path / "__init__.py").is_file()
    ]
    return [*services, PROXY]


def tag(part: str, revision: Revision) -> str:
    """What the image of a part and a commit is called here, as in ECR: by repository and commit."""
    return f"{names.repository(part)}:{revision.commit}"


def build(
    part: str,
    revision: Revision,
    *,
    root: Path = ROOT,
    name: str | None = None,
    platform: str | None = None,
    cache: bool = True,
) -> str:
    """Build an image and return its name.

    :param part: a service, or ``proxy``.
    :param revision: what the image says it is made of.
    :param root: the clone it is made of.
    :param name: what to call it; by default `tag`.
    :param platform: ``linux/amd64`` or ``linux/arm64``; by default the engine's own.
    :param cache: whether layers of earlier builds do.
    :raises LocalError: if there is no such part, no engine, or the build fails: its last lines were shown.
    """
    if part not in parts(root):
        raise LocalError(f"SERVICE={part} is none of {', '.join(parts(root))}.")
    name = name or tag(part, revision)
    # Compose builds with BuildKit wherever it is there; `docker build` does with another plugin only.
    command = ["docker", "compose", "--project-name", "polymacaron-image", "--file", "-", "build"]
    options = [] if cache else ["--no-cache"]
    quiet = not sys.stderr.isatty()
    done = subprocess.run(
        [*command, *options, *(["--progress", "plain"] if quiet else [])],
        input=json.dumps({"services": {"image": _service(part, revision, root, name, platform)}}),
        # An attestation has times and hosts in it, and would make an index of every image.
        env={**os.environ, "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"},
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
    )
    if done.returncode != 0:
        if quiet:
            say("\n".join(done.stdout.splitlines()[-SHOWN_LINES:]))
        raise LocalError(f"the image {name} could not be built: see the last lines above.")
    return name


def _service(part: str, revision: Revision, root: Path, name: str, platform: str | None) -> dict[str, Any]:
    dockerfile = f"infra/{PROXY}/Dockerfile" if part == PROXY else "Dockerfile"
    arguments = {
        "VERSION": revision.version,
        "COMMIT": revision.commit,
        "CREATED": revision.created,
        "SOURCE": revision.source,
        # BuildKit's own: when the image says it was made. It enters no layer.
        "SOURCE_DATE_EPOCH": str(revision.seconds),
    }
    if part != PROXY:
        arguments["SERVICE"] = part
    build: dict[str, Any] = {"context": str(root), "dockerfile": dockerfile, "args": arguments}
    if platform:
        build["platforms"] = [platform]
    return {"image": name, "build": build}
