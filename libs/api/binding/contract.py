"""A contract: a document whose every operation is bound to the function that answers it.

Three sources make one document: the service's own ``apis/<service>.yaml``, the operations of the resources
it names (``x-resource``), and what every service serves (health, version …). Everything wrong with any of
them stops the start, all at once.
"""

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from libs.api.binding.binder import Binder, Found
from libs.api.binding.dependencies import Dependencies
from libs.api.binding.extensions import extension_faults, remove_extensions
from libs.api.binding.functions import find
from libs.api.binding.operation import Contribution, Operation
from libs.api.binding.problem_responses import PROBLEM, declare_problems, drop_unused, lend_responses
from libs.api.binding.rate_limits import RATE_LIMIT, UNLIMITED, rate_limit_fault
from libs.api.binding.security import SCHEMES, is_like
from libs.api.binding.slow import REPORT_SLOW
from libs.api.binding.templates import Template
from libs.api.document.errors import ContractError
from libs.api.document.grammar import METHODS
from libs.api.document.references import reference_faults, resolve
from libs.api.document.servers import base_path
from libs.api.document.source import Source, read_source
from libs.api.idempotency.declaration import IDEMPOTENCY, REQUIRED, check_path, declare_key
from libs.api.schema import JSON
from libs.errors import pointer


