"""What admins do with accounts, and that nobody else does."""

import os
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.service import Running
from libs.service.testing import ISSUES, bearer
from libs.tasks import Operation
from services.auth import admin as command
from services.auth.accounts import Accounts, User
from services.auth.sessions.models import Session
from services.auth.sessions.revocations import RevokedTokens
from services.auth.throttle import Limits

PASSWORD = "correct horse battery"
WRONG = "wrong horse battery"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Post = Callable[..., Any]
ADMIN = bearer("boss", audience="auth", scopes=("users:admin",))


@pytest.fixture
def user_id(post: Post, address: str) -> str:
    return str(post("/auth/signup", {"email": address, "password": PASSWORD}).get_json()["user_id"])


@pytest.fixture
def ask(client: FlaskClient) -> Callable[..., Any]:
    """Ask something below /auth/users as an admin; return status and body."""

    def send(method: str, below: str = "", **options: Any) -> tuple[int, Any]:
        answer = client.open(f"/auth/users{below}", method=method, headers=ADMIN, **options)
        return answer.status_code, answer.get_json() if answer.data else None

    return send


def log_in(post: Post, address: str, password: str = PASSWORD) -> Any:
    return post("/auth/login", {"email": address, "password": password}).get_json()


def refreshed(post: Post, session: Any) -> int:
    return int(post("/auth/refresh", {"refresh_token": session["refresh_token"]}).status_code)


OPERATIONS = [
    ("GET", "", None),
    ("GET", "/{}", None),
    ("DELETE", "/{}", None),
    ("POST", "/{}/disable", None),
    ("POST", "/{}/enable", None),
    ("POST", "/{}/unlock", None),
    ("PUT", "/{}/roles", {"roles": ["admin"]}),
]


@pytest.mark.parametrize(("method", "below", "body"), OPERATIONS)
def test_only_admins_get_anything(
    client: FlaskClient, post: Post, address: str, user_id: str, method: str, below: str, body: Any
) -> None:
    own = {"Authorization": f"Bearer {log_in(post, address)['access_token']}"}
    over = ISSUES.issue("boss", audience=["auth"], scopes=["users:admin"], expires_in=-60)
    callers = {
        "the owner": (own, 403),
        "somebody else": (bearer("eve", audience="auth"), 403),
        "with another scope": (bearer("eve", audience="auth", scopes=("users", "users:admin:x")), 403),
        "another service's": (bearer("boss", audience="todos", scopes=("users:admin",)), 401),
        "over": ({"Authorization": f"Bearer {over}"}, 401),
        "nobody": ({}, 401),
    }
    for who, (headers, status) in callers.items():
        path = f"/auth/users{below.format(user_id)}"
        answer = client.open(path, method=method, json=body, headers=headers)
        assert answer.status_code == status, who
    user = User.get(user_id)
    assert not user.is_disabled
    assert not user.is_being_deleted
    assert not user.roles


@pytest.mark.parametrize(("method", "below", "body"), OPERATIONS[1:])
def test_who_is_not_there_is_not_found(ask: Callable[..., Any], method: str, below: str, body: Any) -> None:
    status, problem = ask(method, below.format("nobody"), json=body)
    assert (status, problem["code"]) == (404, "NOT_FOUND")


def test_an_account_is_shown_without_secrets(ask: Callable[..., Any], address: str, user_id: str) -> None:
    status, shown = ask("GET", f"/{user_id}")
    assert status == 200
    assert shown.pop("created_at")
    assert shown == {"user_id": user_id, "email": address, "email_verified": False, "roles": []}


