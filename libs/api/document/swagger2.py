"""Swagger 2.0 made OpenAPI 3.1."""

import contextlib
from collections.abc import Mapping
from typing import Any

from libs.api.document.bundling import component_name
from libs.api.document.grammar import METHODS, SWAGGER_2, Node, parts
from libs.api.document.places import Places, copied
from libs.api.document.references import LeadsNowhere, resolve
from libs.api.document.schemas30 import convert_schemas
from libs.api.document.swagger2_parameters import parameter_from, request_body, schema_from
from libs.errors import pointer, steps_of

_SECTIONS = {"definitions": "schemas", "parameters": "parameters", "responses": "responses"}
_FLOWS = {"application": "clientCredentials", "accessCode": "authorizationCode"}
_FORMATS = {"datetime": "date-time", "iso-date": "date"}
"""PyMacaron's own names of formats."""
_TYPES = {
    **{name: ("string", _FORMATS.get(name, name)) for name in ("date", "date-time", "datetime", "iso-date")},
    **{name: ("integer", name) for name in ("int32", "int64")},
    **{name: ("number", name) for name in ("float", "double")},
}
"""Formats that PyMacaron took as types, too."""


def read_dialect(document: Node) -> None:
    """Write what PyMacaron's users wrote and Swagger does not know as Swagger has it, where it stands.

    That is the formats ``datetime`` and ``iso-date``, and formats in the place of types: ``type: datetime``.
    """
    for part in parts(document, SWAGGER_2):
        if part.kind in ("schema", "parameter", "header", "items"):
            kind = part.node.get("type")
            if isinstance(kind, str) and kind in _TYPES:
                part.node["type"], part.node["format"] = _TYPES[kind]
            written = part.node.get("format")
            if isinstance(written, str) and written in _FORMATS:
                part.node["format"] = _FORMATS[written]


def from_swagger2(document: Node, places: Places) -> Node:
    """Return `document`, whose structure has been checked, as OpenAPI 3.1.

    - ``host``, ``schemes`` and ``basePath`` become ``servers``. The base path counts: it stands before
      every path of the contract. PyMacaron ignored it and wanted whole paths; where it stands in the paths
      already, take it out of ``basePath``.
    - ``consumes`` and ``produces``, of the whole or of an operation, become the media types of bodies and
      responses; where neither says anything it is JSON (a form is ``application/x-www-form-urlencoded``, or
      ``multipart/form-data`` with a file in it).
    - Definitions whose names hold other characters than letters, digits, ``.``, ``_`` and ``-`` are renamed
      with ``_`` in their place.
    """
    return _Conversion(document, places).document


