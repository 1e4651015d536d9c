"""Exceptions become problems."""

import logging
from typing import Any

from werkzeug import Response
from werkzeug.exceptions import HTTPException

from libs.api import RemoteProblem
from libs.dynamodb import as_problem
from libs.errors import InternalError, Problem, error_id_of, problem_for_status
from libs.service.problems import ProblemAnswers
from libs.service.problems.refusals import refusal
from libs.service.web.exchange import Exchange

logger = logging.getLogger(__name__)


def answer_error(answers: ProblemAnswers, error: Exception, exchange: Exchange) -> Response:
    """Return the answer to a request that `error` is, and note it for those who watch."""
    problem = _problem(error)
    exchange.problem, exchange.error = problem, error
    if problem.status >= 500:
        expected = isinstance(error, Problem) or not isinstance(problem, InternalError)
        exchange.error_id = error_id_of(error)
        told: dict[str, Any] = {
            "code": problem.code,
            "error_id": exchange.error_id,
            "cause": type(error.__cause__ or error).__name__,
        }
        if isinstance(error, RemoteProblem):
            told.update(called=error.operation, answered=error.problem.status)
        level = logging.WARNING if expected else logging.ERROR
        logger.log(level, "request failed", extra=told, exc_info=None if expected else error)
    return answers.response(
        problem,
        request_id=exchange.request_id,
        instance=exchange.path,
        error_id=exchange.error_id,
        accept_language=exchange.environ.get("HTTP_ACCEPT_LANGUAGE"),
    )


def _problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException) and error.code:
        headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
        return problem_for_status(error.code, error.name, headers)
    return refusal(error) or as_problem(error) or InternalError()