def test_accounts_are_listed_page_by_page_by_what_their_addresses_begin_with(
    ask: Callable[..., Any], post: Post
) -> None:
    mark = uuid.uuid4().hex
    addresses = [f"{mark}{letter}@example.com" for letter in "abcde"]
    for one in addresses:
        post("/auth/signup", {"email": one, "password": PASSWORD})
    seen: list[str] = []
    query: dict[str, Any] = {"email": mark.upper(), "limit": 2}
    pages = 0
    while query:
        _, page = ask("GET", query_string=query)
        seen += [user["email"] for user in page["items"]]
        query = {"email": mark, "limit": 2, "after": page["next"]} if "next" in page else {}
        pages += 1
    assert (seen, pages) == (addresses, 3)
    assert ask("GET", query_string={"email": f"x{mark}"})[1] == {"items": []}
    everybody = ask("GET", query_string={"limit": 100})[1]["items"]
    assert [one["email"] for one in everybody] == sorted(one["email"] for one in everybody)
    assert set(addresses) <= {one["email"] for one in everybody}
    after = ask("GET", query_string={"after": addresses[2], "limit": 1})[1]["items"]
    assert [one["email"] for one in after] == [addresses[3]], "also where the account before is gone"
    assert ask("GET", query_string={"email": "a", "after": "b"})[1] == {"items": []}
    for refused in ({"limit": 101}, {"limit": 0}, {"email": "\u00e4"}, {"after": "x" * 255}):
        assert ask("GET", query_string=refused)[0] == 400


def test_a_disabled_account_is_closed_until_it_is_enabled(
    ask: Callable[..., Any], post: Post, address: str, user_id: str
) -> None:
    session = log_in(post, address)
    status, shown = ask("POST", f"/{user_id}/disable")
    assert (status, bool(shown["disabled_at"])) == (200, True)
    assert log_in(post, address)["code"] == "ACCOUNT_DISABLED"
    assert refreshed(post, session) == 401
    assert ask("POST", f"/{user_id}/disable")[1]["disabled_at"] == shown["disabled_at"]
    status, shown = ask("POST", f"/{user_id}/enable")
    assert (status, "disabled_at" in shown) == (200, False)
    assert log_in(post, address)["user_id"] == user_id
    assert refreshed(post, session) == 401, "what was ended stays ended"


def test_an_account_that_is_locked_can_be_unlocked(
    ask: Callable[..., Any],
    post: Post,
    address: str,
    user_id: str,
    monkeypatch: pytest.MonkeyPatch,
    running: Any,
) -> None:
    accounts = running.dependencies.make(Accounts)
    monkeypatch.setattr(accounts, "_limits", Limits(account=2, address=1000))
    assert [log_in(post, address, WRONG)["code"] for _ in range(3)][-1] == "TOO_MANY_REQUESTS"
    assert log_in(post, address)["code"] == "TOO_MANY_REQUESTS"
    assert ask("POST", f"/{user_id}/unlock") == (204, None)
    assert log_in(post, address)["user_id"] == user_id


def test_an_owner_who_is_locked_out_at_a_known_address_is_unlocked_as_well(
    ask: Callable[..., Any],
    post: Post,
    address: str,
    user_id: str,
    monkeypatch: pytest.MonkeyPatch,
    running: Any,
) -> None:
    accounts = running.dependencies.make(Accounts)
    assert log_in(post, address)["user_id"] == user_id
    monkeypatch.setattr(accounts, "_limits", Limits(account=2, address=1000))
    for _ in range(2):
        assert [log_in(post, address, WRONG)["code"] for _ in range(3)][-1] == "TOO_MANY_REQUESTS"
        assert ask("POST", f"/{user_id}/unlock") == (204, None)
    assert log_in(post, address)["user_id"] == user_id


def test_roles_come_into_tokens_and_admins_have_the_scope(
    ask: Callable[..., Any], post: Post, client: FlaskClient, address: str, user_id: str
) -> None:
    assert ask("PUT", f"/{user_id}/roles", json={"roles": ["editor", "admin"]})[1]["roles"] == [
        "admin",
        "editor",
    ]
    session = log_in(post, address)
    own = {"Authorization": f"Bearer {session['access_token']}"}
    assert client.get("/auth/me", headers=own).get_json()["roles"] == ["admin", "editor"]
    assert client.get(f"/auth/users/{user_id}", headers=own).status_code == 200
    assert ask("PUT", f"/{user_id}/roles", json={"roles": ["editor"]})[1]["roles"] == ["editor"]
    assert refreshed(post, session) == 401, "who loses a role is logged out"
    session = log_in(post, address)
    own = {"Authorization": f"Bearer {session['access_token']}"}
    assert client.get(f"/auth/users/{user_id}", headers=own).status_code == 403
    assert ask("PUT", f"/{user_id}/roles", json={"roles": ["editor", "viewer"]})[0] == 200
    assert refreshed(post, session) == 200, "who gets one is not"
    assert ask("PUT", f"/{user_id}/roles", json={"roles": []})[1]["roles"] == []


