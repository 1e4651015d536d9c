"""The contracts of a folder and their classes: ``models.profiles.Profile``."""

from pathlib import Path
from threading import RLock
from typing import Any

from libs.api.document.errors import ContractError, suggestion
from libs.api.document.files import APIS, PUBLISHED, contract_names, contract_path, read_published
from libs.api.document.source import read_source
from libs.api.objects.clashes import clashes
from libs.api.objects.models import ApiModels
from libs.api.objects.object import ApiObject


class Models:
    """The contracts of a folder, by attribute: ``models.profiles``, or by item: ``models["my-api"]``.

    Each is read when first used. The schemas of its resources, and of what every service serves, are no part
    of a contract: they come from the complete document that `make contracts` has written.

    :param folder: the folder, with its complete documents in ``published/``.
    """

    def __init__(self, folder: Path = APIS) -> None:
        self.folder = folder
        self._apis: dict[str, ApiModels] = {}
        self._lock = RLock()

    def __getattr__(self, api: str) -> ApiModels:
        if api.startswith("__"):
            raise AttributeError(api)
        if api not in self._apis and api not in self.names():
            try:
                contract_path(api, self.folder)
            except ContractError as error:
                raise AttributeError(str(error), name=api, obj=self) from None
        return self[api]

    def __getitem__(self, api: str) -> ApiModels:
        with self._lock:
            if api not in self._apis:
                source = read_source(contract_path(api, self.folder))
                published = self.folder / PUBLISHED.name
                complete = read_published(api, published) if (published / f"{api}.json").is_file() else {}
                further = complete.get("components", {}).get("schemas", {})
                made = _FoundModels(source.document, api, source.place, further=further)
                made.folder = self
                self._apis[api] = made
            return self._apis[api]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.names()]

    def names(self) -> list[str]:
        """Return the names of the contracts."""
        return contract_names(self.folder)

    def get_model(self, name: str) -> type[ApiObject]:
        """Return the class of a schema, whatever contract it is in.

        :raises LookupError: if no contract has it, or several have it and differ; the message shows how.
        """
        found = {api: self[api] for api in self.names() if name in self[api].names()}
        if not found:
            known = [one for api in self.names() for one in self[api].names()]
            raise LookupError(f"no contract has a schema {name!r} of objects{suggestion(name, known)}")
        different = clashes({api: one.document for api, one in found.items()}, name)
        if different:
            raise LookupError("\n".join(different))
        return next(iter(found.values()))[name]

    def clashes(self) -> list[str]:
        """Return a unified diff for each two schemas of one name that differ; descriptions do not count."""
        return clashes({api: self[api].document for api in self.names()})

    def __reduce__(self) -> Any:
        return "models" if self is models else (Models, (self.folder,))


class _FoundModels(ApiModels):
    """Classes that are pickled as where they are found."""

    folder: Models

    def __reduce__(self) -> tuple[Any, ...]:
        return _found, (self.folder, self.api)


def _found(folder: Models, api: str) -> ApiModels:
    return folder[api]


models = Models()
"""The contracts of apis/."""
