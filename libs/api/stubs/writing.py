"""The whole stub: the objects of all contracts, and the clients of all services."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from libs.api.clients.clients import Clients
from libs.api.clients.documents import client_document
from libs.api.objects.folder import Models
from libs.api.objects.models import ApiModels
from libs.api.stubs.annotations import Annotations, is_name
from libs.api.stubs.classes import INDENT, ObjectStubs
from libs.api.stubs.operations import operation_lines

EMPTY = f"{INDENT}..."
STUB = Path(__file__).parents[1] / "typed.pyi"
"""Where it is: beside the module it describes, where type checkers look without being told."""

HEAD = '''\
"""Written by `make contracts` from apis/: what type checkers know of `models` and `Clients`. Do not edit."""

# A class with something mixed in has attributes of such classes where its base has attributes of plain ones.
# mypy: disable-error-code="assignment, misc, override"
# pyright: reportIncompatibleVariableOverride=false, reportOverlappingOverload=false, reportUnusedImport=false

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
from libs.api.wire.uploads import UploadedFile as _UploadedFile

class _Folder(type):
{models}
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
    clients: dict[str, str] = {}
    for number, api in enumerate(models.names()):
        name = own[api] = (
            f"_{api}" if _is_attribute(api) else f"_{number}_{re.sub('[^0-9A-Za-z_]', '_', api)}"
        )
        clients[api] = f"{name}_client"
        modules.update(one.__module__ for one in ObjectStubs(models[api], name).mixed_in())
        document = client_document(api, models.folder).document
        plain = ObjectStubs(ApiModels(document, api), name)
        seen = list(_namespace(name, plain))
        if seen != list(_namespace(name, ObjectStubs(models[api], name))):
            # Classes are mixed in; a client's objects are plain.
            own[api] = f"{name}_models"
            seen += _namespace(own[api], ObjectStubs(models[api], own[api], plain))
        operations = operation_lines(document, Annotations(ApiModels(document, api), name))
        lines += [*seen, f"class {clients[api]}({name}, ApiClient):", *(list(operations) or [EMPTY]), ""]
    named = [api for api in own if _is_attribute(api)]
    lines += ["class models(metaclass=_Folder):"]
    lines += [f"{INDENT}class {api}({own[api]}, metaclass=_Contract): ..." for api in named] or [EMPTY]
    lines += ["", "class Clients(_Clients):"]
    for api in named:
        lines += [f"{INDENT}@_b.property", f"{INDENT}def {api}(self) -> {clients[api]}: ..."]
    items = list(_items("self", {api: clients[api] for api in own if api not in named}, "ApiClient"))
    lines += items if len(items) > 1 else [] if named else [EMPTY]
    imports = "".join(f"import {module}\n" for module in sorted(modules))
    folder = _items("cls", {api: f"type[{own[api]}]" for api in own if api not in named}, "ApiModels")
    return HEAD.format(imports=imports, models="\n".join(folder)) + "\n".join(lines) + "\n"


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
    yield from list(objects.lines()) or [EMPTY]
    yield ""


def _is_attribute(api: str) -> bool:
    return is_name(api) and api not in {*dir(Models), *dir(Clients), "folder"}


def _items(owner: str, types: Mapping[str, str], otherwise: str) -> Iterator[str]:
    """Yield `__getitem__`, which knows the contracts whose names are no names in Python."""
    known = [(f"_t.Literal[{api!r}]", made) for api, made in types.items()]
    for key, made in [*known, ("str", otherwise)]:
        if known:
            yield f"{INDENT}@_t.overload"
        yield f"{INDENT}def __getitem__({owner}, api: {key}) -> {made}: ..."