@pytest.mark.parametrize("roles", [["Admin"], ["a b"], [""], ["x" * 65], ["a", "a"], "admin", [1], None])
def test_what_is_no_role_is_refused(ask: Callable[..., Any], user_id: str, roles: Any) -> None:
    assert ask("PUT", f"/{user_id}/roles", json={"roles": roles})[0] == 422


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [("DELETE", "", None), ("POST", "/disable", None), ("PUT", "/roles", {"roles": []})],
)
def test_admins_do_not_shut_themselves_out(
    client: FlaskClient, user_id: str, method: str, below: str, body: Any
) -> None:
    own = bearer(user_id, audience="auth", scopes=("users:admin",))
    answer = client.open(f"/auth/users/{user_id}{below}", method=method, json=body, headers=own)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "YOURSELF")
    assert not User.get(user_id).is_disabled


@pytest.mark.parametrize(
    "extra",
    [{"user_id": "x"}, {"roles": ["admin"]}, {"email_verified": True}, {"id": "x"}, {"disabled_at": None}],
)
def test_nobody_signs_up_with_more_than_the_contract_has(
    post: Post, address: str, extra: dict[str, Any]
) -> None:
    answer = post("/auth/signup", {"email": address, "password": PASSWORD, **extra})
    assert answer.status_code == 422
    assert Accounts.find_by_email(address) is None


def test_an_admin_deletes_an_account_and_follows_it(
    ask: Callable[..., Any], client: FlaskClient, post: Post, address: str, user_id: str
) -> None:
    session = log_in(post, address)
    answer = client.delete(f"/auth/users/{user_id}", headers=ADMIN)
    assert answer.status_code == 202
    assert client.get(answer.headers["Location"], headers=ADMIN).get_json()["status"] == "queued"
    assert client.get(answer.headers["Location"], headers=bearer("eve", audience="auth")).status_code == 404
    assert log_in(post, address)["code"] == "ACCOUNT_DISABLED"
    assert refreshed(post, session) == 401
    assert ask("GET", f"/{user_id}")[1]["deletion_asked_at"]
    assert ask("POST", f"/{user_id}/enable")[1]["code"] == "BEING_DELETED"
    assert Operation.get(answer.headers["Location"].rpartition("/")[2]).arguments == {"user_id": user_id}


