"""Reading a contract: YAML or JSON, made OpenAPI 3.1, with the place of every part of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libs.api.document.bundling import bundle
from libs.api.document.discriminators import discriminator_faults
from libs.api.document.errors import MAX_FAULTS, ContractError
from libs.api.document.extensions import read_extensions
from libs.api.document.files import parse
from libs.api.document.grammar import OPENAPI_3, SWAGGER_2
from libs.api.document.openapi30 import from_openapi30
from libs.api.document.places import Places, Tree
from libs.api.document.servers import server_faults
from libs.api.document.structure import structure_faults
from libs.api.document.swagger2 import from_swagger2, read_dialect

JSON = dict[str, Any]


@dataclass(frozen=True)
class Source:
    """A contract that has been read.

    :ivar document: the document in OpenAPI 3.1, whatever it was written in. It stands alone: every ``$ref``
        leads to a place in it.
    """

    document: JSON
    _places: Tree

    def place(self, pointer: str) -> str:
        """Return where the part of the document at a JSON pointer was written: ``todos.yaml:17``.

        For a part that nobody wrote, it is the place of the nearest part around it.

        :raises ValueError: if it is no JSON pointer.
        """
        return str(self._places.place(pointer))


def read_source(path: Path) -> Source:
    """Read the contract at `path`: OpenAPI 3.1, 3.0 or Swagger 2.0, in YAML or (``.json``) in JSON.

    :raises ContractError: with every fault: ``file:line: what and why``.
    """
    places = Places()
    file = path.name
    document = parse(path, file, places)
    version = _version(document, places, file)
    grammar = SWAGGER_2 if version == "2.0" else OPENAPI_3
    if version == "2.0":
        read_dialect(document)
    faults = structure_faults(document, version, grammar, places, file)
    try:
        brought = bundle(document, path, grammar, places)
    except ContractError as error:
        raise ContractError(*faults, *error.faults) from None
    if brought and not faults:
        faults = structure_faults(document, version, grammar, places, file)
    if faults:
        raise ContractError(*faults)
    if version == "2.0":
        document = from_swagger2(document, places)
    elif version == "3.0":
        document = from_openapi30(document, places)
    read_extensions(document, places, file)
    source = Source(document, places.tree(document, file))
    found = [*server_faults(document), *discriminator_faults(document)]
    if found:
        raise ContractError(*(f"{source.place(where)}: {text}" for where, text in found[:MAX_FAULTS]))
    return source


def read_document(path: Path) -> JSON:
    """Read the contract at `path` as OpenAPI 3.1: `read_source` without the places.

    :raises ContractError: with every fault.
    """
    return read_source(path).document


def _version(document: Any, places: Places, file: str) -> str:
    """Return the version of a document: 2.0, 3.0 or 3.1.

    :raises ContractError: if it is another one, or none is said.
    """
    if not isinstance(document, dict) or not ("openapi" in document or "swagger" in document):
        raise ContractError(f"{file}:1: is no contract: it does not begin with `openapi: 3.1.0`")
    key = "openapi" if "openapi" in document else "swagger"
    said = document[key]
    place = places.of(document, key)
    if not isinstance(said, str):
        raise ContractError(f"{place}: {key!r} has to be text; put it in quotes: {key}: '{said}'")
    version = ".".join(said.split(".")[:2])
    if (key, version) not in (("swagger", "2.0"), ("openapi", "3.0"), ("openapi", "3.1")):
        raise ContractError(f"{place}: {key} {said!r} is not read; OpenAPI 3.1, 3.0 and Swagger 2.0 are")
    return version
