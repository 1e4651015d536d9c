"""How the memory of an instance is divided among its containers."""

import re
from collections.abc import Mapping, Sequence

from infra.aws.errors import AwsError

# Of the size ``large``, in MiB: https://aws.amazon.com/ec2/instance-types/
_LARGE = {"t": 8192, "m": 8192, "c": 4096, "r": 16384}
_SIZES = {"nano": 1 / 16, "micro": 1 / 8, "small": 1 / 4, "medium": 1 / 2, "large": 1.0, "xlarge": 2.0}
_TYPE = re.compile(r"([tmcr])([0-9])([a-z]*)\.(?:([0-9]{1,2})xlarge|([a-z]+))")

HOST = 448
"""MiB for the kernel, the Docker engine and Beanstalk's agents."""
PROXY = 128
BEAT = 192
LEAST = 384
"""MiB that web and worker need each; docker-compose.yml gives them 512."""


def memory(instance_type: str) -> int:
    """The memory of an instance type, in MiB.

    Raises:
        AwsError: it is of no family that is known here.
    """
    found = _TYPE.fullmatch(instance_type)
    size = found and (2.0 * int(found[4]) if found[4] else _SIZES.get(found[5]))
    if not found or not size:
        raise AwsError(
            f"instance_type {instance_type}: its memory is not known here; take one of the families t, m, c "
            "and r, or add it to infra/bundle/capacity.py."
        )
    return int(_LARGE[found[1]] * size)


def architecture(instance_type: str) -> str:
    """``arm64`` or ``x86_64``: a ``g`` behind the generation is for Graviton."""
    found = _TYPE.fullmatch(instance_type)
    return "arm64" if found and "g" in found[3] else "x86_64"


def limits(instance_type: str, containers: Sequence[str]) -> Mapping[str, int]:
    """The memory limit of each container, in MiB: a fixed one for proxy and beat, the rest in like parts.

    Raises:
        AwsError: the instance is too small for them.
    """
    fixed = {"proxy": PROXY, "beat": BEAT}
    shared = [name for name in containers if name not in fixed]
    rest = memory(instance_type) - HOST - sum(fixed.get(name, 0) for name in containers)
    part = rest // len(shared)
    if part < LEAST:
        raise AwsError(
            f"instance_type {instance_type}: {memory(instance_type)} MiB are too little for "
            f"{', '.join(containers)}; web and worker need {LEAST} MiB each."
        )
    return {name: fixed.get(name, part) for name in containers}
