"""A service with people in it who have everything one can have there, to see who gets at what."""

import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

from werkzeug.test import TestResponse

from libs.jwt.cookies import csrf_claim, csrf_value
from libs.service import Running, Service
from libs.service.health import Health
from libs.service.testing import ISSUES, bearer, running_service
from libs.tasks import Operation
from services.todos.exports import write_export
from tests.services import SERVICES, environment_of

Headers = Mapping[str, str]


@dataclass(frozen=True)
class Person:
    """Somebody, and what is theirs.

    :param has: ids and other texts, by the names that requests put in their places.
    :param secrets: what nobody else may read; none of it stands in a path.
    """

    headers: Headers
    has: Mapping[str, str]
    secrets: Sequence[str]

    @property
    def user_id(self) -> str:
        """The `sub` of their tokens."""
        return self.has["user_id"]


class World:
    """A running service.

    :param name: the service's, and the audience of the tokens that are good here.
    """

    def __init__(self, name: str, running: Running) -> None:
        self.name = name
        self.running = running
        running.health = Health({"tests": lambda: None})  # a busy machine may well be slow to answer
        self.client = running.web_app().test_client(use_cookies=False)
        self.document = self.client.get("/openapi.json").get_json()
        self._estimates = count(54_321)

    @cached_property
    def resident(self) -> Person:
        """Somebody whom nothing is ever changed of."""
        return self.person()

    @cached_property
    def other(self) -> Person:
        """Somebody else."""
        return self.person()

    def person(self) -> Person:
        """Return somebody new who has one of everything."""
        return _PEOPLE[self.name](self)

    def estimate(self) -> int:
        """Return a number that no other person has."""
        return next(self._estimates)

    def bearer(self, user_id: str, *scopes: str) -> Headers:
        """Return the headers of a request with a good token."""
        return bearer(user_id, audience=self.name, scopes=scopes)

    def cookie(self, user_id: str, *scopes: str) -> tuple[str, str]:
        """Return a good token for the cookie, and what a page sends with it as ``X-CSRF-Token``."""
        value = csrf_value(secrets.token_bytes(32), "session")
        claims = {"csrf": csrf_claim(value)}
        return ISSUES.issue(user_id, audience=[self.name], scopes=scopes, claims=claims), value

    def strangers(self, owner: Person) -> dict[str, Headers]:
        """Return the headers of those who are known nowhere, here no more, or elsewhere only."""
        others = [one for one in SERVICES if one != self.name]
        tokens = {
            "nobody": None,
            "the owner, with a token that is over": ISSUES.issue(
                owner.user_id, audience=[self.name], expires_in=-60
            ),
            "the owner, with a token for other services": ISSUES.issue(owner.user_id, audience=others),
        }
        return {who: {"Authorization": f"Bearer {token}"} if token else {} for who, token in tokens.items()}

    def stored(self, about: str = "") -> list[str]:
        """Return the rows of all tables that have this text in them."""
        tables = {model.Meta.table_name for model in self.running.database.models}
        rows = (str(row) for table in tables for row in self._rows(table))
        return sorted(row for row in rows if about in row)

    def _rows(self, table: str) -> Iterator[dict[str, Any]]:
        # As DynamoDB has them: to make objects of them takes longer than to read them.
        more: dict[str, Any] | None = {}
        while more is not None:
            page = self.running.database.connection.scan(table, exclusive_start_key=more or None)
            yield from (dict(sorted(item.items())) for item in page["Items"])
            more = page.get("LastEvaluatedKey")

    def shown(self, owner: Person) -> list[tuple[int, str]]:
        """Return what the owner is shown of what is theirs."""
        paths = [path.format(**owner.has) for path in _OWN_PATHS[self.name]]
        answers = [self.client.get(path, headers=owner.headers) for path in paths]
        return [(one.status_code, one.text) for one in answers]

    def send(self, method: str, path: str, headers: Headers, **options: Any) -> TestResponse:
        """Send a request."""
        return self.client.open(path, method=method, headers=dict(headers), **options)


class Worlds:
    """The services, each started when it is first asked for."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._worlds: dict[str, World] = {}

    def __getitem__(self, name: str) -> World:
        if name not in self._worlds:
            environ = environment_of(name)
            if name == "auth":
                environ |= {"APP_EMAIL_VERIFICATION": "optional", "APP_ACCOUNT_TRIES": "100"}
            started = self._stack.enter_context(running_service(Service.named(name), environ))
            self._worlds[name] = World(name, started)
        world = self._worlds[name]
        # Services share the model of operations, which is bound to the tables of one of them at a time.
        world.running.service.database(world.running.settings)
        return world


def _operation(owner: str, **more: Any) -> str:
    operation = Operation(task="some.task", arguments={}, owner=owner, request_id="request-1", **more)
    operation.save()
    return str(operation.id)


def _in_auth(world: World) -> Person:
    mark, password = uuid.uuid4().hex, f"horse battery {uuid.uuid4().hex}"
    account = {"email": f"{mark}@example.com", "password": password}
    signed_up = world.send("POST", "/auth/signup", {}, json=account)
    assert signed_up.status_code == 201, signed_up.text
    tokens = world.send("POST", "/auth/login", {"User-Agent": f"device of {mark}"}, json=account).get_json()
    user_id, result = tokens["user_id"], f"result for {mark}"
    return Person(
        {"Authorization": f"Bearer {tokens['access_token']}"},
        {
            **account,
            "user_id": user_id,
            "session_id": tokens["refresh_token"].partition(".")[0],
            "operation_id": _operation(user_id, result=result),
            "parked_id": _operation(user_id, status="failed", pending="parked"),
        },
        [account["email"], f"device of {mark}", result],
    )


def _in_profiles(world: World) -> Person:
    user_id, mark = uuid.uuid4().hex, uuid.uuid4().hex
    body = {"profile_id": user_id, "name": f"name of {mark}"}
    created = world.send("POST", "/profiles", world.bearer("service:auth", "profiles:create"), json=body)
    assert created.status_code == 201, created.text
    headers = world.bearer(user_id)
    changed = world.send("PATCH", "/profiles/me", headers, json={"bio": f"bio of {mark}"})
    assert changed.status_code == 200, changed.text
    has = {"user_id": user_id, "profile_id": user_id}
    return Person(headers, has, [mark])


def _in_todos(world: World) -> Person:
    user_id, mark = uuid.uuid4().hex, uuid.uuid4().hex
    headers = world.bearer(user_id)
    estimate = world.estimate()
    body = {"title": f"title of {mark}", "tags": [f"tag {mark}"], "estimate": estimate}
    created = world.send("POST", "/todos", headers, json=body)
    assert created.status_code == 201, created.text
    export_id = uuid.uuid4().hex
    bound = world.running.dependencies.bind(write_export.function, {"owner", "export_id"})
    bound(owner=user_id, export_id=export_id)
    has = {
        "user_id": user_id,
        "todo_id": created.get_json()["id"],
        "export_id": export_id,
        "operation_id": _operation(user_id, result=f"result for {mark}"),
        "parked_id": _operation(user_id, status="failed", pending="parked"),
    }
    return Person(headers, has, [mark, f":{estimate}"])


_PEOPLE: Mapping[str, Callable[[World], Person]] = {
    "auth": _in_auth,
    "profiles": _in_profiles,
    "todos": _in_todos,
}
_OWN_PATHS = {
    "auth": ["/auth/me", "/auth/sessions", "/operations/{operation_id}"],
    "profiles": ["/profiles/{profile_id}"],
    "todos": ["/todos/{todo_id}", "/todos", "/todos/exports/{export_id}", "/operations/{operation_id}"],
}
