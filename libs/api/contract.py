"""A contract: a document whose every operation is bound to the function that answers it.

Three sources make one document: the service's own ``apis/<service>.yaml``, the operations of the resources
it names (``x-resource``), and what every service serves (health, version …). Everything wrong with any of
them stops the start, all at once.
"""

import importlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from libs.api.dependencies import Dependencies
from libs.api.files import ContractError, read_document
from libs.api.objects import model_name
from libs.api.operation import JSON_MEDIA_TYPE, METHODS, Body, Contribution, Operation, arguments
from libs.api.parameters import Parameter
from libs.api.paths import path_pattern, placeholders
from libs.api.problem_responses import ANY_OTHER, PROBLEM, RESPONSES, derived_responses
from libs.api.schemas import JSON, Schema, resolve
from libs.jwt import Caller


class Contributor(Protocol):
    """What the class named by ``x-resource`` makes: something that brings operations of its own."""

    def contribution(self, path: str) -> Contribution:
        """Return the operations to serve at and under `path`."""


class Contract:
    """The operations of a service.

    :param document: the complete OpenAPI document, as served.
    """

    def __init__(self, document: JSON, operations: tuple[Operation, ...]) -> None:
        self.document = document
        self.operations = operations

    @classmethod
    def load(
        cls, path: Path, dependencies: Dependencies, contributions: Iterable[Contribution] = ()
    ) -> "Contract":
        """Read, complete, check and bind the contract at `path`.

        :param dependencies: what handlers may ask for beside their parameters.
        :param contributions: operations to serve beside those of the file.
        :raises ContractError: with every fault.
        """
        document = read_document(path)
        paths = document.get("paths")
        if not isinstance(paths, dict) or not all(isinstance(item, dict) for item in paths.values()):
            raise ContractError(f"{path.name}: paths: must say, for each path, what its methods do")
        loading = _Loading(path.name, document, dependencies)
        for contribution in contributions:
            loading.add(contribution)
        loading.add_resources()
        operations = loading.operations()
        if loading.faults:
            raise ContractError("\n".join(loading.faults))
        return cls(document, operations)


