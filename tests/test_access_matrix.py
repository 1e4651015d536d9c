"""Every operation that is served, sent as everybody: who may not gets nothing and changes nothing.

OWASP API Security 2023: API1 (whose the object is), API3 (what of it may be written), API5 (who may call at
all). What is tried comes from the served documents, what is right from `tests.access_table`.
"""

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from werkzeug.test import TestResponse

from libs.jwt.cookies import ACCESS_COOKIE, CSRF_COOKIE, CSRF_HEADER, SAFE_METHODS, csrf_claim
from tests.access_table import OWN, OWNED, PUBLIC, SCOPED, TABLE, Access, Row
from tests.access_world import Headers, Person, World, Worlds
from tests.services import SERVICES

METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}
ADMIN = "users:admin"
SCOPES = {ADMIN, "tasks:admin", "profiles:create", "profiles:delete", "todos:delete-all", "openid", "email"}
SOMEBODY = "service:other"
UNKNOWN_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
"""Looks like an id that the services make, and belongs to nobody."""
# What services set themselves, whatever it is called; beside these, all that any schema or table has.
SERVERS = {
    *(
        "owner",
        "owner_id",
        "user_id",
        "id",
        "_id",
        "sub",
        "version",
        "etag",
        "role",
        "roles",
        "scope",
        "scopes",
    ),
    *("is_admin", "admin", "created_at", "updated_at", "email_verified", "email_verified_at", "disabled_at"),
    *(
        "deletion_asked_at",
        "password_hash",
        "sessions_valid_from",
        "sid",
        "status",
        "__proto__",
        "constructor",
    ),
}


@pytest.fixture(scope="module")
def worlds() -> Iterator[Worlds]:
    with ExitStack() as stack:
        yield Worlds(stack)


@pytest.fixture
def world(worlds: Worlds, request: pytest.FixtureRequest) -> World:
    """The service that is asked for."""
    return worlds[request.param]


def rows(*access: Access, json: bool = False) -> pytest.MarkDecorator:
    """Try a test with the rows of the table, in the services they are of."""
    found = [
        (api, name)
        for api, table in TABLE.items()
        for name, row in table.items()
        if row.access in (access or Access) and (row.json is not None or not json)
    ]
    return pytest.mark.parametrize(("world", "name"), found, indirect=["world"])


