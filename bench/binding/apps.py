"""A body of ten fields, taken by a contract and taken by plain Flask; there is no database behind either."""

from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from libs.api import ApiModels, ApiObject, Contract, Dependencies, Server
from libs.jwt import Caller
from libs.service.problems import ProblemAnswers
from libs.service.protection.cors import Cors
from libs.service.web import create_app
from libs.service.web.errors import answer_error
from libs.service.web.scope import RequestScope

NOTE: dict[str, Any] = {
    "title": "Water the plants",
    "notes": "The ficus twice, the cactus not at all.",
    "priority": 3,
    "done": False,
    "due_at": "2026-05-01T08:00:00Z",
    "tags": ["home", "green"],
    "estimate_minutes": 15,
    "state": "active",
    "link": "https://example.com/plants",
    "place": {"longitude": 8.54, "latitude": 47.37},
}
BROKEN = {**NOTE, "priority": 9}


def add_note(body: ApiObject) -> None:
    """Take a note, and look at it as a handler would."""
    if body["done"]:
        raise ValueError


def by_contract() -> Flask:
    """Return the service of contract.yaml, put together as every service: request id, log line, problems."""
    contract = Contract.load(Path(__file__).with_name("contract.yaml"), Dependencies([]))
    server = Server(_nobody, ApiModels(contract.document))
    return create_app("notes", contract, server, tasks=None, max_body_bytes=1024 * 1024)


def by_hand() -> Flask:
    """Return a service that parses the body, looks at one field, and validates nothing."""
    app = Flask(__name__, static_folder=None)

    @app.post("/notes")
    def add() -> Response:
        if request.get_json()["done"]:
            raise ValueError
        return Response(status=204)

    return app


def by_hand_logged() -> Flask:
    """Return the same, with the request id and the log line that every service of ours has."""
    app = by_hand()
    fail = partial(answer_error, ProblemAnswers())
    app.wsgi_app = RequestScope(app.wsgi_app, None, Cors(), fail=fail)  # type: ignore[method-assign]
    return app


def _nobody(token: str) -> Caller:
    raise AssertionError("no operation here needs a token")
