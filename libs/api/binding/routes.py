"""From a path to its operations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from libs.api.binding.operation import Operation
from libs.api.binding.templates import Template
from libs.api.wire.paths import path_segments
from libs.errors import MethodNotAllowed


@dataclass(frozen=True)
class Route:
    """A path of a contract that a request has met.

    :param path: as in the contract, with its base path: ``/v1/todos/{todo_id}``.
    :param operations: its operations, by method.
    :param values: the texts that stand for its placeholders, as they were sent: percent-encoded.
    """

    path: str
    operations: Mapping[str, Operation]
    values: Mapping[str, str]

    @property
    def allow(self) -> str:
        """The methods the path answers, for the header Allow (RFC 9110 section 10.2.1)."""
        head = {"HEAD"} if "GET" in self.operations else set()
        return ", ".join(sorted({*self.operations, *head, "OPTIONS"}))

    def operation(self, method: str) -> Operation:
        """Return the operation that answers `method`; a HEAD that is not declared is answered by the GET.

        :raises MethodNotAllowed: if there is none; with the header Allow.
        """
        operation = self.operations.get(method)
        if operation is None and method == "HEAD":
            operation = self.operations.get("GET")
        if operation is None:
            raise MethodNotAllowed(headers={"Allow": self.allow})
        return operation


class Routes:
    """Find the path of a contract that a request means.

    A path written out goes before one with placeholders (OpenAPI 3.1 section 4.8.8), and does so for every
    method: where a contract has ``/todos/export`` with a POST alone, a GET of it is a 405 and does not read
    the todo with the key ``export``.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        paths: dict[str, dict[str, Operation]] = {}
        for operation in operations:
            paths.setdefault(operation.path, {})[operation.method] = operation
        self._by_length: dict[int, list[tuple[Template, str, Mapping[str, Operation]]]] = {}
        parsed = [(Template.parse(path), path, by_method) for path, by_method in paths.items()]
        for one in sorted(parsed, key=lambda one: one[0].rank):
            self._by_length.setdefault(len(one[0].segments), []).append(one)

    def find(self, path: str) -> Route | None:
        """Return where a request's path leads, or None.

        :param path: as it was sent, percent-encoded.
        :raises NotFound: for what is no path at all.
        """
        if path.endswith("/") and path not in ("/", "//"):
            decoded = (*path_segments(path[:-1]), "")
        else:
            decoded = path_segments(path)
        sent = tuple(path[1:].split("/")) if decoded else ()
        for template, found, operations in self._by_length.get(len(sent), ()):
            values = template.match(sent, decoded)
            if values is not None:
                return Route(found, operations, values)
        return None
