"""The classes that a contract names for an object's behaviour (`x-parent`) and storage (`x-persist`)."""

import importlib
from collections.abc import Mapping
from typing import Any

from libs.api.document.errors import ContractError
from libs.api.objects.merging import attribute_names
from libs.api.objects.object import ApiObject
from libs.api.objects.shape import Shape


def mixins(
    node: Mapping[str, Any], shape: Shape, where: str, api: str
) -> tuple[tuple[type, ...], frozenset[str]]:
    """Return the classes that come before `ApiObject` among the bases, and the names no property may have.

    :raises ContractError: if one cannot be imported, is no class of that use, or has an attribute that a
        property has, too.
    """
    bases: list[type] = []
    for extension in ("x-persist", "x-parent"):
        if extension in node:
            made = _imported(node[extension], f"{where}: {extension} of {shape.name}", shape.name, api)
            if extension == "x-persist" and not issubclass(made, ApiObject):
                raise ContractError(
                    f"{where}: {extension}: {node[extension]} is no subclass of libs.api.Persistent"
                )
            bases.append(made)
    reserved = ApiObject.reserved_names.union(*(getattr(one, "reserved_names", ()) for one in bases))
    faults = list(_shadows(bases, shape, reserved, where))
    if faults:
        raise ContractError(*faults)
    return tuple(dict.fromkeys(bases)), reserved


def _imported(dotted: Any, told: str, schema: str, api: str) -> type:
    module, _, name = dotted.rpartition(".") if isinstance(dotted, str) else ("", "", "")
    if not module:
        raise ContractError(f"{told}: write a dotted name, such as services.{api or 'api'}.models.{schema}")
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise ContractError(f"{told}: importing {module} fails: {error}") from error
        raise ContractError(
            f"{told}: there is no module {error.name} here. It belongs to the service that owns the "
            f"contract; from another service use clients.{api}.{schema}"
        ) from None
    except ImportError as error:
        raise ContractError(f"{told}: importing {module} fails: {error}") from error
    if not isinstance(found, type):
        raise ContractError(f"{told}: {dotted} is no class")
    return found


def _shadows(bases: list[type], shape: Shape, reserved: frozenset[str], where: str) -> list[str]:
    faults = []
    attributes = attribute_names(shape.properties, reserved)
    for attribute, name in attributes.items():
        owner = next((c for base in bases for c in base.__mro__ if attribute in c.__dict__), None)
        if owner is not None and owner is not object:
            named = f"{owner.__module__}.{owner.__qualname__}.{attribute}"
            faults.append(f"{where}: {named} would hide the property {name!r} of {shape.name}: rename it")
    return faults
