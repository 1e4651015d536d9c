"""From a problem to the answer that tells of it."""

import logging
from collections.abc import Callable
from typing import Any

from werkzeug import Response

from libs.api import problem_body, problem_response
from libs.errors import Problem
from libs.service.problems.texts import Texts

logger = logging.getLogger(__name__)

PROBLEMS = "polymacaron.problems"
"""The key of Flask's extensions under which the server finds the `ProblemAnswers` of an application."""

JSON = dict[str, Any]
ShapeProblem = Callable[[JSON], JSON]
"""Returns the problem object that is sent instead of the one it is given."""


class ProblemAnswers:
    """Make the answers of one service.

    :param texts: what its users read of problems.
    :param shape: changes the object of every problem, after all its members are there. Where it raises, or
        returns what has no JSON form, the object is sent as it was.
    """

    def __init__(self, texts: Texts | None = None, shape: ShapeProblem | None = None) -> None:
        self._texts = texts
        self._shape = shape

    def response(
        self,
        problem: Problem,
        *,
        request_id: str,
        instance: str | None = None,
        error_id: str | None = None,
        accept_language: str | None = None,
    ) -> Response:
        """Return the answer.

        :param instance: the path of the request, as far as it is known.
        :param error_id: of a failure (5xx), by which it is found.
        :param accept_language: the header of that name.
        """
        body = problem_body(problem, request_id=request_id, instance=instance, error_id=error_id)
        language = self._add_text(body, problem, accept_language)
        answer = self._shaped(problem, body)
        if language is not None:
            answer.content_language.add(language)
            answer.vary.add("Accept-Language")
        return answer

    def _add_text(self, body: JSON, problem: Problem, accepted: str | None) -> str | None:
        """Add the text of the service, where the problem brings none of its own; return its language."""
        if self._texts is None or problem.user_message is not None:
            return None
        found = self._texts.find(problem.code, accepted)
        if found is None:
            return None
        body["user_message"], language = found
        return language

    def _shaped(self, problem: Problem, body: JSON) -> Response:
        if self._shape is not None:
            try:
                shaped = self._shape(dict(body))
                if not isinstance(shaped, dict):
                    raise TypeError("shape_problem has to return a dict")
                return problem_response(problem, shaped)
            except Exception as error:
                # With the problem it was given, and not its text: that may quote what is in it.
                told = {"code": problem.code, "cause": type(error).__name__}
                logger.error("shape_problem failed", extra=told, exc_info=error)
        return problem_response(problem, body)