def operations(document: Mapping[str, Any]) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return method, path and node of each operation of a document, by its id."""
    return {
        node["operationId"]: (method.upper(), path, node)
        for path, item in document["paths"].items()
        for method, node in item.items()
        if method in METHODS
    }


@pytest.mark.parametrize("world", SERVICES, indirect=True)
def test_for_every_operation_that_is_served_it_is_said_whose_it_is(world: World) -> None:
    api, served = world.name, operations(world.document)
    faults = [
        f"{method} {path}: say in tests/access_table.py whose it is: "
        f"TABLE[{api!r}][{name!r}] = Row(PUBLIC, OWN, OWNED or SCOPED, …)"
        for name, (method, path, _) in served.items()
        if name not in TABLE.get(api, {})
    ]
    faults += [
        f"{name}: {api} serves no such operation: take it out of tests/access_table.py"
        for name in TABLE.get(api, {})
        if name not in served
    ]
    faults += [
        f"{method} {path}: give its row in tests/access_table.py a body: json={{…}}"
        for name, (method, path, node) in served.items()
        if name in TABLE.get(api, {}) and _takes_json(node) and TABLE[api][name].json is None
    ]
    assert not faults, "\n".join(faults)


class Matrix:
    """One operation of a service, to be sent by anybody."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.row: Row = TABLE[world.name][name]
        self.method, self.path, self.node = operations(world.document)[name]
        security = self.node.get("security", world.document.get("security"))
        self.scopes = {scope for one in security for names in one.values() for scope in names}

    @property
    def takes_cookie(self) -> bool:
        """Whether the document says that the token may come in the cookie."""
        schemes = self.world.document["components"]["securitySchemes"]
        security = self.node.get("security", self.world.document.get("security"))
        return any(schemes[name].get("name") == ACCESS_COOKIE for one in security for name in one)

    def send(
        self, headers: Headers, has: Mapping[str, str], method: str | None = None, **more: Any
    ) -> TestResponse:
        """Send the request of the table with what is in `has` in its places."""
        has = {**has, "new": uuid.uuid4().hex}
        inside = {**has, **{name: text.format(**has) for name, text in self.row.path.items()}}
        body = None if self.row.json is None else {**filled(self.row.json, has), **more}
        return self.world.send(
            method or self.method,
            self.path.format_map(inside),
            headers,
            query_string=dict(self.row.query) or None,
            json=body,
            data=filled(self.row.form, has) if self.row.form else None,
        )

    def owner(self) -> Person:
        """Return somebody to send it about: somebody new, where it changes something of theirs."""
        is_read_only = self.row.access is PUBLIC or self.method in SAFE_METHODS
        return self.world.resident if is_read_only else self.world.person()

    def good(self, owner: Person) -> Headers:
        """Return the headers of whoever may."""
        if self.row.access is SCOPED:
            return self.world.bearer(SOMEBODY, *self.scopes)
        return {} if self.row.access is PUBLIC else owner.headers

    def bad(self, owner: Person) -> Iterator[tuple[str, Headers, int]]:
        """Yield everybody else: who it is, the headers, and the status that is right for them."""
        other = self.world.other.user_id
        known = {
            "another user": set[str](),
            "an admin": {ADMIN},
            "somebody with all scopes but those asked for": SCOPES - self.scopes,
        }
        for who, headers in self.world.strangers(owner).items():
            status = self.row.status if self.row.access is PUBLIC else 401
            yield who, headers, status
        for who, scopes in known.items():
            if self.row.access is not SCOPED or (ADMIN not in self.scopes or who != "an admin"):
                # Made only now: what was sent before may have ended all tokens of theirs.
                yield who, self.world.bearer(other, *scopes), self._status()
        if self.row.access is SCOPED:
            yield "the owner", owner.headers, 403

    def _status(self) -> int:
        refused = {SCOPED: 403, OWNED: 404, OWN: self.row.other or self.row.status, PUBLIC: self.row.status}
        return refused[self.row.access]


@rows()
def test_who_may_not_gets_nothing_and_changes_nothing(world: World, name: str) -> None:
    tried = Matrix(world, name)
    owner = tried.owner()
    before = world.shown(owner), world.stored(owner.user_id)
    assert all(status == 200 for status, _ in before[0])
    assert all(any(secret in text for _, text in before[0]) for secret in owner.secrets), "they can be seen"
    wrong = []
    for who, headers, status in tried.bad(owner):
        for method in [tried.method, "HEAD"] if tried.method == "GET" else [tried.method]:
            answer = tried.send(headers, owner.has, method)
            if answer.status_code != status:
                wrong.append(f"{method} by {who}: {answer.status_code}, not {status}: {answer.text[:300]}")
            if any(secret in f"{answer.text} {answer.headers}" for secret in owner.secrets):
                wrong.append(f"{method} by {who} is told what is the owner's")
    if (world.shown(owner), world.stored(owner.user_id)) != before:
        wrong.append("what is the owner's was changed")
    assert not wrong, "\n".join([f"{tried.method} {tried.path}", *wrong])
    answer = tried.send(tried.good(owner), owner.has)
    assert answer.status_code == tried.row.status, f"and who may is let in: {answer.text}"


