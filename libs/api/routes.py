"""From a path to its operations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from libs.api.operation import Operation
from libs.api.paths import path_pattern, placeholders
from libs.errors import MethodNotAllowed


@dataclass(frozen=True)
class Route:
    """A path of a contract that a request has met.

    :param path: as in the contract: ``/todos/{todo_id}``.
    :param operations: its operations, by method.
    :param values: the texts that stand for its placeholders, decoded.
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
        """Return the operation that answers `method`; a HEAD is answered by the GET.

        :raises MethodNotAllowed: if there is none; with the header Allow.
        """
        operation = self.operations.get("GET" if method == "HEAD" else method)
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
        self._by_length: dict[int, list[tuple[Sequence[str | None], str, Mapping[str, Operation]]]] = {}
        for path, by_method in sorted(
            paths.items(), key=lambda one: [s is None for s in path_pattern(one[0])]
        ):
            pattern = path_pattern(path)
            self._by_length.setdefault(len(pattern), []).append((pattern, path, by_method))

    def find(self, segments: Sequence[str]) -> Route | None:
        """Return where the path made of these decoded segments leads, or None."""
        for pattern, path, operations in self._by_length.get(len(segments), ()):
            if all(one is None or one == sent for one, sent in zip(pattern, segments, strict=True)):
                sent_values = [sent for one, sent in zip(pattern, segments, strict=True) if one is None]
                return Route(path, operations, dict(zip(placeholders(path), sent_values, strict=True)))
        return None
