"""A gunicorn worker that answers with problems, too, where a request never reaches the application."""

import logging
import socket
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker

from libs.errors import (
    InternalError,
    error_id_of,
    new_request_id,
    report,
    reporting_to,
    request_id_scope,
    valid_request_id,
)
from libs.errors.reporting import Sink
from libs.service.problems.refusals import refusal
from libs.service.problems.unserved import unserved, written

logger = logging.getLogger(__name__)


class ProblemWorker(ThreadWorker):  # type: ignore[misc]
    """Answers with a problem, and closes the connection, where gunicorn would with a page of HTML."""

    reports: Sink | None = None
    """Whom faults are reported to; None: the log."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Answer a request that cannot be read, or whose answer has failed outside of the application."""
        # That which could not be read to its end is in some of gunicorn's errors.
        seen = req or getattr(exc, "req", None)
        request_id = valid_request_id(_header(seen, "X-REQUEST-ID")) or new_request_id()
        with request_id_scope(request_id):
            problem, error_id = refusal(exc), None
            if problem is None:
                problem, error_id = InternalError(), error_id_of(exc)
                told: dict[str, Any] = {"code": problem.code, "error_id": error_id}
                told["cause"] = type(exc).__name__
                logger.error("request failed", extra=told, exc_info=exc)
                # Of failures within the application it is told there.
                with reporting_to(self.reports):
                    report("Outside of the application", code=problem.code, error=exc, error_id=error_id)
            else:
                # Anybody can have it said, and gunicorn's own words quote what was sent.
                client_address = addr[0] if isinstance(addr, tuple) else ""
                told = {"code": problem.code, "status": problem.status, "client": client_address}
                if problem.status >= 500:
                    told["error_id"] = error_id = error_id_of(exc)
                logger.info("request refused", extra=told)
        answer = unserved(
            self.wsgi.extensions,
            problem,
            request_id=request_id,
            instance=_path(seen),
            error_id=error_id,
            accept_language=_header(seen, "ACCEPT-LANGUAGE"),
            origin=_header(seen, "ORIGIN"),
        )
        try:
            client.sendall(written(answer, bodiless=getattr(seen, "method", None) == "HEAD"))
        except OSError:
            logger.debug("the client went away")

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        # The answer is sent; what of the body nobody has read is wrong, so there is no next request.
        try:
            return bool(super()._keepalive_after(conn, keepalive))
        except ParseException:
            return False


def _header(request: Any, name: str) -> str | None:
    """Return a header of a request of which as much is known as could be read."""
    values = [value for key, value in getattr(request, "headers", None) or () if key == name]
    return values[0] if len(values) == 1 else None


def _path(request: Any) -> str | None:
    """Return the path of a request as it was sent, if that could be read."""
    uri = getattr(request, "uri", None)
    return uri.partition("?")[0] if isinstance(uri, str) and uri.startswith("/") else None
