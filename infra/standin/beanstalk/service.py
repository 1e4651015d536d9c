"""The service: what its calls need, and how a call is made."""

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel

from infra.standin.beanstalk.account import Account, Asked, Said
from infra.standin.beanstalk.answers import write_answer, write_refusal
from infra.standin.beanstalk.application_calls import APPLICATION_CALLS
from infra.standin.beanstalk.environment_calls import ENVIRONMENT_CALLS
from infra.standin.beanstalk.errors import Refused
from infra.standin.beanstalk.platform_calls import PLATFORM_CALLS
from infra.standin.beanstalk.requests import read_request
from infra.standin.beanstalk.telling_calls import TELLING_CALLS

CALLS: dict[str, Callable[[Account, Asked], Said]] = {
    **APPLICATION_CALLS,
    **ENVIRONMENT_CALLS,
    **TELLING_CALLS,
    **PLATFORM_CALLS,
}
"""All calls there are here, by AWS's name."""


class Beanstalk:
    """Answers the calls of one account. Threads may share it."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._model = ServiceModel(Loader().load_service_model("elasticbeanstalk", "service-2"))

    def call(self, pairs: Iterable[tuple[str, str]]) -> tuple[int, bytes]:
        """Make a call; return status and body of the answer.

        :param pairs: of its form.
        """
        request_id, told = str(uuid.uuid4()), list(pairs)
        try:
            operation = self._operation(dict(told))
            if operation.name not in CALLS:
                raise Refused("NotImplemented", f"{operation.name} is not stood in for.", 501)
            asked = read_request(operation, told)
            with self._account.estate.lock:
                said = CALLS[operation.name](self._account, asked)
                return 200, write_answer(operation, said, request_id)
        except Refused as refused:
            return refused.status, write_refusal(self._model, refused, request_id)

    def _operation(self, told: dict[str, Any]) -> OperationModel:
        if told.get("Version") != self._model.api_version:
            raise Refused("NoSuchVersion", f"No such version: {told.get('Version')}")
        try:
            return self._model.operation_model(told.get("Action", ""))
        except OperationNotFoundError:
            raise Refused("InvalidAction", f"Could not find operation {told.get('Action')}") from None
