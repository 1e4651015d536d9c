"""What fails in the web process outside of any request that is answered."""

import sys
from typing import Any

from gunicorn.glogging import Logger

from libs.errors import report, reporting_to
from libs.errors.reporting import Sink


def reporting(logger: type[Logger], sink: Sink) -> type[Logger]:
    """Return a logger for gunicorn that is `logger` and reports what is an error, too.

    Of a message the words are told and not what is put into them, which may be what a client has sent.
    """

    class ReportingLogger(logger):  # type: ignore[misc]
        def error(self, msg: Any, *args: Any, **kwargs: Any) -> None:
            super().error(msg, *args, **kwargs)
            self._report(msg)

        def critical(self, msg: Any, *args: Any, **kwargs: Any) -> None:
            super().critical(msg, *args, **kwargs)
            self._report(msg)

        def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
            super().exception(msg, *args, **kwargs)
            error = sys.exception()
            # A client that goes away, or is silent, is no fault of ours.
            if not isinstance(error, OSError):
                self._report(msg, error)

        def _report(self, msg: Any, error: BaseException | None = None) -> None:
            title = f"gunicorn: {msg}" if isinstance(msg, str) else "gunicorn"
            with reporting_to(sink):
                report(title, kind="fault", code=title, error=error, located=False)

    return ReportingLogger
