"""The whole stub: the objects of all contracts, and the clients of all services."""

from collections.abc import Iterator
from pathlib import Path

from libs.api.clients.documents import client_document
from libs.api.objects.folder import Models
from libs.api.objects.models import ApiModels
from libs.api.schema import JSON
from libs.api.stubs.annotations import Annotations, class_name
from libs.api.stubs.classes import INDENT, ObjectStubs
from libs.api.stubs.operations import operation_lines

STUB = Path(__file__).parents[1] / "typed.pyi"
"""Where it is: beside the module it describes, where type checkers look without being told."""

HEAD = '''\
"""Written by `make contracts` from apis/: what type checkers know of `models` and `Clients`. Do not edit."""

# A class with something mixed in has attributes of such classes where its base has attributes of plain ones.
# mypy: disable-error-code="assignment, misc, override"

import builtins as _b
import collections.abc as _abc
import datetime as _datetime
import decimal as _decimal
import typing as _t
import uuid as _uuid

{imports}from libs.api.clients.client import ApiClient
from libs.api.clients.clients import Clients as _Clients
from libs.api.objects.models import ApiModels
from libs.api.objects.object import ApiObject

class _Folder(type):
    def __getitem__(cls, api: str) -> ApiModels: ...
    def names(cls) -> list[str]: ...
    def get_model(cls, name: str) -> type[ApiObject]: ...
    def clashes(cls) -> list[str]: ...

class _Contract(type):
    def __getitem__(cls, name: str) -> type[ApiObject]: ...
    def names(cls) -> list[str]: ...
    def persistent(cls) -> list[type[ApiObject]]: ...
    def wrap(cls, schema: _t.Any, value: _t.Any) -> _t.Any: ...

'''


def stub(models: Models) -> str:
    """Return the text of the stub.

    :raises ContractError: if a contract or document cannot be read, or a class it names cannot be imported.
    """
    lines: list[str] = []
    modules: set[str] = set()
    own: dict[str, str] = {}
    for api in models.names():
        name = own[api] = f"_{class_name(api)}"
        modules.update(one.__module__ for one in ObjectStubs(models[api], name).mixed_in())
        document = client_document(api, models.folder).document
        plain = ObjectStubs(ApiModels(document, api), name)
        seen = list(_namespace(name, plain))
        if seen != list(_namespace(name, ObjectStubs(models[api], name))):
            # Classes are mixed in; a client's objects are plain.
            own[api] = f"{name}_models"
            seen += _namespace(own[api], ObjectStubs(models[api], own[api], plain))
        lines += [*seen, *_client(name, api, document)]
    lines += ["class models(metaclass=_Folder):"]
    for api in models.names():
        lines += [f"{INDENT}class {class_name(api)}({own[api]}, metaclass=_Contract): ..."]
    lines += ["" if models.names() else f"{INDENT}...", "class Clients(_Clients):"]
    for api in models.names():
        lines += [
            f"{INDENT}@property",
            f"{INDENT}def {class_name(api)}(self) -> _{class_name(api)}_client: ...",
        ]
    lines += [] if models.names() else [f"{INDENT}..."]
    imports = "".join(f"import {module}\n" for module in sorted(modules))
    return HEAD.format(imports=imports) + "\n".join(lines) + "\n"


def write(to: Path = STUB) -> bool:
    """Write the stub of this repository's contracts; return whether that changed it.

    :raises ContractError: as `stub`; nothing is written then.
    """
    text = stub(Models())
    before = to.read_text(encoding="utf-8") if to.exists() else None
    if text != before:
        to.write_text(text, encoding="utf-8")
    return text != before


def _namespace(name: str, objects: ObjectStubs) -> Iterator[str]:
    yield f"class {name}:"
    inner = list(objects.lines())
    yield from inner or [f"{INDENT}..."]
    yield ""


def _client(name: str, api: str, document: JSON) -> Iterator[str]:
    yield f"class {name}_client({name}, ApiClient):"
    operations = list(operation_lines(document, Annotations(ApiModels(document, api), name)))
    yield from operations or [f"{INDENT}..."]
    yield ""
