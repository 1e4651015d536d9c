"""Exceptions become problems."""

import logging
from typing import Any

from flask import request
from werkzeug import Response
from werkzeug.exceptions import HTTPException

from libs.api import RemoteProblem, problem_response
from libs.dynamodb import as_problem
from libs.errors import InternalError, Problem, error_id_of, problem_for_status
from libs.service.web.exchange import exchange_of

logger = logging.getLogger(__name__)


def answer_error(error: Exception) -> Response:
    """Return the answer to the present request that `error` is."""
    problem = _problem(error)
    exchange = exchange_of(request)
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
    return problem_response(
        problem, request_id=exchange.request_id, instance=exchange.path, error_id=exchange.error_id
    )


def _problem(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException) and error.code:
        return problem_for_status(error.code, error.name)
    return as_problem(error) or InternalError()
