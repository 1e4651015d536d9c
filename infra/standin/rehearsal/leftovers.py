"""What Docker keeps of a rehearsal: its images, which nobody has a use for afterwards."""

import subprocess
from collections.abc import Collection

_FORMAT = "{{.Repository}} {{.Tag}} {{.Digest}}"


def remove_images(registry: str, commits: Collection[str]) -> None:
    """Remove the images of some commits, and those of a registry. Layers stay, as cache."""
    listed = _docker("image", "ls", "--digests", "--format", _FORMAT)
    names = []
    for line in listed.splitlines():
        repository, tag, digest = line.split()
        if tag in commits:
            names.append(f"{repository}:{tag}")
        elif repository.startswith(f"{registry}/"):
            names.append(f"{repository}:{tag}" if tag != "<none>" else f"{repository}@{digest}")
    if names:
        _docker("image", "rm", "--force", "--no-prune", *sorted(set(names)))


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.stdout
