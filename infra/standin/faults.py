"""What calls of AWS fail with because a test has said so, and which calls there were.

A call is named as in a policy: ``elasticbeanstalk:CreateEnvironment``, ``s3:PutObject``. Where one is asked
for, ``*`` stands for anything.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

ALWAYS_ALLOWED = ("sts:GetCallerIdentity",)
"""Which no policy can forbid."""


class Fault(Exception):
    """What a call is answered with instead of being made.

    :param code: in the words of the Query protocol; others' are made of it.
    """

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass
class _Rule:
    calls: str
    left: float
    do: Callable[[str], None]


@dataclass
class Faults:
    """Rules for all calls of one stand-in. Threads may share it.

    :ivar calls: what was called, the oldest first, faults included.
    """

    account: str
    keys: set[str]
    calls: list[str] = field(default_factory=list)
    _rules: list[_Rule] = field(default_factory=list)
    _expired: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def deny(self, calls: str) -> None:
        """Have calls be refused for want of permission."""

        def refuse(call: str) -> None:
            raise Fault(
                "AccessDenied",
                f"User: arn:aws:iam::{self.account}:user/deployer is not authorized to perform: {call} "
                f"because no identity-based policy allows the {call} action",
                403,
            )

        self._add(calls, float("inf"), refuse)

    def throttle(self, calls: str, times: int = 1) -> None:
        """Have calls be refused because there were too many, some times."""
        self.fail(calls, "Throttling", "Rate exceeded", times=times)

    def fail(self, calls: str, code: str, message: str, *, status: int = 400, times: float = 1) -> None:
        """Have calls be answered with an error, some times."""

        def refuse(call: str) -> None:
            raise Fault(code, message, status)

        self._add(calls, times, refuse)

    def before(self, calls: str, do: Callable[[], None], times: float = 1) -> None:
        """Have something done before calls are made: they wait for it."""
        self._add(calls, times, lambda call: do())

    def expire(self, key: str) -> None:
        """Have an access key be good no more."""
        self._expired.add(key)

    def clear(self) -> None:
        """Forget all rules and calls; what has expired is good again."""
        with self._lock:
            self._rules.clear()
            self._expired.clear()
            self.calls.clear()

    def made(self, calls: str) -> int:
        """Return how often calls were made."""
        return sum(fnmatchcase(call, calls) for call in list(self.calls))

    def check(self, call: str, key: str) -> None:
        """Do what is to be done before a call.

        :raises Fault: if it is not to be made.
        """
        with self._lock:
            self.calls.append(call)
        if key not in self.keys:
            raise Fault("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        if key in self._expired:
            raise Fault("ExpiredToken", "The security token included in the request is expired", 403)
        with self._lock:
            rules = [rule for rule in self._rules if rule.left > 0 and fnmatchcase(call, rule.calls)]
            rule = rules[0] if rules and call not in ALWAYS_ALLOWED else None
            if rule:
                rule.left -= 1
        if rule:
            rule.do(call)

    def _add(self, calls: str, times: float, do: Callable[[str], None]) -> None:
        with self._lock:
            self._rules.append(_Rule(calls, times, do))
