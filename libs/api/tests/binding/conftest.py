"""Serving a contract written in a test."""

import sys
from types import ModuleType

import pytest
from werkzeug import Request
from werkzeug.datastructures import Headers
from werkzeug.test import Client

from libs.api import (
    AnswerCheck,
    ApiModels,
    Contract,
    Dependencies,
    Routes,
    Server,
    problem_body,
    problem_response,
    read_document,
    sent_path,
)
from libs.api.tests.books import VERIFIER, token
from libs.errors import NotFound, Problem
from libs.jwt import Caller, current_caller

HEAD = """\
openapi: 3.1.0
info: {title: Shop, version: '1'}
security: []
"""


class Served:
    """A service that answers by one contract and the functions of a test."""

    def __init__(self, path, *provided):
        callers = {Caller: current_caller, Caller | None: current_caller}
        contract = Contract.load(path, Dependencies(provided, callers))
        self.document = contract.document
        self.models = ApiModels(read_document(path), "shop").completed(contract.document)
        self._server = Server(VERIFIER.verify, self.models, answer_check=AnswerCheck.from_setting("always"))
        self._routes = Routes(contract.operations)

    def wsgi(self, environ, start_response):
        request = Request(environ)
        try:
            route = self._routes.find(sent_path(environ))
            if route is None:
                raise NotFound
            answer = self._server.respond(route.operation(request.method), request, route.values)
        except Problem as problem:
            answer = problem_response(
                problem, problem_body(problem, request_id="request-1", instance=request.path)
            )
        return answer(environ, start_response)

    def call(self, method, path, *, scopes=None, **options):
        """Send a request, with a token of these scopes if there are any given."""
        headers = Headers(options.pop("headers", {}))
        if scopes is not None:
            headers["Authorization"] = f"Bearer {token(*scopes)}"
        return Client(self.wsgi, use_cookies=False).open(
            path, method=method, headers=headers, **{"buffered": True, **options}
        )


@pytest.fixture
def serve(write, monkeypatch):
    """Serve the paths of a contract (and what else it says), bound to functions of a module called `here`."""

    def serve(text, *provided, **functions):
        module = ModuleType("here")
        vars(module).update(functions)
        monkeypatch.setitem(sys.modules, "here", module)
        return Served(write(text if text.startswith(("openapi", "swagger")) else HEAD + text), *provided)

    return serve
