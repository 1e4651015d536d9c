"""The files of a bundle, and the zip of them: the same input gives the same bytes."""

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.aws.errors import AwsError
from infra.aws.stage import Stage
from infra.bundle.compose import Role, compose
from infra.bundle.extensions import extensions
from infra.bundle.images import COMMIT, Images

LARGEST = 500 * 1024 * 1024
"""Bytes that Beanstalk takes: https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/applications-sourcebundle.html"""
_EPOCH = (1980, 1, 1, 0, 0, 0)


class _Plain(yaml.SafeDumper):
    """YAML for people: no anchors, and a text of several lines as lines."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_str(self, data: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style="|" if "\n" in data else None)


_Plain.add_representer(str, _Plain.represent_str)


def write_bundle(
    stage: Stage, service: str, commit: str, images: Images, folder: Path, role: Role = "web"
) -> Path:
    """Write the bundle of a service into a folder: a zip, and a folder of the same name with what is in it.

    :param commit: in 40 digits.
    :param role: ``worker`` for the environment of workers, where a service has one of its own.
    :returns: the zip.
    :raises AwsError: the service is none of the stage's or has no such role, the commit is none, or the
        instances of the service cannot hold what has to run on them.
    """
    files = bundle_files(stage, service, commit, images, role)
    name = f"{service}-{stage.name}-{commit[:12]}" + ("" if role == "web" else f"-{role}")
    open_folder, zipped = folder / name, folder / f"{name}.zip"
    shutil.rmtree(open_folder, ignore_errors=True)
    for path, text in files.items():
        file = open_folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    with zipfile.ZipFile(zipped, "w") as made:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _EPOCH)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            made.writestr(entry, files[path], zipfile.ZIP_DEFLATED, 9)
    if zipped.stat().st_size > LARGEST:
        raise AwsError(f"{zipped} is larger than the {LARGEST} bytes that Beanstalk takes.")
    return zipped


def bundle_files(stage: Stage, service: str, commit: str, images: Images, role: Role) -> Mapping[str, str]:
    """The text of each file of a bundle, by its path in it."""
    if service not in stage.services:
        raise AwsError(
            f"SERVICE={service} is none of {', '.join(sorted(stage.services))}, which {stage.name} has."
        )
    if not COMMIT.fullmatch(commit):
        raise AwsError(f"{commit!r} is no commit: 40 digits, as `git rev-parse HEAD` prints them.")
    if role == "worker" and stage.services[service].worker != "environment":
        raise AwsError(
            f"{service} has no environment of workers in {stage.name}: in infra/stages/{stage.name}.yaml its "
            f"`worker` is {stage.services[service].worker}."
        )
    where = "" if role == "web" else ", the environment of workers"
    head = f"{service} in {stage.name}{where}, commit {commit}.\nWritten by `make bundle`: docs/bundle.md."
    made = {
        "docker-compose.yml": _text(
            head, "What runs on each instance.", compose(stage, service, images, role)
        )
    }
    for name, (about, content) in extensions(stage, service, role).items():
        made[f".ebextensions/{name}.config"] = _text(head, about, content)
    return made


def _text(head: str, about: str, content: Mapping[str, Any]) -> str:
    comment = "".join(f"# {line}\n" for line in [*head.splitlines(), about])
    return f"{comment}\n{yaml.dump(dict(content), Dumper=_Plain, sort_keys=False, width=110)}"
