"""What a client is made from: the published document of a service of ours, or the contract of another's.

``apis/published/<api>.json`` is there for each service in this repository. A contract in ``apis/`` that has
no service here describes somebody else's, and is read itself. Two words in a contract's file are for
clients:

- ``x-bind-client: name`` is what the operation is called as, instead of its `operationId`;
- ``x-decorate-request: module.function`` (or a list, the first outermost) is called around each attempt to
  send a request, with the `httpx.Request` and a function that sends it and returns the `httpx.Response`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from libs.api.binding.extensions import extension_faults, remove_extensions
from libs.api.binding.functions import find
from libs.api.document.errors import ContractError, suggestion
from libs.api.document.files import APIS, PUBLISHED, contract_names, contract_path, read_published
from libs.api.document.grammar import METHODS
from libs.api.document.references import resolve
from libs.api.document.servers import base_path
from libs.api.document.source import Source, read_source
from libs.api.schema import JSON
from libs.errors import pointer

Send = Callable[[httpx.Request], httpx.Response]
"""Sends a request, and returns its answer with the body read.

It may raise `httpx.TransportError`.
"""
Decorator = Callable[[httpx.Request, Send], httpx.Response]


@dataclass(frozen=True)
class ClientDocument:
    """What a client is made from.

    :param document: complete; an `operationId` is what an operation is called as.
    :param ours: whether the service is one of this repository, which the caller's token may be sent to.
    :param decorators: by `operationId`, what is called around sending, the outermost first.
    :param places: where a JSON pointer of the document stands in its file; None for a published one.
    """

    api: str
    document: JSON
    ours: bool = True
    decorators: Mapping[str, tuple[Decorator, ...]] = field(default_factory=dict)
    places: Callable[[str], str] | None = None

    def place(self, where: str) -> str:
        """Return where a JSON pointer of the document stands, for messages."""
        return self.places(where) if self.places else f"apis/published/{self.api}.json#{where}"


@dataclass(frozen=True)
class DocumentedOperation:
    """An operation as a document has it.

    :param method: in upper case.
    :param path: as it is sent, with the base path.
    :param parameters: its own and those of its path.
    :param pointer: where it stands in the document (RFC 6901).
    :param parameter_pointers: where each of the parameters stands.
    """

    name: str
    method: str
    path: str
    node: JSON
    parameters: tuple[JSON, ...]
    pointer: str
    parameter_pointers: tuple[str, ...]


def client_document(api: str, folder: Path = APIS) -> ClientDocument:
    """Read what the client of a service is made from.

    :param folder: of the contracts, with the complete documents in ``published/``.
    :raises ContractError: with every fault: it cannot be read, or one of its words for clients is wrong.
    """
    published = folder / PUBLISHED.name
    source = read_source(contract_path(api, folder)) if api in contract_names(folder) else None
    # An own service that is not published yet must not be taken for somebody else's.
    ours = (published / f"{api}.json").is_file() or (folder.parent / "services" / api).is_dir()
    if source is None and not ours:
        known = {*contract_names(folder), *(path.stem for path in published.glob("*.json"))}
        raise ContractError(
            f"there is neither {folder.name}/{api}.yaml nor {folder.name}/{published.name}/{api}.json"
            f"{suggestion(api, sorted(known))}"
        )
    document = read_published(api, published) if ours or source is None else source.document
    if source is None:
        return ClientDocument(api, document)
    read = _ForClients(source)
    decorators = read.apply(document)
    if read.faults:
        raise ContractError(*read.faults)
    if not ours:
        remove_extensions(document)
    return ClientDocument(api, document, ours, decorators, None if ours else source.place)


def documented_operations(document: JSON) -> Iterator[DocumentedOperation]:
    """Yield the operations of a document that have a name."""
    for path, node in document.get("paths", {}).items():
        item, at_item = resolve(node, document), written(node, pointer("paths", path))
        for method in METHODS:
            operation = item.get(method)
            if operation and "operationId" in operation:
                where = pointer(method, below=at_item)
                merged: dict[tuple[str, str], tuple[JSON, str]] = {}
                for holder, below in ((item, at_item), (operation, where)):
                    for number, one in enumerate(holder.get("parameters", [])):
                        parameter = resolve(one, document)
                        at = written(one, pointer("parameters", number, below=below))
                        merged[parameter["name"], parameter["in"]] = parameter, at
                yield DocumentedOperation(
                    operation["operationId"],
                    method.upper(),
                    base_path(document, item, operation) + path,
                    operation,
                    tuple(parameter for parameter, _ in merged.values()),
                    where,
                    tuple(at for _, at in merged.values()),
                )


def written(node: Any, where: str) -> str:
    """Return the pointer of a node, or of what its ``$ref`` leads to."""
    return unquote(node["$ref"][1:]) if isinstance(node, Mapping) and "$ref" in node else where


class _ForClients:
    """Reads the words for clients in a contract's file."""

    def __init__(self, source: Source) -> None:
        self.faults: list[str] = []
        self._place = source.place
        self._words: dict[tuple[str, str], JSON] = {
            (path, method): dict(item[method])
            for path, item in source.document.get("paths", {}).items()
            for method in METHODS
            if method in item
        }
        for where, text in extension_faults(source.document):
            self._fault(where, text)

    def _fault(self, where: str, text: str) -> None:
        self.faults.append(f"{self._place(where)}: {text}")

    def apply(self, document: JSON) -> dict[str, tuple[Decorator, ...]]:
        """Give the operations of a document their names; return their decorators."""
        decorators: dict[str, tuple[Decorator, ...]] = {}
        taken: dict[str, str] = {}
        for path, item in document.get("paths", {}).items():
            for method in METHODS:
                if method not in item:
                    continue
                words = self._words.get((path, method), {})
                where, title = pointer("paths", path, method), f"{method.upper()} {path}"
                name = words.get("x-bind-client", item[method].get("operationId"))
                if name is None:
                    continue
                if "x-bind-client" in words and not (isinstance(name, str) and name.isidentifier()):
                    place = where + pointer("x-bind-client")
                    self._fault(place, f"{title}: x-bind-client: {name!r} is no name in Python")
                    continue
                if taken.setdefault(name, title) != title:
                    self._fault(where, f"{title}: clients call {taken[name]} {name!r}, too")
                item[method]["operationId"] = name
                if "x-decorate-request" in words:
                    place = where + pointer("x-decorate-request")
                    decorators[name] = tuple(self._decorators(words["x-decorate-request"], place, title))
        return decorators

    def _decorators(self, named: Any, where: str, title: str) -> Iterator[Decorator]:
        for one in named if isinstance(named, list) else [named]:
            try:
                found = find(one)
            except LookupError as error:
                self._fault(where, f"{title}: x-decorate-request: {error}")
                continue
            if callable(found):
                yield found
            else:
                self._fault(
                    where, f"{title}: x-decorate-request: {one} is a {type(found).__name__}, no function"
                )
