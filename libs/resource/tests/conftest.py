"""Resources of `library`, called by themselves and served over HTTP; and tables for what is in `rows`."""

import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from werkzeug.test import TestResponse

from libs.api import Models
from libs.jwt import Caller, FixedKeySet
from libs.resource import CursorSigner, ModelResource
from libs.resource.scope import Extent
from libs.resource.store.totals import Total
from libs.resource.tests.library import SECRET, SERVICE
from libs.resource.tests.rows import Job, Parcel, bindings, restore, tables
from libs.service import Running, Settings
from libs.service import service as service_module
from libs.service.testing import KEY, bearer, environment

CONTRACT = """
openapi: 3.1.0
info: {title: Library, version: 1.0.0}
security: [{bearer: []}]
components: {securitySchemes: {bearer: {type: http, scheme: bearer}}}
paths:
"""


class Served:
    """An application that serves resources, and its client."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self._client = running.web_app().test_client()
        self.document: dict[str, Any] = running.contract.document

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: str | None = "ada",
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> TestResponse:
        """Send a request.

        :param body: sent as JSON; bytes as they are.
        :param by: who sends it; None for nobody.
        """
        identity = {} if by is None else bearer(by, audience="library")
        content = {"data": body} if isinstance(body, bytes) else {} if body is None else {"json": body}
        sent = {**identity, **(headers or {})}
        return self._client.open(path, method=method, headers=sent, query_string=query or None, **content)

    def schema(self, name: str) -> dict[str, Any]:
        """Return a component schema."""
        return dict(self.document["components"]["schemas"][name])


Serve = Callable[..., Served]
Made = Callable[[type[ModelResource]], Any]


@pytest.fixture(scope="session")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Any]]:
    """The settings of the library, and what binds its models to its tables."""
    loaded = SERVICE.load_settings(environment("library"))
    folder = tmp_path_factory.mktemp("apis")
    (folder / "library.yaml").write_text(CONTRACT + "  {}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service_module, "models", Models(folder))
        database = SERVICE.database(loaded)
    database.create_tables()
    bound = bindings(database.models)
    yield loaded, bound
    restore(bound)
    database.delete_tables()


@pytest.fixture
def library(shelves: tuple[Settings, Any]) -> Settings:
    """The tables of the library, also where a test before has bound one of their models to others."""
    loaded, bound = shelves
    restore(bound)
    return loaded


@pytest.fixture
def make(library: Settings) -> Made:
    """Make a resource, to be called without HTTP; its path is ``/things``."""

    def make(kind: type[ModelResource], *arguments: Any) -> ModelResource:
        made = kind(CursorSigner(SECRET), *arguments)
        made.contribution("/things")
        return made

    return make


def serving(library: Settings, folder: Path, patch: pytest.MonkeyPatch) -> Serve:
    """Return what serves resources by a contract in `folder`, until `patch` is undone."""

    def serve(kind: type[ModelResource] | None = None, **others: type[ModelResource]) -> Served:
        module = ModuleType(f"served_{uuid.uuid4().hex}")
        lines = []
        for path, one in {**({"things": kind} if kind else {}), **others}.items():
            setattr(module, path, one)
            lines.append(f"  /{path}: {{x-resource: {module.__name__}.{path}}}\n")
        patch.setitem(sys.modules, module.__name__, module)
        patch.setattr(service_module, "APIS", folder)
        patch.setattr(service_module, "models", Models(folder))
        (folder / "library.yaml").write_text(CONTRACT + "".join(lines))
        running = SERVICE.start(library)
        running.keys = FixedKeySet([KEY.jwk])
        return Served(running)

    return serve


@pytest.fixture
def serve(library: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Serve a resource at ``/things``, and others at the paths they are given by."""
    return serving(library, tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def parcels() -> Iterator[str]:
    """Tables for parcels, jobs and their totals; gives the prefix of their names."""
    with tables(Parcel, Job, Total) as prefix:
        yield prefix


@pytest.fixture
def owner() -> str:
    """Somebody who has nothing yet."""
    return uuid.uuid4().hex


@pytest.fixture
def extent(owner: str) -> Extent:
    """All the owner's rows."""
    return Extent.of({"owner": owner})


@pytest.fixture
def ada(owner: str) -> Caller:
    return Caller(owner)


@pytest.fixture
def key() -> str:
    """A key that nothing has yet."""
    return uuid.uuid4().hex
