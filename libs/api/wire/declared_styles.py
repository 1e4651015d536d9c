"""Which style a contract declares for a parameter or a field of a form (OpenAPI 3.1 section 4.8.12.2)."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from libs.api.wire.deep_object import DeepObject
from libs.api.wire.media_types import is_json, is_text
from libs.api.wire.scalars import Scalar
from libs.api.wire.shapes import Array, Object, Shape, deep_shape_of, shape_of
from libs.api.wire.styles import Content, ManyTexts, Matrix, OneText, Style
from libs.api.wire.texts import COOKIE, HEADER, LABEL, PATH, QUERY, RESERVED_QUERY

DEFAULTS = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
SERVED = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
_SEPARATORS = {"tsv": "\t", "ssv": " ", "pipes": "|"}
_PLAIN = {"path": PATH, "query": QUERY, "header": HEADER, "cookie": COOKIE}


def declared_style(node: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[Any, Style]:
    """Return the schema of a Parameter Object, and how it is sent.

    :raises ValueError: if it cannot be.
    """
    name, location = node["name"], node["in"]
    if "content" not in node:
        schema: Any = node.get("schema", {})
        if "x-collection-format" in node:
            shape = shape_of(schema, document)
            if not isinstance(shape, Scalar):
                return schema, _collection(name, location, shape, node["x-collection-format"])
        return schema, style_of(name, location, schema, node, document)
    if "schema" in node or len(node["content"]) != 1:
        raise ValueError("needs either a schema or a content of one media type")
    ((media_type, content),) = node["content"].items()
    schema = content.get("schema", {})
    if is_json(media_type):
        return schema, Content(name, _PLAIN[location])
    shape = shape_of(schema, document)
    if not is_text(media_type) or not isinstance(shape, Scalar):
        raise ValueError(f"has a content of {media_type!r}; JSON, and text for scalars, are served")
    return schema, OneText(name, shape, _PLAIN[location])


def _collection(name: str, location: str, shape: Shape, written: str) -> Style:
    """Return what Swagger 2.0 calls a collectionFormat, where OpenAPI 3 has no style for it."""
    if written not in _SEPARATORS:
        raise ValueError(f"has an x-collection-format that is none of {', '.join(_SEPARATORS)}")
    separator = _SEPARATORS[written]
    if location == "header":
        return OneText(name, shape, HEADER, separator, separator)
    sent = quote(separator)
    also = r"|\+" if separator == " " and location == "query" else ""
    split = re.compile(f"{sent}|{re.escape(separator)}{also}", re.IGNORECASE)
    return OneText(name, shape, _PLAIN[location], sent, sent, split, empty=location != "path")


def style_of(
    name: str, location: str, schema: Any, said: Mapping[str, Any], document: Mapping[str, Any]
) -> Style:
    """Return the way that a Parameter Object, or an Encoding Object, declares for the values of a schema.

    :param said: the object, with `style`, `explode` and `allowReserved` or without.
    :raises ValueError: if the style is not one of the location's, or cannot carry the values.
    """
    style, explode, reserved = said.get("style"), said.get("explode"), bool(said.get("allowReserved"))
    style = style or DEFAULTS[location]
    if style not in SERVED[location]:
        raise ValueError(
            f"has the style {style!r}; {' and '.join(SERVED[location])} are those of a {location}"
        )
    explode = style == "form" if explode is None else explode
    coding = {"header": HEADER, "cookie": COOKIE}.get(location, RESERVED_QUERY if reserved else QUERY)
    if style == "deepObject":
        deep = deep_shape_of(schema, document)
        if isinstance(deep, Scalar):
            raise ValueError(f"is a scalar, which has no form in the style {style!r}")
        return DeepObject(name, deep, coding)
    shape = shape_of(schema, document)
    nested = isinstance(shape, Object) and any(
        isinstance(one, Array) for one in (*shape.properties.values(), shape.rest)
    )
    if nested and not (style == "form" and explode):
        raise ValueError(f"is an object that holds an array, which has no form in the style {style!r}")
    if location == "path":
        return _in_path(name, shape, style, explode)
    equals = "=" if explode else ","
    if location == "header":
        return OneText(name, shape, coding, equals=equals)
    if isinstance(shape, Scalar):
        if style != "form":
            raise ValueError(f"is a scalar, which has no form in the style {style!r}")
        return OneText(name, shape, coding)
    if style == "form":
        return ManyTexts(name, shape, coding) if explode else OneText(name, shape, coding)
    if explode:
        raise ValueError(f"has the style {style!r} and explode: true, which is not defined")
    if style == "spaceDelimited":
        return OneText(name, shape, coding, "%20", "%20", re.compile(r"%20|\+"))
    return OneText(name, shape, coding, "%7C", "%7C", re.compile(r"%7[Cc]|\|"))


def _in_path(name: str, shape: Shape, style: str, explode: bool) -> Style:
    equals = "=" if explode else ","
    if style == "simple":
        return OneText(name, shape, PATH, equals=equals, empty=False)
    if style == "label":
        return OneText(name, shape, LABEL, "." if explode else ",", equals, prefix=".", empty=False)
    return Matrix(name, shape, explode=explode)
