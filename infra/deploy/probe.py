"""Whether a service answers under a name in DNS, asked as a client of its public name would."""

from collections.abc import Callable

import httpx

from infra.aws.stage import Stage

Probe = Callable[[Stage, str, str], str | None]
"""Given a stage, a service and an address: None where it is ready, else what is wrong in a few words."""

SECONDS = 10.0


def ask_ready(stage: Stage, service: str, address: str) -> str | None:
    """Ask ``/health/ready``. The connection goes to `address`; TLS and Host are of the public name."""
    host = stage.host(service)
    try:
        with httpx.Client(timeout=SECONDS, trust_env=False) as client:
            answer = client.get(
                f"{stage.scheme}://{address}/health/ready",
                headers={"Host": host},
                extensions={"sni_hostname": host},
            )
    except httpx.HTTPError as error:
        return f"/health/ready does not answer ({type(error).__name__})"
    return None if answer.status_code == 200 else f"/health/ready answers {answer.status_code}"
