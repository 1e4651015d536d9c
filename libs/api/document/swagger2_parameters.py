"""Parameters of Swagger 2.0 as OpenAPI 3 has them: parameters with a schema, and request bodies."""

from libs.api.document.grammar import Node
from libs.api.document.places import Places, copied

_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_OF_PARAMETER = ("name", "in", "description", "required", "allowEmptyValue")
_STYLES = {"ssv": "spaceDelimited", "pipes": "pipeDelimited"}


def parameter_from(old: Node, places: Places) -> Node:
    """Return a parameter that is in the query, a header or the path, with its schema and style.

    A list in it is ``csv`` unless ``collectionFormat`` says otherwise. Separators that OpenAPI 3 has no
    style for, tabs and those of headers and paths, are kept as ``x-collection-format``.
    """
    new: Node = {key: old[key] for key in _OF_PARAMETER if key in old}
    new.update({key: one for key, one in old.items() if key.startswith("x-") and key != "x-nullable"})
    new["schema"] = schema_from(old, places)
    if old.get("type") == "array":
        new.update(_style(old))
    places.adopt(new, old)
    return new


def _style(old: Node) -> Node:
    separated = old.get("collectionFormat", "csv")
    in_form = old["in"] in ("query", "formData")
    if in_form and separated == "multi":
        return {"style": "form", "explode": True}
    if in_form and separated in _STYLES:
        return {"style": _STYLES[separated], "explode": False}
    style: Node = {"style": "form" if in_form else "simple", "explode": False}
    return style if separated == "csv" else {**style, "x-collection-format": separated}


def schema_from(old: Node, places: Places) -> Node:
    """Return the schema of a parameter or a header, which 2.0 writes without the word."""
    new = {
        key: one
        for key, one in old.items()
        if key not in (*_OF_PARAMETER, "collectionFormat")
        and (not key.startswith("x-") or key == "x-nullable")
    }
    if new.get("type") == "file":
        new.update({"type": "string", "format": "binary"})
    if isinstance(new.get("items"), dict):
        new["items"] = schema_from(new["items"], places)
    places.adopt(new, old)
    return new


def request_body(found: list[Node], consumes: list[str], places: Places) -> Node | None:
    """Return the body that the parameters `found`, all of them ``in: body`` or ``in: formData``, make.

    :param consumes: the media types of the operation, empty where nothing is said.
    """
    if not found:
        return None
    bodies = [one for one in found if one["in"] == "body"]
    return _body(bodies[0], consumes, places) if bodies else _form(found, consumes, places)


def _body(old: Node, consumes: list[str], places: Places) -> Node:
    new: Node = {
        key: one for key, one in old.items() if key in ("description", "required") or key.startswith("x-")
    }
    new["content"] = {
        media_type: {"schema": copied(old["schema"], places)}
        for media_type in consumes or ["application/json"]
    }
    places.adopt(new, old)
    return new


def _form(fields: list[Node], consumes: list[str], places: Places) -> Node:
    files = any(one.get("type") == "file" for one in fields)
    possible = [_MULTIPART] if files else [_FORM, _MULTIPART]
    media_types = [one for one in consumes if one in possible] or possible[:1]
    content = {}
    for media_type in media_types:
        schema: Node = {"type": "object", "properties": {}}
        encoding = {}
        for field in fields:
            name = field["name"]
            schema["properties"][name] = described = schema_from(field, places)
            if "description" in field:
                described["description"] = field["description"]
            if field.get("type") == "array":
                encoding[name] = _style(field)
        if required := [one["name"] for one in fields if one.get("required")]:
            schema["required"] = required
        content[media_type] = {"schema": schema, **({"encoding": encoding} if encoding else {})}
    # A form without a field that has to be there may be left out.
    return {"content": content, "required": any(one.get("required") for one in fields)}
