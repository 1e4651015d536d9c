"""What a call is answered: its body, as the values that the contract declares."""

from typing import Any

import httpx

from libs.api.clients.documents import DocumentedOperation
from libs.api.clients.problems import InvalidAnswer, details_of
from libs.api.objects.models import ApiModels
from libs.api.wire.answers import NO_CONTENT, AnswerCheck, Answers
from libs.api.wire.media_types import declared_as, is_json, media_type_of


class AnswerReader:
    """Reads the answers of one operation that are no refusals.

    :param name: of the operation, for messages: ``profiles.get_profile``.
    :param declared: None if it declares none, so that each is None.
    :param check: how many are checked against the contract.
    :ivar accept: the media types that are wanted.
    """

    def __init__(
        self,
        name: str,
        operation: DocumentedOperation,
        declared: Answers | None,
        models: ApiModels,
        check: AnswerCheck,
    ) -> None:
        self._name, self._method = name, operation.method
        self._answers, self._models, self._check = declared, models, check
        self.accept = "*/*"
        if declared is not None:
            wanted = (*declared.media_types(declared.status), "application/problem+json")
            self.accept = ", ".join(dict.fromkeys(wanted))

    def read(self, answer: httpx.Response) -> Any:
        """Return its value: objects of the contract, text, bytes, or None.

        :raises InvalidAnswer: if it is not what the contract says.
        """
        if self._answers is None:
            return None
        status, content_type = answer.status_code, answer.headers.get("Content-Type", "")
        bodiless = self._method == "HEAD" or status in NO_CONTENT
        media_type = media_type_of(content_type)[0]
        declared = () if bodiless else self._answers.media_types(status)
        try:
            if declared and declared_as(media_type, declared) is None:
                raise ValueError(f"as {media_type[:100] or 'nothing'} and not as {' or '.join(declared)}")
            if declared and is_json(media_type) and not answer.content:
                raise ValueError("without the JSON it declares")
            received = self._answers.read(status, content_type, answer.content)
            self._check.check(
                self._name,
                self._answers,
                status,
                content_type,
                None if bodiless else answer.content,
                answer.headers.multi_items(),
            )
            return None if bodiless else self._models.wrap(received.schema, received.value)
        except ValueError as error:
            raise InvalidAnswer(self._name, details_of(answer), str(error)) from None
