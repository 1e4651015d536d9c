"""What config/<stage>.yaml tells a service, as far as AWS goes by it; read as the service itself reads it."""

from dataclasses import dataclass
from pathlib import Path

from infra.aws.errors import AwsError
from libs.service import Service
from libs.service.settings import read_settings
from libs.service.settings.files import CONFIG
from libs.service.settings.named_secrets import is_reference, read_reference


@dataclass(frozen=True)
class Told:
    """What of a service's settings has to do with what it finds in AWS.

    :param table_prefix: what the names of its tables begin with.
    :param references: the secrets and parameters that it fetches: ``aws-secret`` or ``aws-parameter``, the
        name or ARN, and the entry in it ("" for all of it).
    :param prefix_at: where the prefix stands, such as ``config/live.yaml:5``, or that it is left out.
    """

    table_prefix: str
    references: frozenset[tuple[str, str, str]]
    prefix_at: str


def told(stage: str, service: str, folder: Path = CONFIG) -> Told:
    """Return what the files of `folder` tell a service at a stage; nothing is fetched.

    Raises:
        AwsError: there is no file for the stage, or its prefix, or a name of a secret, is wrong.
    """
    environ = {"APP_SERVICE": service, "APP_ENVIRONMENT": stage}
    reading = read_settings(Service.named(service).settings_class, environ, folder=folder, fetch=False)
    named = [one for one in reading.told.values() if is_reference(one.value)]
    # What else may be wrong, a deploy looks at.
    about = ("APP_ENVIRONMENT", *(one.label for one in named))
    faults = [one for one in reading.faults if one.startswith(about) or "table_prefix" in one.lower()]
    prefix = reading.values.get("table_prefix")
    if faults or not isinstance(prefix, str):
        fault = "\n".join(faults) or "table_prefix is missing."
        raise AwsError(f"config/ does not tell {service} what it needs at {stage}:\n{fault}")
    given = reading.told.get("table_prefix")
    at = given.source if given else f"config/{stage}.yaml, which leaves it out"
    return Told(prefix, frozenset(read_reference(str(one.value)) for one in named), at)
