"""The one way to AWS: what changes something is made, or shown, and only while the lock is held."""

from collections.abc import Callable, Collection, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError
from botocore.validate import ParamValidator

from infra.aws.clients import Aws
from infra.deploy.calls import CALLS, Call
from infra.deploy.clock import Clock
from infra.deploy.exits import Busy
from infra.deploy.faults import AGAIN, told
from infra.deploy.journal import Journal


class Api:
    """Calls of AWS.

    :param dry: whether calls that change something are told instead of made.
    """

    def __init__(self, aws: Aws, journal: Journal, clock: Clock, *, dry: bool = False) -> None:
        self.aws = aws
        self._journal = journal
        self._clock = clock
        self.dry = dry
        self.guard: Callable[[], None] = lambda: None
        """Called before each change: raises where it must not be made any more."""
        self._ahead: float | None = None

    def read(
        self, service: str, operation: str, *, absent: Collection[str] = (), **parameters: Any
    ) -> dict[str, Any] | None:
        """What AWS answers; None where its error is one of `absent`.

        :raises DeployError: the call fails.
        """
        call = CALLS[service, operation]
        if call.changes:
            raise ValueError(f"{operation} changes something")
        return self._call(call, parameters, absent)

    def ask(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """What AWS answers to a question that always has an answer."""
        return self.read(service, operation, **parameters) or {}

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """What a list of several pages holds under `key`, one after the other."""
        token: dict[str, str] = {}
        while True:
            page = self.ask(service, operation, **parameters, **token)
            yield from page.get(key, ())
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def change(
        self,
        service: str,
        operation: str,
        *,
        absent: Collection[str] = (),
        guarded: bool = True,
        **parameters: Any,
    ) -> dict[str, Any] | None:
        """Make a change, and return what AWS answers; None for an error of `absent`, and in a dry run.

        :param guarded: whether `guard` is asked before: by all but the guard itself.
        :raises DeployError: the call fails, or the lock is lost.
        """
        call = CALLS[service, operation]
        if self.dry:
            self._check(call, parameters)
            self._journal.tell(
                "call", f"{service} {operation}", call=f"{service}:{operation}", parameters=parameters
            )
            return None
        if guarded:
            self.guard()
        return self._call(call, parameters, absent)

    def _check(self, call: Call, parameters: dict[str, Any]) -> None:
        """Hold parameters against botocore's description, as a call that is made does."""
        shape = self.aws.client(call.service).meta.service_model.operation_model(call.operation).input_shape
        report = ParamValidator().validate(parameters, shape)
        if report.has_errors():
            raise ParamValidationError(report=report.generate_report())

    def _call(self, call: Call, parameters: dict[str, Any], absent: Collection[str]) -> dict[str, Any] | None:
        try:
            answer: dict[str, Any] = getattr(self.aws.client(call.service), xform_name(call.operation))(
                **parameters
            )
        except ClientError as error:
            if error.response["Error"].get("Code") in absent:
                return None
            raise told(error, call) from error
        except ParamValidationError:
            raise  # a fault of this program
        except ResponseParserError as error:
            raise Busy(f"{call.service} of AWS answers what is no answer. {AGAIN}") from error
        except BotoCoreError as error:
            raise told(error, call) from error
        date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        if date:
            ahead = parsedate_to_datetime(date).timestamp() - self._clock.passed()
            # What was long under way tells of a time that is over: so the latest one counts.
            self._ahead = ahead if self._ahead is None else max(self._ahead, ahead)
        return answer

    def now(self) -> float:
        """What AWS' clock shows, as its answers tell: this machine's may be wrong, or be set meanwhile."""
        return self._clock.now() if self._ahead is None else self._clock.passed() + self._ahead
