"""In which order services are released: who is called before who calls."""

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import yaml

from infra.deploy.exits import DeployError, Exit
from infra.local.paths import ROOT


def calls(stage: str, services: Collection[str], folder: Path = ROOT / "config") -> dict[str, set[str]]:
    """Whom each service calls: those whose address config/<stage>.yaml tells it, as `<service>_url`.

    Where the keys of tokens are (`jwks_url`) is no call in this sense: those addresses and what stands there
    do not change with a release.
    """
    file = folder / f"{stage}.yaml"
    told = (yaml.safe_load(file.read_text()) if file.is_file() else None) or {}
    return {
        service: {
            other
            for other in services
            if other != service and f"{other}_url" in {**(told.get("all") or {}), **(told.get(service) or {})}
        }
        for service in services
    }


def release_order(called: Mapping[str, Collection[str]], *, consumers_first: bool = False) -> list[str]:
    """All services, those that are called before those that call them; or the other way round.

    :param called: whom each calls.
    :param consumers_first: for a release that takes something away: who uses it goes first.
    :raises DeployError: some call each other, so that there is no order.
    """
    sorter = TopologicalSorter({service: sorted(called[service]) for service in sorted(called)})
    try:
        order = list(sorter.static_order())
    except CycleError as error:
        circle = " → ".join(error.args[1])
        raise DeployError(
            Exit.REFUSED,
            f"services call each other in a circle ({circle}), so there is no order for all:"
            " deploy them one by one, with SERVICE=.",
        ) from None
    return order[::-1] if consumers_first else order
