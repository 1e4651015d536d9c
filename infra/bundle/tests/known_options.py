"""What Beanstalk takes as an option, and what is wrong with others."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

KNOWN: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "beanstalk-options.yaml").read_text()
)


def faults(settings: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A line for each option that is not known, or takes no such value."""
    found = []
    for namespace, options in settings.items():
        known = KNOWN.get(namespace) or KNOWN.get(re.sub(r"[^:]+$", "*", namespace))
        if known is None:
            found.append(f"{namespace} is no namespace")
            continue
        for name, value in options.items():
            if name not in known:
                found.append(f"{namespace} has no {name}")
            elif not _takes(known[name], value):
                found.append(f"{namespace}: {name} does not take {value!r}")
    return found


def _takes(known: Any, value: Any) -> bool:
    if isinstance(known, list):
        # True == 1 in Python, and not for Beanstalk.
        return any(value == one and type(value) is type(one) for one in known)
    if "range" in known:
        smallest, largest = known["range"]
        return type(value) is int and smallest <= value <= largest
    return isinstance(value, str) and re.fullmatch(known["like"], value) is not None
