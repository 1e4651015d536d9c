"""What clients had, one environment after the other, as Beanstalk's events of swaps tell.

CNAMEs tell of one step only, and of an environment that stands. Events tell of those that are gone, too, and
which were taken back. Beanstalk keeps them for six weeks.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from infra.aws import names
from infra.deploy.calls import BEANSTALK
from infra.deploy.environments import Environment
from infra.deploy.work import Work

NAMED = re.compile(r"'([A-Za-z0-9-]+)'")
"""The environments in the message of a swap: Completed swapping CNAMEs for environments 'a' and 'b'."""
TOGETHER = timedelta(seconds=10)
"""Within which the events of both environments tell of one swap."""

Swapped = tuple[datetime, tuple[str, ...]]
"""When, and which two."""


@dataclass(frozen=True)
class History:
    """What clients had before the live environment.

    :ivar good: names of environments that were live, and were never gone back from; the latest first.
    :ivar taken_back: those that clients were brought back from.
    """

    good: tuple[str, ...]
    taken_back: frozenset[str]


def history(work: Work, live: Environment) -> History:
    """What clients had before what they have now."""
    told = swaps(work)
    had: list[str] = []
    seen: set[str] = set()
    for name in reversed(_lives(told, live.name)):
        seen.add(name)
        if name in had:
            # Back to where they were: what came in between was no good.
            del had[had.index(name) + 1 :]
        else:
            had.append(name)
    left = _left(work, told)
    good = tuple(name for name in reversed(had[:-1]) if name not in left)
    return History(good, frozenset(seen - {live.name, *good}))


def kept(work: Work, live: Environment | None = None) -> Environment | None:
    """The environment that is kept for a rollback: it was live before, and nobody has gone back from it."""
    live = live or work.environments.live()
    previous = work.environments.previous(live) if live else None
    if live is None or previous is None or previous.name in history(work, live).taken_back:
        return None
    return previous


def is_swap(message: str) -> bool:
    """Whether an event of Beanstalk tells of a swap that is done."""
    told = message.lower()
    return "swap" in told and "cname" in told and "complet" in told


def _lives(told: Sequence[Swapped], live: str) -> list[str]:
    """The environments that clients came to, the latest first: by each swap from one to the other."""
    lives = [live]
    for _, pair in sorted(told, reverse=True):
        if lives[-1] in pair:  # else somebody has swapped two that no client came to
            lives.append(next(name for name in pair if name != lives[-1]))
    return lives


def _left(work: Work, told: Sequence[Swapped]) -> set[str]:
    """Those that stand, were swapped, and have their own CNAME again: so a swap has brought clients back.

    The event of the last swap may be told late, but its CNAMEs are as they are.
    """
    return {
        one.name
        for one in work.environments.web()
        if any(one.name in pair and one.created < at for at, pair in told)
        and one.cname == work.environments.address(names.own_cname(one.name))
    }


def swaps(work: Work, since: datetime | None = None) -> list[Swapped]:
    """When which two environments were swapped, in no order.

    :param since: from then on; by default all that Beanstalk knows of.
    """
    begin = {} if since is None else {"StartTime": since}
    told: dict[tuple[str, ...], list[tuple[datetime, str]]] = defaultdict(list)
    for event in work.api.pages(
        BEANSTALK,
        "DescribeEvents",
        "Events",
        ApplicationName=work.environments.application,
        MaxRecords=1000,
        **begin,
    ):
        pair = tuple(sorted(NAMED.findall(event["Message"])))
        if is_swap(event["Message"]) and len(pair) == 2:
            told[pair].append((event["EventDate"], event.get("EnvironmentName", "")))
    return [(at, pair) for pair, events in told.items() for at in _each(events)]


def _each(events: list[tuple[datetime, str]]) -> list[datetime]:
    """When the same two were swapped. Both environments may have an event of a swap, or one of them alone."""
    found: list[datetime] = []
    by: set[str] = set()
    for at, name in sorted(events):
        if not found or name in by or at - found[-1] > TOGETHER:
            found.append(at)
            by = set()
        by.add(name)
    return found
