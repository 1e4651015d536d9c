"""One command at a time for a service and a stage: a lease in DynamoDB, renewed while the command works."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from infra.aws import names
from infra.deploy.api import Api
from infra.deploy.exits import Busy, DeployError, Exit

LEASE_SECONDS = 45.0
"""How long a lock outlives a process that was killed. It is measured by AWS' clock: `Api.now`."""
RENEW_SECONDS = 10.0
SPARE_SECONDS = 5.0
"""So long before the end of its lease a holder makes no change any more: a call may take a moment."""
LOST = "ConditionalCheckFailedException"
FREE = "attribute_not_exists(#holder) OR #holder = :holder OR expires < :now"
MINE = "#holder = :holder"
"""Still, though the lease may have run out: nobody has come in between."""


@dataclass(frozen=True)
class Holder:
    """Who has a lock."""

    name: str
    seconds: float
    """For how long, unless it is renewed."""


class Lock:
    """The lock of a service at a stage.

    :param holder: who asks, in words for others and different for each process.
    """

    def __init__(self, api: Api, service: str, stage: str, holder: str) -> None:
        self._api = api
        self._name = f"{service}-{stage}"
        self._holder = holder
        self._expires = 0.0
        self._lost = False

    def holder(self) -> Holder | None:
        """Who has it now; None where nobody has."""
        answer = self._api.ask(
            "dynamodb",
            "GetItem",
            TableName=names.LOCK_TABLE,
            Key={"name": {"S": self._name}},
            ConsistentRead=True,
        )
        item = answer.get("Item")
        if item is None or float(item["expires"]["N"]) <= self._api.now():
            return None
        return Holder(item["holder"]["S"], float(item["expires"]["N"]) - self._api.now())

    @contextmanager
    def held(self, renew: float = RENEW_SECONDS) -> Iterator[None]:
        """Have the lock for the length of a with-block. In a dry run, only see that nobody has it.

        Meanwhile `Api` makes no change once the lease is lost.

        :raises DeployError: somebody else has it.
        """
        if self._api.dry:
            self._take()
            yield
            self._release()
            return
        ended = threading.Event()
        thread = threading.Thread(target=self._renew, args=(ended, renew), name="lock", daemon=True)
        try:
            self._take()
            thread.start()
            self._api.guard = self.require
            yield
        finally:
            self._api.guard = lambda: None
            ended.set()
            if thread.ident is not None:
                thread.join()
            if not self._lost:
                with suppress(DeployError):  # it ends by itself
                    self._release()

    def require(self) -> None:
        """See that the lock is still held. One that ran out while this machine slept is renewed.

        :raises DeployError: it is not.
        """
        if not self._lost and self._api.now() >= self._expires - SPARE_SECONDS:
            with suppress(Busy):
                self._lost = not self._put(MINE)
        if self._lost or self._api.now() >= self._expires - SPARE_SECONDS:
            raise DeployError(
                Exit.LOST_LOCK,
                f"the lock {self._name} is lost: somebody else has taken it, or DynamoDB does not answer.\n"
                "Nothing is changed any more. `make status` shows how things are.",
            )

    def _take(self) -> None:
        # Asked first: the answer has AWS' time, by which a lease has ended or not.
        self._refuse_if_held()
        if not self._put(FREE):
            self._refuse_if_held()
            raise DeployError(
                Exit.LOCKED, f"{self._name} is being deployed by somebody else: try again later."
            )

    def _refuse_if_held(self) -> None:
        other = self.holder()
        if other is not None:
            raise DeployError(
                Exit.LOCKED,
                f"{other.name} is at work at {self._name}: wait for it to end.\n"
                f"If it was killed, its lock ends by itself in {other.seconds:.0f} s.",
            )

    def _put(self, condition: str) -> bool:
        """Have the lock for another while; False if the condition does not hold."""
        expires = self._api.now() + LEASE_SECONDS
        now = {":now": {"N": f"{self._api.now():.3f}"}} if ":now" in condition else {}
        done = self._api.change(
            "dynamodb",
            "PutItem",
            absent=(LOST,),
            guarded=False,
            TableName=names.LOCK_TABLE,
            Item={
                "name": {"S": self._name},
                "holder": {"S": self._holder},
                "expires": {"N": f"{expires:.3f}"},
            },
            ConditionExpression=condition,
            ExpressionAttributeNames={"#holder": "holder"},
            ExpressionAttributeValues={":holder": {"S": self._holder}, **now},
        )
        if done is not None:
            self._expires = expires
        return done is not None or self._api.dry

    def _renew(self, ended: threading.Event, every: float) -> None:
        while not ended.wait(every):
            # What cannot be renewed now may be in ten seconds; `require` knows how long the lease lasts.
            with suppress(DeployError):
                if not self._put(MINE):
                    self._lost = True
                    return

    def _release(self) -> None:
        self._api.change(
            "dynamodb",
            "DeleteItem",
            absent=(LOST,),
            guarded=False,
            TableName=names.LOCK_TABLE,
            Key={"name": {"S": self._name}},
            ConditionExpression=MINE,
            ExpressionAttributeNames={"#holder": "holder"},
            ExpressionAttributeValues={":holder": {"S": self._holder}},
        )
