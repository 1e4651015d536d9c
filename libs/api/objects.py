"""Typed objects: ``models.profiles.Profile(...)`` from the schemas of apis/profiles.yaml."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from libs.api.files import APIS, read_document
from libs.api.schemas import JSON, Schema, resolve


class ApiObject:
    """An object of a contract: attributes and items are its properties, iteration goes over their names.

    Built from keyword arguments, it is checked against its schema; a property that was not given reads as
    None. Nested objects of a named schema are objects of their class. It equals an object, and a dict, that
    holds the same.

    It is no Mapping, whose methods would hide properties: every page of a resource has `items`. `to_json()`
    makes a dict.

    :raises ValueError: if it breaks its schema; the message names every fault and no value.
    """

    schema_name: ClassVar[str]
    _document: ClassVar[JSON]
    _properties: ClassVar[JSON]
    _schema: ClassVar[Schema]
    _models: ClassVar["ApiModels"]

    def __init__(self, **properties: Any) -> None:
        data = {name: _plain(value) for name, value in properties.items()}
        faults = self._schema.faults(data)
        if faults:
            raise ValueError(f"{self.schema_name}: {'; '.join(f'{f.pointer} {f.detail}' for f in faults)}")
        self.__dict__["_data"] = data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ApiObject":
        """Return the object of a JSON object that has been validated already."""
        made = cls.__new__(cls)
        made.__dict__["_data"] = dict(data)
        return made

    def to_json(self) -> JSON:
        """Return the JSON object."""
        return dict(self.__dict__["_data"])

    def __getitem__(self, name: str) -> Any:
        return self._models.wrap(self._properties.get(name), self.__dict__["_data"][name])

    def __getattr__(self, name: str) -> Any:
        if name not in self._properties:
            raise AttributeError(f"{self.schema_name} has no property {name!r}")
        return self[name] if name in self.__dict__["_data"] else None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{self.schema_name} cannot be changed; make a new one")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiObject | dict) and self.__dict__["_data"] == _plain(other)

    def __contains__(self, name: object) -> bool:
        return name in self.__dict__["_data"]

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__["_data"])

    def __len__(self) -> int:
        return len(self.__dict__["_data"])

    def __repr__(self) -> str:
        # Names only: an object may hold a password.
        return f"<{self.schema_name} {', '.join(self.__dict__['_data'])}>"


class ApiModels:
    """The object classes of one contract, by attribute."""

    def __init__(self, document: JSON) -> None:
        self._document = document
        self._classes: dict[str, type[ApiObject]] = {}

    def __getattr__(self, name: str) -> type[ApiObject]:
        if name not in self._classes:
            schemas: JSON = self._document.get("components", {}).get("schemas", {})
            if name not in schemas:
                raise AttributeError(f"{self._document['info']['title']} has no schema {name!r}")
            body = {
                "schema_name": name,
                "_models": self,
                "_properties": resolve(schemas[name], self._document).get("properties", {}),
                "_schema": Schema({"$ref": f"#/components/schemas/{name}"}, self._document),
            }
            self._classes[name] = type(name, (ApiObject,), body)
        return self._classes[name]

    def wrap(self, schema: Any, value: Any) -> Any:
        """Return `value` as an object of the class its schema names, item by item for an array."""
        if not isinstance(schema, Mapping):
            return value
        if isinstance(value, list):
            items = resolve(schema, self._document).get("items")
            return [self.wrap(items, item) for item in value]
        name = model_name(schema)
        return getattr(self, name).from_json(value) if name and isinstance(value, dict) else value


class Models:
    """The contracts of a folder, by attribute: ``models.profiles``. Each file is read when first used."""

    def __init__(self, folder: Path = APIS) -> None:
        self._folder = folder
        self._apis: dict[str, ApiModels] = {}

    def __getattr__(self, api: str) -> ApiModels:
        if api not in self._apis:
            path = self._folder / f"{api}.yaml"
            if not path.is_file():
                raise AttributeError(f"there is no contract apis/{api}.yaml")
            self._apis[api] = ApiModels(read_document(path))
        return self._apis[api]


models = Models()


def model_name(schema: Mapping[str, Any]) -> str | None:
    """Return the name of the component schema that `schema` refers to, if it is a plain reference."""
    ref = schema.get("$ref", "")
    prefix = "#/components/schemas/"
    return ref.removeprefix(prefix) if ref.startswith(prefix) else None


def _plain(value: Any) -> Any:
    if isinstance(value, ApiObject):
        return value.to_json()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
