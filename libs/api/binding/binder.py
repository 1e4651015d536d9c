"""From an Operation Object to an operation: what it takes, who may call it, and the function that answers."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from libs.api.binding.decorators import decorated, decorators, entrance
from libs.api.binding.dependencies import Dependencies
from libs.api.binding.functions import NotImported, find
from libs.api.binding.kinds import answered_kinds
from libs.api.binding.operation import Operation
from libs.api.binding.rate_limits import RATE_LIMIT, RateLimit, rate_limits_of
from libs.api.binding.security import Security
from libs.api.binding.signatures import signature
from libs.api.binding.slow import REPORT_SLOW
from libs.api.binding.templates import Template
from libs.api.document.errors import suggestion
from libs.api.document.references import resolve
from libs.api.document.servers import base_path
from libs.api.idempotency.declaration import IDEMPOTENCY, idempotency_fault, keyed_of
from libs.api.schema import JSON
from libs.api.wire.answers import Answers
from libs.api.wire.bodies import Body
from libs.api.wire.media_types import FORM, MULTIPART, is_json, is_text
from libs.api.wire.parameters import Parameters
from libs.errors import pointer
from libs.jwt import Caller

T = TypeVar("T")
Fault = Callable[[str, str], None]
"""Takes where a fault is, as a JSON pointer, and what it is."""

_NOBODY = (
    "and nobody need be known to call this: take `Caller | None`, or ask for a token, "
    "`security: [{bearer: []}]`"
)
_BODILESS = ("get", "head", "trace")


class Found(NamedTuple):
    """An Operation Object, and what is known of it from where it stands."""

    path: str
    method: str
    item: JSON
    node: JSON
    parameters: list[tuple[JSON, str]]
    """Its Parameter Objects, those of its path included, each with the JSON pointer of its place."""
    function: Callable[..., Any] | None
    """The function of a contribution; None for an operation of the contract's file, which names its own."""

    @property
    def title(self) -> str:
        return f"{self.method.upper()} {self.path}"

    def pointer(self, *below: str) -> str:
        return pointer("paths", self.path, self.method, *below)


