"""Clients of the live CNAME, while something happens behind it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import httpx

from bench.rolling.balancer import Balancer
from bench.rolling.restarting import Rolled, roll


def under_load(
    address: str, paths: Sequence[str], token: str, work: Callable[[], None], *, rate: float
) -> Rolled:
    """Do some work while requests come, and tell what has become of them.

    Half of the requests come by a connection of their own, as those of clients that look the name up anew;
    the others keep theirs.

    :param address: host and port.
    :param token: of who asks.
    :param rate: requests a second.
    """

    def restart(balancer: Balancer) -> Awaitable[None]:
        return asyncio.to_thread(work)

    headers = {"Authorization": f"Bearer {token}"}
    requests = [
        httpx.Request("GET", f"http://balancer{path}", headers={**headers, **more})
        for path in paths
        for more in ({}, {"Connection": "close"})
    ]
    return asyncio.run(roll({f"http://{address}": restart}, requests, rate=rate))
