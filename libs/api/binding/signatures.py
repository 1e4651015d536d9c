"""The handler an operation wants, as one would write it."""

import re
from collections.abc import Mapping
from typing import Any

from libs.api.objects.models import ApiModels
from libs.api.schema import JSON
from libs.api.stubs.annotations import Annotations

_MODULE = re.compile(r"\b_[a-z]+\.")


def signature(name: str, arguments: Mapping[str, tuple[Any, bool]], document: JSON, api: str) -> str:
    """Return the first line of a handler: ``def get_todo(todo_id: str, if_match: str | None)``.

    :param arguments: by name, the schema of each, or its type as text, and whether it is always there.
    :param api: the name of the contract, whose objects are ``models.<api>.<Schema>``.
    """
    namespace = f"models.{api}" if api.isidentifier() else f"models[{api!r}]"
    annotations = Annotations(ApiModels(document, api), namespace)
    written = []
    for argument, (schema, always) in arguments.items():
        kind = schema if isinstance(schema, str) else _MODULE.sub("", annotations.of_schema(schema).read)
        optional = "" if always or kind.endswith("None") else " | None"
        written.append(f"{argument}: {kind}{optional}")
    return f"def {name}({', '.join(written)})"
