"""What config/<stage>.yaml tells a service, as far as stacks go by it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.aws.errors import AwsError

CONFIG = Path(__file__).parents[2] / "config"
_NAMED = re.compile(r"\Aaws-(secret|parameter):([^#]+)(?:#(.+))?\Z")


def told(stage: str, service: str, folder: Path = CONFIG) -> Mapping[str, Any]:
    """Return the settings of a service in a stage, by the files alone.

    Raises:
        AwsError: there is no file for the stage.
    """
    if not (folder / f"{stage}.yaml").is_file():
        raise AwsError(f"config/{stage}.yaml is not there: it says what the services of the stage are told.")
    settings: dict[str, Any] = {}
    for name in ("default", stage):
        sections = yaml.safe_load((folder / f"{name}.yaml").read_text()) or {}
        for section in ("all", service):
            settings |= sections.get(section) or {}
    return settings


def references(settings: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
    """Return what the settings name in AWS: ``secret`` or ``parameter``, its name or ARN, and the entry."""
    found = (_NAMED.match(value) for value in settings.values() if isinstance(value, str))
    return [(one[1], one[2], one[3]) for one in found if one]
