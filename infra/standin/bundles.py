"""Bundles as Beanstalk reads them: a ZIP with a docker-compose.yml, and options in .ebextensions."""

import io
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

COMPOSE = "docker-compose.yml"
MOST_BYTES = 500 * 1024 * 1024
"""Beanstalk's own limit, of the ZIP."""
PROPERTIES = "aws:elasticbeanstalk:application:environment"
"""The namespace of options that become environment variables."""


class BadBundle(Exception):
    """A bundle that cannot be run; the text says why."""


@dataclass(frozen=True)
class Bundle:
    """What is in a bundle."""

    files: dict[str, tuple[bytes, int]]
    """Content and mode, by path."""
    options: dict[tuple[str, str], str]
    """By namespace and name."""

    @classmethod
    def read(cls, content: bytes) -> "Bundle":
        """Read a bundle.

        :raises BadBundle: if it is none, or Beanstalk could not run it.
        """
        if len(content) > MOST_BYTES:
            raise BadBundle("The source bundle is larger than 500 MB.")
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                files = {
                    info.filename: (archive.read(info), stat.S_IMODE(info.external_attr >> 16) or 0o644)
                    for info in archive.infolist()
                    if not info.is_dir()
                }
        except zipfile.BadZipFile:
            raise BadBundle("The source bundle is no ZIP.") from None
        outside = [name for name in files if name.startswith("/") or ".." in PurePosixPath(name).parts]
        if outside:
            raise BadBundle(f"{outside[0]} is outside of the source bundle.")
        if COMPOSE not in files:
            raise BadBundle(f"There is no {COMPOSE} at the root of the source bundle.")
        _mapping(COMPOSE, files[COMPOSE][0])
        options: dict[tuple[str, str], str] = {}
        for name in sorted(files):
            if name.startswith(".ebextensions/") and name.endswith(".config"):
                options |= _options(name, _mapping(name, files[name][0]))
        return cls(files, options)

    def unpack(self, folder: Path) -> None:
        """Write the files into a folder."""
        for name, (content, mode) in self.files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(mode)


def _mapping(name: str, text: bytes) -> dict[str, Any]:
    try:
        told = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError):
        raise BadBundle(f"{name} is no YAML.") from None
    if not isinstance(told, dict):
        raise BadBundle(f"{name} is no mapping.")
    return told


def _options(name: str, told: dict[str, Any]) -> dict[tuple[str, str], str]:
    settings = told.get("option_settings", {})
    if isinstance(settings, dict):
        if not all(isinstance(options, dict) for options in settings.values()):
            raise BadBundle(f"{name}: option_settings has something in it that is no mapping.")
        return {
            (namespace, option): _text(value)
            for namespace, options in settings.items()
            for option, value in options.items()
        }
    try:
        return {(one["namespace"], one["option_name"]): _text(one["value"]) for one in settings}
    except (KeyError, TypeError):
        raise BadBundle(f"{name}: each of option_settings needs namespace, option_name and value.") from None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
