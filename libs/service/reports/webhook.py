"""Reports by HTTP: a POST of JSON to an address of yours."""

import httpx
import orjson

from libs.api.clients.retries import retry_after
from libs.service.reports.reporter import ReportRefused, Told

TIMEOUT = httpx.Timeout(5.0, connect=2.0)


def post(url: str, content: bytes, headers: dict[str, str]) -> None:
    """Send something, over a connection of its own, and look at nothing of the answer but its head.

    Reports are few, and a connection that is kept could be one that a fork shares with its parent. No
    redirect is followed, no proxy asked that the environment names, and no password of ~/.netrc sent: what is
    sent is meant for one address.

    :raises ReportRefused: if the answer is no 2xx.
    :raises httpx.HTTPError: if there is none.
    """
    with (
        httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
        client.stream("POST", url, content=content, headers=headers) as answer,
    ):
        if not answer.is_success:
            pause = retry_after(answer.headers.get("Retry-After"))
            raise ReportRefused(answer.status_code, retry_after=pause or 0.0)


class WebhookReporter:
    """Posts each report as JSON.

    :param url: where to; it may have a secret in it, and is told nobody.
    """

    name = "webhook"

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, told: Told) -> None:
        """Post it."""
        post(self._url, orjson.dumps(dict(told)), {"Content-Type": "application/json"})
