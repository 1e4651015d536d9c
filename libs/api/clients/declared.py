"""What an operation takes and answers, read of its document with every fault at once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from libs.api.binding.security import Security
from libs.api.clients.documents import DocumentedOperation, written
from libs.api.document.errors import ContractError
from libs.api.document.references import resolve
from libs.api.wire.answers import Answers
from libs.api.wire.bodies import Body
from libs.api.wire.parameters import Parameters
from libs.errors import pointer

T = TypeVar("T")
_Part = tuple[str, Callable[[], object]]
"""Where something is written, and what reads it alone."""


@dataclass(frozen=True)
class Declared:
    """What an operation takes and answers.

    :param answers: its successes and redirections; None if it declares none, so that nothing is said of them.
    :param redirects: the statuses (``302``, ``3XX``) that are answers, and no refusals.
    :param takes_token: whether a token is asked for.
    """

    parameters: Parameters
    body: Body | None
    answers: Answers | None
    redirects: frozenset[str]
    takes_token: bool

    @classmethod
    def from_document(
        cls, operation: DocumentedOperation, document: Mapping[str, Any], place: Callable[[str], str]
    ) -> "Declared":
        """Read an operation.

        :param place: where a JSON pointer of the document stands, for messages.
        :raises ContractError: with everything that cannot be put on the wire.
        """
        node, where = operation.node, operation.pointer
        # Refusals are read as problems, whatever is declared for them.
        successes = {name: one for name, one in node["responses"].items() if name[0] in "23d"}
        faults: list[tuple[str, str]] = []
        parameters = _read(
            lambda: Parameters.from_document(operation.parameters, document),
            (
                (at, partial(Parameters.from_document, [one], document))
                for at, one in zip(operation.parameter_pointers, operation.parameters, strict=True)
            ),
            where,
            faults,
        )
        body = None
        if "requestBody" in node:
            at_body = written(node["requestBody"], pointer("requestBody", below=where))
            body = _read(
                lambda: Body.from_document(node["requestBody"], document),
                _bodies(node["requestBody"], at_body, document),
                at_body,
                faults,
            )
        answers = None
        if successes:
            answers = _read(
                lambda: Answers.from_document(successes, document),
                (
                    (
                        written(one, pointer("responses", status, below=where)),
                        partial(Answers.from_document, {status: one}, document),
                    )
                    for status, one in successes.items()
                ),
                where,
                faults,
            )
        takes_token = _read(lambda: _takes_token(node, document), (), where, faults)
        if faults:
            raise ContractError(*(f"{place(at)}: {told}" for at, told in faults))
        redirects = frozenset(name for name in successes if name[0] == "3")
        return cls(parameters or Parameters(), body, answers, redirects, bool(takes_token))


def _read(
    whole: Callable[[], T], parts: Iterable[_Part], where: str, faults: list[tuple[str, str]]
) -> T | None:
    """Return the whole; where it cannot be read, add the fault of each part, or else its own."""
    try:
        return whole()
    except ValueError as error:
        found = [(at, told) for at, one in parts if (told := _fault(one)) is not None]
        faults += found or [(where, str(error))]
    return None


def _fault(read: Callable[[], object]) -> str | None:
    try:
        read()
    except ValueError as error:
        return str(error)
    return None


def _bodies(node: Any, where: str, document: Mapping[str, Any]) -> Iterable[_Part]:
    """Yield a body as each of its media types."""
    declared = resolve(node, document)
    for name, one in declared["content"].items():
        at = pointer("content", name, below=where)
        yield at, partial(Body.from_document, {"content": {name: one}}, document)


def _takes_token(node: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    if node.get("security", document.get("security")) in (None, [], [{}]):
        return False
    return bool(Security.of(node, document).tokens)