class _Loading:
    """The work of `Contract.load`, fault by fault."""

    def __init__(self, file: str, document: JSON, dependencies: Dependencies) -> None:
        self.faults: list[str] = []
        self._file = file
        self._document = document
        self._dependencies = dependencies
        self._functions: dict[str, Callable[..., Any]] = {}
        self._schemas: JSON = document.setdefault("components", {}).setdefault("schemas", {})
        self._schemas.setdefault("Problem", PROBLEM)

    def _fault(self, place: str, text: object) -> None:
        self.faults.append(f"{self._file}: {place}: {text}")

    def add(self, contribution: Contribution) -> None:
        paths: JSON = self._document["paths"]
        for path, item in contribution.paths.items():
            clash = sorted(set(item) & set(paths.get(path, {})))
            if clash:
                self._fault(path, f"{', '.join(clash)} is declared twice")
            paths[path] = {**paths.get(path, {}), **item}
        for name in sorted(set(contribution.schemas) & set(self._schemas)):
            self._fault(f"components.schemas.{name}", "is declared twice")
        self._schemas.update(contribution.schemas)
        self._functions.update(contribution.functions)

    def add_resources(self) -> None:
        for path, item in list(self._document["paths"].items()):
            name = item.pop("x-resource", None)
            if name is None:
                continue
            try:
                resource: Contributor = self._dependencies.make(_import(name))
                self.add(resource.contribution(path))
            except (ImportError, AttributeError, TypeError, ValueError) as error:
                self._fault(f"{path}: x-resource", error)

    def operations(self) -> tuple[Operation, ...]:
        found: dict[str, Operation] = {}
        patterns: dict[tuple[str | None, ...], str] = {}
        for path, item in self._document["paths"].items():
            try:
                other = patterns.setdefault(path_pattern(path), path)
                if other != path:
                    self._fault(path, f"is the same path as {other}")
            except ValueError as error:
                self._fault(path, error)
            shared = item.pop("parameters", [])
            for method in [key for key in item if key in METHODS]:
                node = item[method]
                place = f"{method.upper()} {path}"
                try:
                    node["parameters"] = [*shared, *node.get("parameters", [])]
                    operation = self._operation(path, method, node)
                except (KeyError, TypeError, ValueError, ImportError, AttributeError) as error:
                    missing = isinstance(error, KeyError)
                    self._fault(place, f"{error.args[0]!r} is missing" if missing else error)
                    continue
                if operation.operation_id in found:
                    self._fault(place, f"operationId {operation.operation_id!r} is used twice")
                found[operation.operation_id] = operation
            for key in set(item) - set(METHODS) - {"summary", "description"}:
                self._fault(path, f"{key!r} is not served")
        return tuple(found.values())

    def _operation(self, path: str, method: str, node: JSON) -> Operation:
        operation_id: str = node["operationId"]
        nodes = [resolve(one, self._document) for one in node["parameters"]]
        parameters = tuple(Parameter.from_document(one, self._document) for one in nodes)
        in_path = {p.name for p in parameters if p.location == "path"}
        if in_path != set(placeholders(path)):
            raise ValueError(f"its path parameters are {sorted(in_path)}, not those of its path")
        body = self._body(node)
        names = [parameter.argument for parameter in parameters] + (["body"] if body else [])
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"its handler would be given {', '.join(twice)} twice")
        function = self._functions.get(operation_id) or _import(node.pop("x-bind-server"))
        scopes, optional = _security(node.get("security", self._document.get("security", [])))
        # Nobody, or perhaps nobody, is known to call: a handler has to say `Caller | None`.
        without = (Caller,) if scopes is None or optional else ()
        call = self._dependencies.bind(function, arguments(parameters, body is not None), without=without)
        status, answers = self._answers(node)
        derived = derived_responses(
            token=scopes is not None, scopes=scopes, in_path=bool(in_path), body=body is not None
        )
        self._declare_problems(node["responses"], derived)
        return Operation(
            operation_id=operation_id,
            method=method.upper(),
            path=path,
            scopes=scopes,
            parameters=parameters,
            body=body,
            status=status,
            answers=answers,
            call=call,
            token_optional=optional,
        )

    def _body(self, node: JSON) -> Body | None:
        if "requestBody" not in node:
            return None
        declared = resolve(node["requestBody"], self._document)
        if list(declared["content"]) != [JSON_MEDIA_TYPE]:
            raise ValueError(f"its body is {', '.join(declared['content'])}; {JSON_MEDIA_TYPE} is served")
        schema = declared["content"][JSON_MEDIA_TYPE]["schema"]
        return Body(bool(declared.get("required")), Schema(schema, self._document), model_name(schema))

    def _answers(self, node: JSON) -> tuple[int, dict[int, Schema]]:
        successes = [int(status) for status in node["responses"] if str(status).startswith("2")]
        if not successes:
            raise ValueError("it declares no 2xx response")
        answers = {}
        for status in successes:
            content = resolve(node["responses"][str(status)], self._document).get("content", {})
            if JSON_MEDIA_TYPE in content:
                answers[status] = Schema(content[JSON_MEDIA_TYPE]["schema"], self._document)
        return successes[0], answers

    def _declare_problems(self, responses: JSON, derived: JSON) -> None:
        """Add the problems that follow by themselves to those an operation names, and what they look like."""
        named = {str(status): one for status, one in responses.items()}
        responses.clear()
        responses.update(sorted({**derived, "default": ANY_OTHER, **named}.items()))
        components = self._document["components"].setdefault("responses", {})
        for one in responses.values():
            name = str(one.get("$ref", "")).removeprefix("#/components/responses/")
            if name in RESPONSES:
                components.setdefault(name, RESPONSES[name])


def _security(security: list[Mapping[str, list[str]]] | None) -> tuple[frozenset[str] | None, bool]:
    """Return the scopes a token needs, None where no token is looked at, and whether it may be missing."""
    if security == []:
        return None, False
    # `security:` without a value is no way to make an operation public, and neither is a lone `{}`.
    optional = isinstance(security, list) and len(security) == 2 and {} in security
    required = [one for one in security or [] if not optional or one != {}]
    if len(required) != 1 or list(required[0]) != ["bearer"]:
        raise ValueError("its security is not one `bearer` requirement")
    scopes = frozenset(required[0]["bearer"])
    if optional and scopes:
        raise ValueError("its token is optional and has to hold scopes; check those in the handler")
    return scopes, optional


def _import(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)
