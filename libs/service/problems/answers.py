"""From a problem to the answer that tells of it."""

import logging
from collections.abc import Callable
from typing import Any

from werkzeug import Response

from libs.api import problem_body, problem_response
from libs.errors import Problem

logger = logging.getLogger(__name__)

PROBLEMS = "polymacaron.problems"
"""The key of Flask's extensions under which the server finds the `ProblemAnswers` of an application."""

JSON = dict[str, Any]
ShapeProblem = Callable[[JSON], JSON]
"""Returns the problem object that is sent instead of the one it is given."""


class ProblemAnswers:
    """Make the answers of one service.

    :param shape: changes the object of every problem, after all its members are there. Where it raises, or
        returns what has no JSON form, the object is sent as it was.
    """

    def __init__(self, shape: ShapeProblem | None = None) -> None:
        self._shape = shape

    def response(
        self, problem: Problem, *, request_id: str, instance: str | None = None, error_id: str | None = None
    ) -> Response:
        """Return the answer.

        :param instance: the path of the request, as far as it is known.
        :param error_id: of a failure (5xx), by which it is found.
        """
        body = problem_body(problem, request_id=request_id, instance=instance, error_id=error_id)
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
