"""A load balancer's part in a rolling restart: it asks who is ready, and keeps connections to who is."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import httpx

LOOK_SECONDS = 2.0


class Balancer:
    """Sends each request to the next instance that is ready; none twice, so that each failure counts.

    :param instances: their addresses.
    :param interval: seconds between two looks at the readiness of each. One look is enough to be in or out;
        two, where there is no answer within `LOOK_SECONDS`, as on a machine that has other things to do.
    """

    def __init__(self, instances: Sequence[str], *, interval: float = 0.2) -> None:
        self.instances = tuple(instances)
        self.ready: set[str] = set()
        self.outcomes: Counter[str] = Counter()
        self.slowest = 0.0
        self._asked: Counter[str] = Counter()
        self._interval = interval
        self._next = 0
        self._client = httpx.AsyncClient(
            trust_env=False, timeout=20, limits=httpx.Limits(keepalive_expiry=60)
        )
        self._looking = httpx.AsyncClient(trust_env=False, timeout=LOOK_SECONDS)
        self._silent: Counter[str] = Counter()

    async def watch(self) -> None:
        """Ask who is ready, for ever."""
        await asyncio.gather(*(self._watch(one) for one in self.instances))

    async def _watch(self, instance: str) -> None:
        while True:
            await self._look(instance)
            await asyncio.sleep(self._interval)

    async def _look(self, instance: str) -> None:
        is_ready = False
        try:
            answer = await self._looking.get(f"{instance}/health/ready")
            is_ready = answer.status_code == 200
        except httpx.TimeoutException:
            self._silent[instance] += 1
            if self._silent[instance] < 2:
                return
        except httpx.HTTPError:
            pass
        else:
            self._silent[instance] = 0
        if is_ready:
            self.ready.add(instance)
        else:
            self.ready.discard(instance)

    async def until(self, instance: str, *, ready: bool, seconds: float = 90) -> None:
        """Return when it has been seen to be ready, or not to be and nothing is asked of it any more.

        :raises TimeoutError: if that takes too long.
        """
        async with asyncio.timeout(seconds):
            while (instance in self.ready) is not ready or not (ready or self._asked[instance] == 0):  # noqa: ASYNC110 - it is looked at in turns itself
                await asyncio.sleep(self._interval / 4)

    async def send(self, request: httpx.Request) -> None:
        """Send a request, whose address lacks the instance, and count what becomes of it."""
        # Where nobody is ready all are asked, as load balancers of AWS do (they "fail open").
        there = [one for one in self.instances if one in self.ready] or self.instances
        self._next += 1
        instance = there[self._next % len(there)]
        url = instance + request.url.raw_path.decode()
        sent = self._client.build_request(
            request.method, url, headers=request.headers, content=request.content
        )
        sent.headers["Host"] = sent.url.netloc.decode()
        began = asyncio.get_running_loop().time()
        self._asked[instance] += 1
        try:
            answer = await self._client.send(sent)
            outcome = "answered" if answer.is_success else _failure(answer)
        except httpx.HTTPError as error:
            outcome = type(error).__name__
        finally:
            self._asked[instance] -= 1
        self.slowest = max(self.slowest, asyncio.get_running_loop().time() - began)
        self.outcomes[outcome] += 1

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()
        await self._looking.aclose()


def _failure(answer: httpx.Response) -> str:
    """Return the status and, of a problem, the code."""
    with suppress(ValueError, KeyError, TypeError):
        return f"{answer.status_code} {answer.json()['code']}"
    return str(answer.status_code)
