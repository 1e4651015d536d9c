"""What every service serves beside its own operations."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from libs.api import Contribution, read_document
from libs.errors import ServiceUnavailable
from libs.jwt import Caller
from libs.service.docs.documents import Documents
from libs.service.docs.menu import read_menu
from libs.service.docs.page import Page
from libs.service.health import Health
from libs.service.settings import Settings


@cache
def _document() -> dict[str, Any]:
    """Return what is declared of it; read once, for a process of tests puts hundreds of services together."""
    return read_document(Path(__file__).with_name("builtin.yaml"))


class Builtin:
    """``/ping``, ``/version``, ``/auth/version``, ``/health/*``, ``/openapi.json|yaml`` and ``/docs``.

    :param document: returns the complete document of the service.
    :param ping: what ``/ping`` calls before it answers.
    """

    def __init__(
        self,
        service: str,
        settings: Settings,
        health: Health,
        document: Callable[[], dict[str, Any]],
        ping: Sequence[Callable[[], object]] = (),
    ) -> None:
        self._health = health
        # Numbered, for two may be called the same.
        named = {f"{number} {getattr(one, '__name__', one)}": one for number, one in enumerate(ping, 1)}
        self._ping = Health(named)
        self._documents = Documents(document)
        self._page = Page(
            service,
            menu=read_menu(settings.docs_services) if settings.docs_services is not None else {},
            login_url=settings.docs_login_url,
            enabled=settings.docs,
        )
        self._version = {"service": service, "version": settings.version}
        if settings.commit:
            self._version["commit"] = settings.commit

    def contribution(self) -> Contribution:
        document = deepcopy(_document())
        functions: dict[str, Callable[..., Any]] = {
            "ping": self.ping,
            "get_version": self.get_version,
            "get_version_as_caller": self.get_version_as_caller,
            "get_liveness": self.get_liveness,
            "get_readiness": self.get_readiness,
            "get_document": self._documents.as_json,
            "get_document_as_yaml": self._documents.as_yaml,
            "get_docs": self._page.get,
            "get_docs_file": self._page.get_file,
        }
        schemas = document["components"]["schemas"]
        return Contribution(document["paths"], functions, schemas, document["tags"])

    def ping(self) -> dict[str, Any]:
        """Answer, when what the service has called by it (`Service.ping`) is done.

        :raises ServiceUnavailable: if one of it raises, or is not done within a second.
        """
        if failed := [name for name, one in self._ping.look().items() if not one["ok"]]:
            raise ServiceUnavailable(f"Called by /ping, and failed: {', '.join(failed)}.")
        return {"status": "ok"}

    def get_liveness(self) -> dict[str, Any]:
        """Answer, and nothing else."""
        return {"status": "ok"}

    def get_version(self) -> dict[str, Any]:
        """Answer what is running."""
        return self._version

    def get_version_as_caller(self, caller: Caller) -> dict[str, Any]:
        """Answer what is running, and who asks."""
        return {**self._version, "caller": caller.subject}

    def get_readiness(self) -> dict[str, Any]:
        """Answer whether requests can be served.

        :raises ServiceUnavailable: NOT_READY.
        """
        return {"status": "ok", "checks": self._health.ready()}
