"""The handler an operation wants, as one would write it."""

from collections.abc import Mapping
from typing import Any

from libs.api.document.references import resolve
from libs.api.schema import JSON

_TYPES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "array": "list[Any]",
    "object": "dict[str, Any]",
}
_COMPONENT = "#/components/schemas/"


def signature(name: str, arguments: Mapping[str, tuple[Any, bool]], document: JSON, api: str) -> str:
    """Return the first line of a handler: ``def get_todo(todo_id: str, if_match: str | None)``.

    :param arguments: by name, the schema of each and whether it is always there.
    :param api: the name of the contract, whose objects are ``models.<api>.<Schema>``.
    """
    written = [
        f"{argument}: {_type(schema, document, api)}{'' if always else ' | None'}"
        for argument, (schema, always) in arguments.items()
    ]
    return f"def {name}({', '.join(written)})"


def _type(schema: Any, document: JSON, api: str) -> str:
    if not isinstance(schema, Mapping):
        return "Any"
    resolved = resolve(schema, document)
    kinds = resolved.get("type", "object" if "properties" in resolved else None)
    kind = next((one for one in kinds if one != "null"), None) if isinstance(kinds, list) else kinds
    ref = schema.get("$ref", "")
    if ref.startswith(_COMPONENT) and kind not in _TYPES.keys() - {"object"}:
        return f"models.{api}.{ref.removeprefix(_COMPONENT)}"
    return _TYPES.get(str(kind), "Any")
