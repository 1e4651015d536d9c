"""Permissions are asked before every action, and once more of the row it is about."""

from typing import Any

import pytest

from libs.jwt import Caller
from libs.resource import Listing, Permission, Query, handles
from libs.resource.tests.conftest import Serve
from libs.resource.tests.library import BOOK, Book, BookResource

REQUESTS: dict[str, tuple[str, str, Any]] = {
    "list": ("GET", "/things", None),
    "create": ("POST", "/things", {**BOOK, "isbn": "2"}),
    "retrieve": ("GET", "/things/1", None),
    "update": ("PATCH", "/things/1", {"price": 6}),
    "replace": ("PUT", "/things/1", {"title": "x"}),
    "delete": ("DELETE", "/things/1", None),
    "group": ("GET", "/things/group/lent", None),
    "stats": ("GET", "/things/stats?fields=price", None),
    "sample": ("GET", "/things/sample", None),
}


@pytest.mark.parametrize("action", REQUESTS)
def test_a_permission_is_asked_before_each_action(serve: Serve, owner: str, action: str) -> None:
    class Never(Permission):
        def has_permission(self, caller: Caller | None, asked: str) -> bool:
            return asked != action

        def reason(self, caller: Caller | None, asked: str) -> str:
            return f"No {asked} today."

    method, path, body = REQUESTS[action]
    Book(owner, "1", title="Emma", price=5).save()
    served = serve(type("Closed", (BookResource,), {"permissions": (Never,)}))
    refused = served(method, path, body, by=owner)
    assert (refused.status_code, refused.get_json()["detail"]) == (403, f"No {action} today.")
    for other, (method, path, body) in REQUESTS.items():
        if other not in (action, "delete"):
            assert served(method, path, body, by=owner).status_code in (200, 201), other
    public = serve(type("Open", (BookResource,), {"permissions": (Never,), "public": (action,)}))
    method, path, body = REQUESTS[action]
    assert public(method, path, body, by=None).status_code == 401


@pytest.mark.parametrize("action", ["retrieve", "update", "replace", "delete"])
def test_a_permission_looks_at_the_row_of_an_action(serve: Serve, owner: str, action: str) -> None:
    class Never(Permission):
        def has_object_permission(self, caller: Caller | None, asked: str, item: Any) -> bool:
            return asked != action or item.title != "Emma"

    served = serve(type("Closed", (BookResource,), {"permissions": (Never,)}))
    method, path, body = REQUESTS[action]
    Book(owner, "1", title="Emma", price=5).save()
    refused = served(method, path, body, by=owner)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "FORBIDDEN")
    assert Book.get(owner, "1").price == 5
    assert served(method, f"{path}0", body, by=owner).status_code == 404
    Book.get(owner, "1").update(actions=[Book.title.set("Other")])
    assert served(method, path, body, by=owner).status_code in (200, 204)


def test_an_override_that_does_not_ask_the_permissions_is_asked_all_the_same(
    serve: Serve, owner: str
) -> None:
    class Refused(Permission):
        def has_permission(self, caller: Caller | None, action: str) -> bool:
            return False

    class Open(BookResource):
        permissions = (Refused,)

        def list(self, query: Query, caller: Caller | None) -> Listing:
            return Listing([])

        @handles("retrieve")
        def nothing(self, key: Any, caller: Caller | None) -> dict[str, Any]:
            return {}

    served = serve(Open)
    assert served("GET", "/things", by=owner).status_code == 403
    assert served("GET", "/things/1", by=owner).status_code == 403