class Binder:
    """Makes the operations of one document, and tells every fault of each.

    :param api: the name of the contract.
    """

    def __init__(self, document: JSON, api: str, dependencies: Dependencies, fault: Fault) -> None:
        self._document = document
        self._api = api
        self._dependencies = dependencies
        self._fault = fault
        self._derived: set[str] = set()
        self._told: set[str] = set()

    def bind(self, found: Found) -> Operation | None:
        """Return the operation; None if there are faults, which have been told."""
        named = "x-bind-server" if "x-bind-server" in found.node else "operationId"
        full = self._try(found, (), lambda: self._full_path(found))
        function = self._try(found, (named,), lambda: (self._function(found),))
        parameters = self._parameters(found)
        body = self._try(found, ("requestBody",), lambda: (self._body(found),))
        answers = self._try(found, ("responses",), lambda: self._answers(found.node))
        around = self._try(found, ("x-decorate-server",), lambda: decorators(found.node, self._dependencies))
        limits = self._limits(found)
        security = self._security(found, around is None or bool(around[0]))
        if function is None or parameters is None or body is None or security is None:
            return None
        arguments = (function[0], parameters, body[0], security)
        call = self._try(found, (named,), lambda: self._call(found, *arguments))
        if full is None or answers is None or around is None or call is None or limits is None:
            return None
        keyed = self._try(found, (), lambda: (self._keyed(found, parameters, body[0], security),))
        if keyed is None:
            return None
        before, after = around
        wrapped = self._try(found, ("x-decorate-server",), lambda: (decorated(call, after), entrance(before)))
        responses = found.node["responses"]
        return wrapped and Operation(
            operation_id=found.node["operationId"],
            method=found.method.upper(),
            path=full,
            place=found.path,
            security=security,
            parameters=parameters,
            body=body[0],
            answers=answers,
            nothing=204 if "204" in responses else answers.status,
            kinds=answered_kinds(responses, self._document),
            call=wrapped[0],
            enter=wrapped[1],
            limits=limits,
            report_slow_milliseconds=found.node.get(REPORT_SLOW, found.item.get(REPORT_SLOW)),
            keyed=keyed[0],
            contributed=found.function is not None,
        )

    def is_told(self, error: Exception) -> bool:
        """Tell whether an error is of a module that failed already, and was told where it is named first."""
        if not isinstance(error, NotImported):
            return False
        known = str(error) in self._told
        self._told.add(str(error))
        return known

    def _try(self, found: Found, below: tuple[str, ...], make: Callable[[], T]) -> T | None:
        try:
            return make()
        except (ValueError, TypeError, LookupError) as error:
            if self.is_told(error):
                return None
            told = f"{error.args[0]!r} is missing" if type(error) is KeyError else str(error)
            self._fault(found.pointer(*below), f"{found.title}: {told}")
            return None

    def _full_path(self, found: Found) -> str:
        path = base_path(self._document, found.item, found.node) + found.path
        resolved = [(resolve(node, self._document), place) for node, place in found.parameters]
        declared = {node["name"]: place for node, place in resolved if node["in"] == "path"}
        wanted = Template.parse(path).placeholders
        for name in declared.keys() - set(wanted):
            self._fault(
                declared[name],
                f"{found.title}: the parameter {name!r} is in no place of its path"
                f"{suggestion(name, wanted) or f': write {{{name}}} where it stands'}",
            )
        for name in wanted:
            if name not in declared:
                self._fault(
                    found.pointer(),
                    f"{found.title}: {{{name}}} of its path is not declared: write parameters: "
                    f"[{{name: {name}, in: path, required: true, schema: {{type: string}}}}]",
                )
        return path

    def _function(self, found: Found) -> Any:
        """Return what is bound, and give the operation an id, which does not tell where the code is."""
        if found.function is not None:
            return found.function
        node = found.node
        operation_id, name = node.get("operationId"), node.get("x-bind-server")
        if name is None and operation_id is not None and "." in operation_id:
            name, operation_id = operation_id, None
        if name is None:
            function = operation_id or "<function>"
            raise ValueError(
                f"nothing says which function answers it: write "
                f"x-bind-server: services.{self._api}.handlers.{function}"
            )
        if operation_id is None:
            operation_id = str(name).rpartition(".")[2]
            if operation_id in self._derived:  # one function may answer several operations
                operation_id += re.sub(r"\W+", "_", f" {found.method}{found.path}").rstrip("_")
            self._derived.add(operation_id)
        node["operationId"] = operation_id
        return find(name)

    def _parameters(self, found: Found) -> Parameters | None:
        nodes = [node for node, _ in found.parameters]
        try:
            return Parameters.from_document(nodes, self._document)
        except ValueError as error:
            together = str(error)
        alone = [self._one_parameter(found, node, place) for node, place in found.parameters]
        if all(alone):
            self._fault(found.pointer("parameters"), f"{found.title}: {together}")
        return None

    def _one_parameter(self, found: Found, node: JSON, place: str) -> bool:
        try:
            Parameters.from_document([node], self._document)
        except ValueError as error:
            self._fault(place, f"{found.title}: {error}")
            return False
        return True

    def _body(self, found: Found) -> Body | None:
        if "requestBody" not in found.node:
            return None
        if found.method in _BODILESS:
            raise ValueError(
                f"a {found.method.upper()} has no body (RFC 9110 section 9.3.1): take parameters in the "
                "query, or make it a POST"
            )
        return Body.from_document(found.node["requestBody"], self._document)

    def _answers(self, node: JSON) -> Answers:
        responses = node.get("responses")
        if not responses:
            raise ValueError("it declares no responses: write responses: {'200': {description: …}}")
        return Answers.from_document(responses, self._document)

    def _security(self, found: Found, asked_before: bool) -> Security | None:
        try:
            security = Security.of(found.node, self._document)
            if security.elsewhere and not asked_before:
                names = ", ".join(map(repr, security.elsewhere))
                raise ValueError(
                    f"asks for {names}, and the service looks at `Authorization: Bearer …` alone: name in "
                    "x-decorate-server a decorator marked @before_validation that looks at it, or make it "
                    "{type: http, scheme: bearer} and give Service(authenticate=…)"
                )
        except ValueError as error:
            if "security" in found.node:
                self._fault(found.pointer("security"), f"{found.title}: {error}")
            elif "security" in self._document:
                self._fault("/security", str(error))
            else:
                self._fault(found.pointer(), f"{found.title}: {error}")
            return None
        return security

    def _limits(self, found: Found) -> tuple[RateLimit, ...] | None:
        try:
            return rate_limits_of(found.node, found.item, self._document)
        except ValueError as error:
            # Of the contract's file that has been told, where it stands.
            if found.function is not None and RATE_LIMIT in found.node:
                self._fault(found.pointer(RATE_LIMIT), f"{found.title}: {error}")
            return None

    def _keyed(
        self, found: Found, parameters: Parameters, body: Body | None, security: Security
    ) -> str | None:
        said = found.node.get(IDEMPOTENCY, found.item.get(IDEMPOTENCY))
        if said is not None and idempotency_fault(said):
            return None  # told where it stands
        return keyed_of(
            found.method,
            found.node,
            found.item,
            known=security.known,
            headers=[one.name for one in parameters if one.location == "header"],
            takes=body.media_types if body is not None else (),
        )

    def _call(
        self,
        found: Found,
        function: Callable[..., Any],
        parameters: Parameters,
        body: Body | None,
        security: Security,
    ) -> Callable[..., Any]:
        arguments = {one.argument: (one.node, one.required or one.default is not None) for one in parameters}
        if body is not None:
            if "body" in arguments:
                raise ValueError(
                    "its handler would be given body twice: as a parameter, and as the request's body"
                )
            arguments["body"] = (_body_type(body), body.required)
        without = {} if security.known else {Caller: _NOBODY}
        try:
            return self._dependencies.bind(function, arguments, without=without)
        except TypeError as error:
            if found.function:
                raise
            name = str(getattr(function, "__name__", found.node["operationId"]))
            wanted = signature(name, arguments, self._document, self._api)
            raise TypeError(f"{error}; the contract gives it {wanted}") from None


def _body_type(body: Body) -> Any:
    """Return the schema of a body as its first media type, or the type of what is no JSON and no form."""
    media_type = body.media_types[0]
    schema = body.schema(media_type)
    if is_json(media_type) or media_type in (FORM, MULTIPART):
        return schema
    if is_text(media_type):
        return "str"
    return "bytes" if isinstance(schema, dict) and schema.get("type") == "string" else "BodyStream"