@rows(OWN, OWNED, SCOPED)
def test_a_page_of_another_site_changes_nothing_by_the_cookie(world: World, name: str) -> None:
    tried = Matrix(world, name)
    owner = tried.owner()
    token, value = world.cookie(SOMEBODY if tried.row.access is SCOPED else owner.user_id, *tried.scopes)
    _, anothers = world.cookie(owner.user_id)
    by_cookie = {"Cookie": f"{ACCESS_COOKIE}={token}; {CSRF_COOKIE}={value}"}
    plain = tried.good(owner)["Authorization"].removeprefix("Bearer ")
    before = world.stored(owner.user_id)

    def status(headers: Headers) -> int:
        return tried.send(headers, owner.has).status_code

    if not tried.takes_cookie:
        assert status(by_cookie) == status({}), "it is not looked at"
        return
    assert status({"Cookie": f"{ACCESS_COOKIE}={plain}"}) == 401, (
        "a token for the header is none for the cookie"
    )
    assert status({"Cookie": f"token=Bearer {plain}"}) == status({}) == 401
    if tried.method not in SAFE_METHODS:
        for sent in ({}, {CSRF_HEADER: ""}, {CSRF_HEADER: anothers}, {CSRF_HEADER: csrf_claim(value)}):
            answer = tried.send({**by_cookie, **sent}, owner.has)
            assert (answer.status_code, answer.get_json()["code"]) == (403, "CSRF_TOKEN_INVALID")
    assert world.stored(owner.user_id) == before
    sent = {} if tried.method in SAFE_METHODS else {CSRF_HEADER: value}
    assert status({**by_cookie, **sent}) == tried.row.status, "our own page is let in"


@rows(OWNED)
def test_nobody_learns_whether_somebody_elses_is_there(world: World, name: str) -> None:
    tried, owner, other = Matrix(world, name), world.resident, world.other
    unknown = dict.fromkeys(owner.has, UNKNOWN_ID)
    for condition in ({}, {"If-Match": "*"}, {"If-Match": '"1"'}, {"If-None-Match": "*"}):
        headers = {**world.bearer(other.user_id), **condition}
        theirs, nobodys = (_told(tried.send(headers, has)) for has in (owner.has, unknown))
        assert theirs == nobodys
        assert theirs[0] == 404


@rows(json=True)
def test_what_the_server_sets_cannot_be_sent(world: World, name: str) -> None:
    tried, owner = Matrix(world, name), world.resident
    names = sorted(_known_names(world) - _declared(tried.node, world.document))
    assert len(names) > 20
    before, wrong = world.stored(), []
    for extra in names:
        answer = tried.send(tried.good(owner), owner.has, **{extra: _hostile(extra)})
        pointers = [fault["pointer"] for fault in (answer.get_json(silent=True) or {}).get("errors", [])]
        if (answer.status_code, pointers) != (422, [f"/{extra}"]):
            wrong.append(f"{extra}: {answer.status_code} {answer.text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert world.stored() == before


def filled(value: Any, has: Mapping[str, str]) -> Any:
    """Return a body with what is in `has` in its places."""
    return {
        name: re.sub(r"\{(\w+)\}", lambda found: has[found[1]], one) if isinstance(one, str) else one
        for name, one in value.items()
    }


def _takes_json(node: Mapping[str, Any]) -> bool:
    return "application/json" in node.get("requestBody", {}).get("content", {})


def _told(answer: TestResponse) -> tuple[int, dict[str, Any]]:
    problem = answer.get_json()
    return answer.status_code, {one: problem[one] for one in problem if one not in ("request_id", "instance")}


def _known_names(world: World) -> set[str]:
    schemas = world.document["components"]["schemas"].values()
    properties = {name for schema in schemas for name in schema.get("properties", {})}
    models = world.running.database.models
    return SERVERS | properties | {name for model in models for name in model.get_attributes()}


def _declared(node: Mapping[str, Any], document: Mapping[str, Any]) -> set[str]:
    schema = node["requestBody"]["content"]["application/json"]["schema"]
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return set(schema["properties"])


def _hostile(name: str) -> Any:
    if name.endswith("_at"):
        return "2020-01-01T00:00:00Z"
    if "role" in name or "scopes" in name:
        return ["admin"]
    if name == "version":
        return 99
    return True if name.startswith("is_") or name.endswith("verified") else "stolen"
