"""The classes that a contract names for an object's behaviour (`x-parent`) and storage (`x-persist`)."""

from collections.abc import Mapping
from typing import Any

from libs.api.binding.functions import NoModule, find
from libs.api.document.errors import ContractError
from libs.api.objects.merging import attribute_names
from libs.api.objects.object import ApiObject
from libs.api.objects.shape import Shape

EXTENSIONS = ("x-persist", "x-parent")
_OURS = ("__init__", "__new__", "_data", "_of", "_shape", "_union", "schema_name", "api_name")
"""What objects are made by: those of a request are made without `__init__`."""


def extensions_of(node: Mapping[str, Any]) -> str:
    """Return what a schema says of the classes it is mixed with, for messages."""
    return " and ".join(f"{one}: {node[one]}" for one in EXTENSIONS if one in node)


def mixins(
    node: Mapping[str, Any], shape: Shape, where: str, api: str
) -> tuple[tuple[type, ...], frozenset[str]]:
    """Return the classes that come before `ApiObject` among the bases, and the names no property may have.

    :raises ContractError: if one cannot be imported, is no class of that use, or has an attribute that a
        property has, too.
    """
    bases: list[type] = []
    for extension in EXTENSIONS:
        if extension in node:
            made = _imported(node[extension], f"{where}: {extension} of {shape.name}", shape.name, api)
            if extension == "x-persist" and not issubclass(made, ApiObject):
                raise ContractError(
                    f"{where}: {extension} of {shape.name}: {node[extension]} is no subclass of "
                    "libs.api.Persistent"
                )
            if name := next((one for one in _OURS if _owner(one, [made]) is not None), None):
                raise ContractError(
                    f"{where}: {extension} of {shape.name}: {node[extension]} has its own {name}, by which "
                    "objects are made: they are made of their properties, and what else one keeps it makes "
                    "when first asked for"
                )
            bases.append(made)
    reserved = ApiObject.reserved_names.union(*(getattr(one, "reserved_names", ()) for one in bases))
    faults = list(_shadows(bases, shape, reserved, where))
    if faults:
        raise ContractError(*faults)
    return tuple(dict.fromkeys(bases)), reserved


def _imported(dotted: Any, told: str, schema: str, api: str) -> type:
    if not isinstance(dotted, str) or "." not in dotted:
        raise ContractError(f"{told}: write a dotted name, such as services.{api or 'api'}.models.{schema}")
    try:
        found = find(dotted)
    except NoModule as error:
        raise ContractError(
            f"{told}: {error}; if it is in the service that owns the contract, and this is another, use "
            f"clients.{api}.{schema}"
        ) from None
    except LookupError as error:
        raise ContractError(f"{told}: {error}") from error
    if not isinstance(found, type):
        raise ContractError(f"{told}: {dotted} is no class")
    return found


def _shadows(bases: list[type], shape: Shape, reserved: frozenset[str], where: str) -> list[str]:
    faults = []
    attributes = attribute_names(shape.properties, reserved)
    for attribute, name in attributes.items():
        owner = _owner(attribute, bases)
        if owner is not None:
            named = f"{owner.__module__}.{owner.__qualname__}.{attribute}"
            faults.append(f"{where}: {named} would hide the property {name!r} of {shape.name}: rename one")
    return faults


def _owner(attribute: str, bases: list[type]) -> type | None:
    """Return the class that brings an attribute of the bases; None if that is none but `ApiObject`'s own."""
    found = (c for base in bases for c in base.__mro__ if attribute in c.__dict__)
    owner = next(found, None)
    return None if owner in ApiObject.__mro__ else owner
