"""``python -m libs.service.contracts``: write what is told of services from what they are.

That is the complete document of each, in apis/published/, and the tables of docs/settings.md and of
docs/problems.md. The documents are what ``/openapi.json`` serves. No setting changes them, so none is needed
here, and no database either.
"""

import inspect
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar, cast

import orjson

from libs.api import APIS, PUBLISHED, ContractError, Dependencies
from libs.service.builtin import Builtin
from libs.service.health import Health
from libs.service.problems.codes import declared_codes
from libs.service.problems.page import PAGE as PROBLEMS_PAGE
from libs.service.problems.page import problems_page
from libs.service.service import Service
from libs.service.settings import Settings, SettingsError
from libs.service.settings.page import settings_page

SETTINGS_PAGE = APIS.parent / "docs/settings.md"

T = TypeVar("T")


class _StandIns(Dependencies):
    """Gives whatever is asked for, none of it of any use: a document says what is served, not by what."""

    def make(self, kind: type[T]) -> T:
        given = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        needs = [
            one.name
            for one in inspect.signature(kind).parameters.values()
            if one.default is one.empty and one.kind not in given
        ]
        return cast(Callable[..., T], kind)(**{name: object() for name in needs})

    def bind(
        self, function: Callable[..., Any], given: Collection[str], *, without: Collection[type] = ()
    ) -> Callable[..., Any]:
        return function

    def bind_decorator(
        self, decorator: Callable[..., Any]
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return lambda function: function


def services() -> list[str]:
    """Return the names of all services."""
    return sorted(path.parent.name for path in (APIS.parent / "services").glob("*/service.py"))


def document(name: str) -> bytes:
    """Return the document of a service as it is published.

    :raises ContractError: if its contract cannot be served.
    """
    unread = Settings(service=name, environment="", dynamodb_region="", jwt_issuer="")
    builtin = Builtin(name, unread, Health({}), dict)
    contract = Service.named(name).contract(_StandIns(), builtin.contribution())
    return orjson.dumps(contract.document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def publish(folder: Path = PUBLISHED) -> list[str]:
    """Make `folder` hold the documents of all services and no others; return the files that changed.

    :raises ContractError: if a contract cannot be served; nothing is written then.
    """
    documents = {folder / f"{name}.json": document(name) for name in services()}
    folder.mkdir(exist_ok=True)
    before = {path: path.read_bytes() for path in folder.glob("*.json")}
    for path in before.keys() - documents.keys():
        path.unlink()
    for path, text in documents.items():
        path.write_bytes(text)
    return sorted({path.name for path, _ in before.items() ^ documents.items()})


def settings_text(path: Path = SETTINGS_PAGE) -> str:
    """Return the text of docs/settings.md, with the settings that there are.

    :raises SettingsError: if those of a service cannot be told.
    """
    kinds = {name: Service.named(name).settings_class for name in services()}
    return settings_page(path.read_text(encoding="utf-8"), kinds)


def problems_text(path: Path = PROBLEMS_PAGE) -> str:
    """Return the text of docs/problems.md, with the codes that there are.

    :raises SettingsError: if what is declared of them is wrong.
    """
    return problems_page(path.read_text(encoding="utf-8"), declared_codes().values())


def main() -> str | None:
    """Write them; return what to say if that cannot be done."""
    try:
        changed = publish()
        pages = {SETTINGS_PAGE: settings_text(), PROBLEMS_PAGE: problems_text()}
    except (ContractError, SettingsError) as error:
        return f"cannot be published:\n{error}"
    print("apis/published:", ", ".join(changed) or "nothing has changed")
    for path, page in pages.items():
        if page != path.read_text(encoding="utf-8"):
            path.write_text(page, encoding="utf-8")
            print(f"docs/{path.name}: has changed")
    return None


if __name__ == "__main__":
    sys.exit(main())