class _Conversion:
    def __init__(self, old: Node, places: Places) -> None:
        self._old = old
        self._places = places
        self._names = _component_names(old)
        for part in parts(old, SWAGGER_2):
            if part.kind == "schema":
                _schema(part.node)
        for part in parts(old, SWAGGER_2):
            if part.kind == "schema" and isinstance(part.node.get("$ref"), str):
                part.node["$ref"] = self._renamed(part.node["$ref"])
        components = {
            "schemas": self._under_new_names("definitions", old.get("definitions", {})),
            "parameters": self._under_new_names("parameters", self._shared_parameters()),
            "responses": self._under_new_names(
                "responses",
                {
                    name: self._response(one, self._produces(old))
                    for name, one in old.get("responses", {}).items()
                },
            ),
            "securitySchemes": {
                component_name(name): self._security_scheme(one)
                for name, one in old.get("securityDefinitions", {}).items()
            },
        }
        self.document: Node = {
            "openapi": "3.1.0",
            **{key: old[key] for key in ("info", "externalDocs", "tags") if key in old},
            **_security(old),
            **{key: one for key, one in old.items() if key.startswith("x-")},
        }
        if servers := self._servers(old.get("schemes", [])):
            self.document["servers"] = servers
        self.document["paths"] = self._kept(
            old["paths"],
            {path: self._item(one) for path, one in old["paths"].items() if not path.startswith("x-")},
        )
        self.document["components"] = {name: one for name, one in components.items() if one}
        places.adopt(self.document, old)
        convert_schemas(self.document, places)

    def _kept(self, old: Node, new: Node) -> Node:
        """Return `new`, which was made from `old`, with the places and the extensions of `old`."""
        new.update({key: one for key, one in old.items() if key.startswith("x-")})
        self._places.adopt(new, old)
        return new

    def _renamed(self, ref: str) -> str:
        section, name, *more = steps_of(ref[1:])
        # What is not there may be added by binding.
        found = self._names.get((section, name), ("components", _SECTIONS[section], component_name(name)))
        return "#" + pointer(*found, *more)

    def _under_new_names(self, section: str, held: Mapping[str, Any]) -> Node:
        renamed = {self._names[section, name][-1]: one for name, one in held.items()}
        self._places.adopt(renamed, self._old.get(section, self._old))
        for name in held:
            if place := self._places.of(self._old[section], name):
                self._places.mark_key(renamed, self._names[section, name][-1], place)
        return renamed

    def _servers(self, schemes: list[str]) -> list[Node]:
        base = self._old.get("basePath", "").rstrip("/")
        host = self._old.get("host")
        if host is None:
            return [{"url": base}] if base else []
        return [{"url": f"{scheme}://{host}{base}"} for scheme in schemes] or [{"url": f"//{host}{base}"}]

    def _produces(self, node: Node) -> list[str]:
        return node.get("produces") or self._old.get("produces") or ["application/json"]

    def _shared_parameters(self) -> Node:
        return {
            name: parameter_from(one, self._places)
            for name, one in self._old.get("parameters", {}).items()
            if one["in"] not in ("body", "formData")
        }

    def _item(self, item: Node) -> Node:
        shared = item.get("parameters", [])
        new: Node = {}
        if parameters := self._parameters(shared):
            new["parameters"] = parameters
        for method in METHODS:
            if method in item:
                new[method] = self._operation(item[method], shared)
        return self._kept(item, new)

    def _parameters(self, found: list[Node]) -> list[Node]:
        """Return the parameters that stay such; bodies and forms are none in OpenAPI 3."""
        new = []
        for one in found:
            if resolve(one, self._old)["in"] in ("body", "formData"):
                continue
            if "$ref" in one:
                new.append(self._kept(one, {"$ref": self._renamed(one["$ref"])}))
            else:
                new.append(parameter_from(one, self._places))
        return new

    def _operation(self, operation: Node, shared: list[Node]) -> Node:
        kept = ("tags", "summary", "description", "externalDocs", "operationId", "deprecated")
        new: Node = {key: operation[key] for key in kept if key in operation}
        new.update(_security(operation))
        if "schemes" in operation and "host" in self._old:
            new["servers"] = self._servers(operation["schemes"])
        own = operation.get("parameters", [])
        if body := request_body(self._in_body(own, shared), self._consumes(operation), self._places):
            new["requestBody"] = body
        if parameters := self._parameters(own):
            new["parameters"] = parameters
        new["responses"] = self._kept(
            operation["responses"],
            {
                status: self._answer(one, operation)
                for status, one in operation["responses"].items()
                if not status.startswith("x-")
            },
        )
        return self._kept(operation, new)

    def _consumes(self, operation: Node) -> list[str]:
        return operation.get("consumes") or self._old.get("consumes") or []

    def _in_body(self, own: list[Node], shared: list[Node]) -> list[Node]:
        """Return the parameters in the body: an operation's own, and of its path what it does not replace."""
        found = {}
        for one in (*shared, *own):
            parameter = resolve(one, self._old)
            # A name stands for one parameter; a body is one whatever its name (2.0, Parameter Object).
            name = None if parameter["in"] == "body" else parameter["name"]
            if parameter["in"] in ("body", "formData"):
                found[name] = copied(parameter, self._places)
        return list(found.values())

    def _answer(self, response: Node, operation: Node) -> Node:
        produces = self._produces(operation)
        if "$ref" not in response:
            return self._response(response, produces)
        if produces != self._produces(self._old):
            # What a shared response looks like hangs on the operation, so it is written out there.
            with contextlib.suppress(LeadsNowhere):
                return self._response(copied(resolve(response, self._old), self._places), produces)
        return self._kept(response, {"$ref": self._renamed(response["$ref"])})

    def _response(self, response: Node, produces: list[str]) -> Node:
        if "$ref" in response:
            return response
        new: Node = {"description": response["description"]}
        if "headers" in response:
            new["headers"] = {
                name: self._kept(
                    one,
                    {
                        **({"description": one["description"]} if "description" in one else {}),
                        "schema": schema_from(one, self._places),
                    },
                )
                for name, one in response["headers"].items()
            }
        examples = response.get("examples", {})
        if "schema" in response or examples:
            new["content"] = self._content(response, examples, produces)
        return self._kept(response, new)

    def _content(self, response: Node, examples: Node, produces: list[str]) -> Node:
        content: Node = {}
        file = response.get("schema", {}).get("type") == "file"
        if file and set(produces) <= {"application/json", "application/xml"}:  # no file's
            produces = ["application/octet-stream"]
        for media_type in dict.fromkeys((*(produces if "schema" in response else ()), *examples)):
            content[media_type] = {}
            if "schema" in response:
                schema = copied(response["schema"], self._places)
                if file:
                    schema.update({"type": "string", "format": "binary"})
                content[media_type]["schema"] = schema
            if media_type in examples:
                content[media_type]["example"] = examples[media_type]
        return content

    def _security_scheme(self, scheme: Node) -> Node:
        new = {key: one for key, one in scheme.items() if key in ("description", "type", "name", "in")}
        if scheme["type"] == "basic":
            new.update({"type": "http", "scheme": "basic"})
        elif scheme["type"] == "oauth2":
            flow: Node = {key: scheme[key] for key in ("authorizationUrl", "tokenUrl") if key in scheme}
            flow["scopes"] = scheme.get("scopes", {})
            new["flows"] = {_FLOWS.get(scheme["flow"], scheme["flow"]): flow}
        return self._kept(scheme, new)


def _component_names(old: Node) -> dict[tuple[str, str], tuple[str, str, str]]:
    """Return where the parts that are referred to go: by section and name, their way in OpenAPI 3."""
    names: dict[tuple[str, str], tuple[str, str, str]] = {}
    for section, new in _SECTIONS.items():
        held = old.get(section, {})
        taken = {name for name in held if component_name(name) == name}
        for name in held:
            wanted = renamed = component_name(name)
            number = 1
            while renamed != name and renamed in taken:
                number += 1
                renamed = f"{wanted}_{number}"
            taken.add(renamed)
            names[section, name] = ("components", new, renamed)
    return names


def _schema(schema: Node) -> None:
    if isinstance(schema.get("discriminator"), str):
        schema["discriminator"] = {"propertyName": schema["discriminator"]}


def _security(node: Node) -> Node:
    if "security" not in node:
        return {}
    return {
        "security": [
            {component_name(name): scopes for name, scopes in one.items()} for one in node["security"]
        ]
    }