@pytest.fixture
def run(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, running: Any) -> Callable[..., str | None]:
    """Run the command as an operator would."""
    for name in [name for name in os.environ if name.startswith("APP_")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: command.main(list(arguments))


def test_the_first_admin_is_made_by_a_command(
    run: Callable[..., str | None], capsys: pytest.CaptureFixture[str], post: Post, address: str, user_id: str
) -> None:
    told = run("grant", address.upper(), "admin")
    assert told is not None
    assert "confirmed" in told, "anybody may have signed up with the address"
    assert not User.get(user_id).roles
    assert run("grant", address.upper(), "admin", "--unverified") is None
    assert capsys.readouterr().out == f"{user_id}: admin\n"
    session = log_in(post, address)
    assert User.get(user_id).scopes == {"tasks:admin", "users:admin"}
    assert run("revoke", address, "admin") is None
    assert capsys.readouterr().out == f"{user_id}: no roles\n"
    assert refreshed(post, session) == 401
    assert not User.get(user_id).roles


def test_the_command_says_what_is_wrong(run: Callable[..., str | None], address: str) -> None:
    assert run("grant", address, "admin") == "There is no account with this e-mail."
    told = run("grant", address, "Not a role")
    assert told is not None
    assert told.startswith("not a role")
    with pytest.raises(SystemExit):
        run("promote", address, "admin")


def disable(ask: Callable[..., Any], user_id: str, run: Callable[..., str | None], address: str) -> None:
    assert ask("POST", f"/{user_id}/disable")[0] == 200
    assert ask("POST", f"/{user_id}/enable")[0] == 200


def take_roles(ask: Callable[..., Any], user_id: str, run: Callable[..., str | None], address: str) -> None:
    assert ask("PUT", f"/{user_id}/roles", json={"roles": []})[0] == 200


def revoke(ask: Callable[..., Any], user_id: str, run: Callable[..., str | None], address: str) -> None:
    assert run("revoke", address, "editor") is None


@pytest.mark.parametrize("what", [disable, take_roles, revoke])
def test_sessions_and_tokens_that_the_index_does_not_show_end_as_well(
    ask: Callable[..., Any],
    run: Callable[..., str | None],
    client: FlaskClient,
    post: Post,
    address: str,
    user_id: str,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
    what: Callable[..., None],
) -> None:
    monkeypatch.setattr(running.dependencies.make(RevokedTokens), "_cached", 0)
    ask("PUT", f"/{user_id}/roles", json={"roles": ["editor"]})
    session = log_in(post, address)
    own = {"Authorization": f"Bearer {session['access_token']}"}
    assert client.get("/auth/me", headers=own).status_code == 200
    monkeypatch.setattr(Session.by_user, "query", lambda *_, **__: iter(()))
    what(ask, user_id, run, address)
    assert client.get("/auth/me", headers=own).status_code == 401
    assert refreshed(post, session) == 401


def test_an_account_that_is_to_be_deleted_in_the_same_moment_is_not_enabled(
    ask: Callable[..., Any], user_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = Accounts.get

    def deleted_then(one: str) -> User | None:
        found = find(one)
        User(one).update([User.disabled_at.set(NOW), User.deletion_asked_at.set(NOW)])
        return found

    with monkeypatch.context() as patched:
        patched.setattr(Accounts, "get", staticmethod(deleted_then))
        status, problem = ask("POST", f"/{user_id}/enable")
    assert (status, problem["code"]) == (409, "BEING_DELETED")
    assert User.get(user_id).is_disabled


def test_a_role_that_is_given_in_the_same_moment_is_not_taken_without_a_log_out(
    ask: Callable[..., Any], user_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = Accounts.get

    def granted_then(one: str) -> User | None:
        found = find(one)
        User(one).update([User.roles.add({"admin"})])
        return found

    for roles, now in (([], {"admin"}), (["editor"], {"admin"})):
        with monkeypatch.context() as patched:
            patched.setattr(Accounts, "get", staticmethod(granted_then))
            if roles == ["editor"]:
                User(user_id).update([User.roles.set({"viewer"})])
                now = {"admin", "viewer"}
            status, problem = ask("PUT", f"/{user_id}/roles", json={"roles": roles})
        assert (status, problem["code"]) == (409, "ROLES_CHANGED")
        assert User.get(user_id).roles == now
    assert ask("PUT", f"/{user_id}/roles", json={"roles": ["editor"]})[1]["roles"] == ["editor"]


def test_no_address_stops_the_list(ask: Callable[..., Any], post: Post) -> None:
    """One with a space in quotes was let in once: it is a valid address."""
    mark = uuid.uuid4().hex
    addresses = [f'"{mark} {number}"@example.com' for number in range(3)]
    for one in addresses:
        User(email=one, password_hash="x").save()
    _, page = ask("GET", query_string={"email": f'"{mark}', "limit": 2})
    status, rest = ask("GET", query_string={"email": f'"{mark}', "limit": 2, "after": page["next"]})
    assert status == 200
    assert [user["email"] for user in (*page["items"], *rest["items"])] == addresses


def test_who_has_done_what_to_whom_is_logged(
    ask: Callable[..., Any],
    client: FlaskClient,
    post: Post,
    address: str,
    user_id: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", logger="services.auth.audit")
    ask("PUT", f"/{user_id}/roles", json={"roles": ["editor"]})
    ask("POST", f"/{user_id}/disable")
    log_in(post, address)
    ask("POST", f"/{user_id}/enable")
    ask("POST", f"/{user_id}/unlock")
    ask("DELETE", f"/{user_id}")
    own = [one for one in caplog.records if one.name == "services.auth.audit"]
    seen = [(one.message, one.__dict__.get("by"), one.__dict__["user"]) for one in own]
    assert seen == [
        ("roles set", "boss", user_id),
        ("account disabled", "boss", user_id),
        ("log-in refused", None, user_id),
        ("account enabled", "boss", user_id),
        ("account unlocked", "boss", user_id),
        ("deletion asked for", "boss", user_id),
    ]
    assert (own[0].__dict__["before"], own[0].__dict__["roles"]) == ([], ["editor"])
    assert (own[2].__dict__["why"], own[2].__dict__["address"]) == ("ACCOUNT_DISABLED", "127.0.0.1")
