"""What is refused outside of development, where a forgotten setting must not open a door."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from marshmallow import ValidationError

from libs.service.settings.declaring import PREFIX, Secret
from libs.service.settings.every_service import Settings
from libs.service.settings.told import Told

DEVELOPMENT = frozenset({"local", "test"})
"""The environments of somebody's own machine. All others are strict, whatever their names are."""
LOCAL_CREDENTIAL = "local"
"""What the local stacks give DynamoDB Local, which takes anything."""


def deployment_faults(
    kind: type[Settings],
    environment: str,
    values: Mapping[str, Any],
    told: Mapping[str, Told],
    environ: Mapping[str, str],
) -> Iterator[str]:
    """Yield what is wrong with settings outside of development, and nothing there.

    :param values: what was read, defaults among them, secrets as texts.
    """
    if environment in DEVELOPMENT:
        return
    for name, message in _judged(kind, values, "deployed"):
        yield f"{told[name].label if name in told else PREFIX + name.upper()}: {message}"
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        if environ.get(variable) == LOCAL_CREDENTIAL:
            yield f"{variable}: Is that of the local stack, which no other takes."


def advice(kind: type[Settings], values: Mapping[str, Any]) -> list[str]:
    """Return what is worth a warning about settings that are in force outside of development.

    :param values: what is in force, by the names of settings.
    """
    if values["environment"] in DEVELOPMENT:
        return []
    texts = {name: value.reveal() if isinstance(value, Secret) else value for name, value in values.items()}
    return [f"{PREFIX}{name.upper()}: {message}" for name, message in _judged(kind, texts, "advised")]


def _judged(kind: type[Settings], values: Mapping[str, Any], by: str) -> Iterator[tuple[str, str]]:
    for one in fields(kind):
        validate, value = one.metadata[by], values.get(one.name)
        if validate is None or value is None:
            continue
        try:
            validate(value)
        except ValidationError as error:
            yield from ((one.name, message) for message in error.messages)