class Contributor(Protocol):
    """What the class named by ``x-resource`` makes: something that brings operations of its own."""

    def contribution(self, path: str) -> Contribution:
        """Return the operations to serve at and under `path`, which begins with the base path."""


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
        :param contributions: operations to serve beside those of the file, and outside of its base path.
        :raises ContractError: with every fault.
        """
        loading = _Loading(read_source(path), path.stem, dependencies)
        for contribution in contributions:
            loading.add_at_root(contribution)
        loading.add_resources()
        loading.check_references()
        operations = loading.operations()
        if loading.faults:
            raise ContractError(*sorted(dict.fromkeys(loading.faults), key=_line))
        remove_extensions(loading.document)
        drop_unused(loading.document, loading.lent)
        return cls(loading.document, operations)


class _Loading:
    """The work of `Contract.load`, fault by fault."""

    def __init__(self, source: Source, api: str, dependencies: Dependencies) -> None:
        self.faults: list[str] = []
        self.document = source.document
        self._place = source.place
        self._dependencies = dependencies
        self._binder = Binder(self.document, api, dependencies, self._fault)
        self._functions: dict[tuple[str, str], Callable[..., Any]] = {}
        self._nowhere: tuple[str, ...] = ()
        self._brought: dict[str, str] = {}
        components: JSON = self.document.setdefault("components", {})
        self._schemas: JSON = components.setdefault("schemas", {})
        self._schemas.setdefault("Problem", PROBLEM)
        self.lent = lend_responses(components)
        self._paths: JSON = self.document.setdefault("paths", {})
        for place, text in extension_faults(self.document):
            self._fault(place, text)

    def _fault(self, place: str, text: str) -> None:
        # A reference that leads nowhere has been told where it stands.
        if not any(one in text for one in self._nowhere):
            path = "/".join(place.split("/")[:3])
            self.faults.append(f"{self._place(self._brought.get(path, place))}: {text}")

    def add_at_root(self, contribution: Contribution) -> None:
        servers = {"servers": [{"url": "/"}]} if base_path(self.document) else {}
        paths = {path: {**servers, **item} for path, item in contribution.paths.items()}
        # The document's limit is not for them: nobody's look at a service's health is one too many.
        self._add(_with(replace(contribution, paths=paths), RATE_LIMIT, UNLIMITED))

    def _add(self, contribution: Contribution) -> None:
        for path, item in deepcopy(contribution.paths).items():
            there = self._paths.get(path, {})
            for clash in sorted(set(item) & set(there) - {"servers"}):
                self._fault(pointer("paths", path, clash), f"{path}: {clash} is declared twice")
            if there.get("servers") != item.get("servers") and there.keys() & METHODS:
                self._fault(pointer("paths", path), f"{path}: is served elsewhere, outside of the base path")
            self._paths[path] = {**there, **item}
            self._functions |= {
                (path, method): contribution.functions[item[method]["operationId"]]
                for method in METHODS
                if method in item
            }
        for name in sorted(set(contribution.schemas) & set(self._schemas)):
            self._fault(
                pointer("components", "schemas", name), f"components.schemas.{name}: is declared twice"
            )
        self._schemas.update(contribution.schemas)
        known = {tag["name"] for tag in self.document.get("tags", [])}
        for tag in contribution.tags:
            if tag["name"] not in known:
                self.document.setdefault("tags", []).append(deepcopy(tag))
        if contribution.paths:
            schemes: JSON = self.document["components"].setdefault("securitySchemes", {})
            for name, scheme in SCHEMES.items():
                schemes.setdefault(name, dict(scheme))
                if not is_like(name, self.document):
                    self._fault(
                        pointer("components", "securitySchemes", name),
                        f"components.securitySchemes.{name}: the operations that every service has call "
                        f"something else by this name, {scheme}: give yours another one",
                    )

    def add_resources(self) -> None:
        for path, item in list(self._paths.items()):
            name = item.pop("x-resource", None)
            if name is None:
                continue
            place = pointer("paths", path, "x-resource")
            try:
                resource: Contributor = self._dependencies.make(find(name))
                if not hasattr(resource, "contribution"):
                    raise TypeError(
                        f"{name} is no resource: make it a subclass of libs.resource.ModelResource"
                    )
                contribution = resource.contribution(base_path(self.document, item) + path)
            except (LookupError, TypeError, ValueError) as error:
                if not self._binder.is_told(error):
                    self._fault(place, f"{path}: x-resource: {error}")
                continue
            below = _below(contribution, base_path(self.document, item), item.get("servers"))
            if RATE_LIMIT in item and not rate_limit_fault(item[RATE_LIMIT]):
                below = _with(below, RATE_LIMIT, item[RATE_LIMIT])
            if REPORT_SLOW in item:
                below = _with(below, REPORT_SLOW, item[REPORT_SLOW])
            # What a resource brings is at fault where it is named.
            self._brought |= {pointer("paths", one): place for one in below.paths if one not in self._paths}
            self._add(below)

    def check_references(self) -> None:
        """Tell what leads nowhere, now that everything a contract may refer to is there."""
        found = reference_faults(self.document)
        for place, text in found:
            self._fault(place, text)
        self._nowhere = tuple(text for _, text in found)

    def operations(self) -> tuple[Operation, ...]:
        found: dict[str, str] = {}
        shapes: dict[object, str] = {}
        operations: list[Operation] = []
        for path, item in self._paths.items():
            shared = item.pop("parameters", [])
            for method in [key for key in item if key in METHODS]:
                one = self._found(path, method, item, shared)
                if self._is_left_out(one):
                    continue
                operation = self._binder.bind(one)
                self._same_path(one, shapes)
                operation_id = one.node.get("operationId")
                if operation_id is not None and found.setdefault(operation_id, one.title) != one.title:
                    self._fault(
                        one.pointer("operationId"),
                        f"{one.title}: operationId {operation_id!r} is that of {found[operation_id]}, too",
                    )
                if operation is None and not self.faults:
                    raise RuntimeError(f"{one.title} cannot be served, and nothing says why")
                if operation is not None:
                    operations.append(operation)
                    declare_problems(one.node, operation)
                    if operation.keyed is not None:
                        declare_key(one.node, required=operation.keyed == REQUIRED)
            self._check_path(path, item)
        return tuple(operations)

    def _check_path(self, path: str, item: JSON) -> None:
        try:
            check_path(item)
        except ValueError as error:
            self._fault(pointer("paths", path, IDEMPOTENCY), f"{path}: {error}")

    def _found(self, path: str, method: str, item: JSON, shared: list[JSON]) -> Found:
        """Return an operation with the parameters of its path, those of its own going before."""
        node: JSON = item[method]
        merged: dict[tuple[str, str], tuple[JSON, str]] = {}
        for where, declared in (((), shared), ((method,), node.get("parameters", []))):
            for number, parameter in enumerate(declared):
                resolved = resolve(parameter, self.document)
                name, location = resolved["name"], resolved["in"]
                key = (name.lower() if location == "header" else name, location)
                merged[key] = (parameter, pointer("paths", path, *where, "parameters", number))
        if merged:
            node["parameters"] = [parameter for parameter, _ in merged.values()]
        function = self._functions.get((path, method))
        return Found(path, method, item, node, list(merged.values()), function)

    def _is_left_out(self, found: Found) -> bool:
        left_out = found.node.get("x-no-bind-server", False)
        if not isinstance(left_out, bool):
            self._fault(
                found.pointer("x-no-bind-server"),
                f"{found.title}: x-no-bind-server is neither true nor false",
            )
        return left_out is True

    def _same_path(self, found: Found, shapes: dict[object, str]) -> None:
        full = base_path(self.document, found.item, found.node) + found.path
        try:
            other = shapes.setdefault(Template.parse(full).shape, found.path)
        except ValueError:
            return  # told by the binder
        if other != found.path:
            self._fault(pointer("paths", found.path), f"{found.path}: is the same path as {other}")


def _line(fault: str) -> tuple[str, int]:
    file, line, _ = fault.split(":", 2)
    return file, int(line)


def _below(contribution: Contribution, base: str, servers: Any) -> Contribution:
    """Return a contribution whose paths begin where the document's do."""
    paths = {
        path.removeprefix(base): {**item, "servers": servers} if servers else item
        for path, item in contribution.paths.items()
    }
    return replace(contribution, paths=paths)


def _with(contribution: Contribution, word: str, value: Any) -> Contribution:
    """Return a contribution whose operations have an extension, where they do not say something else."""
    paths = {
        path: {key: {word: value, **one} if key in METHODS else one for key, one in item.items()}
        for path, item in contribution.paths.items()
    }
    return replace(contribution, paths=paths)
