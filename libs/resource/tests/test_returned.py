"""What an action that is overridden may return, and what a client gets of it."""

from collections.abc import Callable
from typing import Any

import pytest

from libs.api import Result
from libs.jwt import Caller
from libs.resource import Listing, Query
from libs.resource.tests.conftest import Serve
from libs.resource.tests.library import NOTE, Note, NoteResource


def model() -> Note:
    return Note("n1", author="ada", text="a model", version=4)


@pytest.mark.parametrize(
    ("returned", "status", "body", "headers"),
    [
        (lambda: model(), 200, NOTE, {"ETag": '"4.'}),
        (lambda: (model(), 203), 203, NOTE, {"ETag": '"4.'}),
        (lambda: (model(), 203, {"X-Shelf": "9"}), 203, NOTE, {"X-Shelf": "9", "ETag": '"4.'}),
        (lambda: Result(model(), 203, {"X-Shelf": "9"}), 203, NOTE, {"X-Shelf": "9", "ETag": '"4.'}),
        (lambda: Result((model(), 203)), 203, NOTE, {"ETag": '"4.'}),
        (lambda: NOTE, 200, NOTE, {}),
        (lambda: (NOTE, 203), 203, NOTE, {}),
        (lambda: ("a text", 203), 203, "a text", {}),
        (lambda: ([1, 2], 203), 203, {"items": [1, 2], "meta": {}}, {}),
        (lambda: Result("a text", 203), 203, "a text", {}),
    ],
)
def test_what_an_override_of_retrieve_may_return(
    serve: Serve, returned: Callable[[], Any], status: int, body: Any, headers: dict[str, str]
) -> None:
    class Returning(NoteResource):
        def retrieve(self, key: Any, caller: Caller | None) -> Any:
            return returned()

    answer = serve(Returning)("GET", "/things/n1")
    told = answer.get_json()
    if isinstance(told, dict) and "meta" in told:
        told["meta"] = {}
    assert (answer.status_code, told) == (status, body)
    assert answer.headers.get("ETag", "")[:3] == headers.get("ETag", "")
    assert answer.headers.get("X-Shelf") == headers.get("X-Shelf")


META = {"next": None, "prev": None, "has_more": False, "examined": 1, "truncated": False}


MORE = {**META, "next": "page 2", "has_more": True}


@pytest.mark.parametrize(
    ("returned", "status", "meta", "headers"),
    [
        (lambda: [model()], 200, META, {}),
        (lambda: (one for one in [model()]), 200, META, {}),
        (lambda: Listing([model()], {"more": 1}), 200, {**META, "more": 1}, {}),
        (lambda: ([model()], 206), 206, META, {}),
        (lambda: ([model()], 206, {"X-Shelf": "9"}), 206, META, {"X-Shelf": "9"}),
        (lambda: ([model()], None, {"X-Shelf": "9"}, "page 2"), 200, MORE, {"X-Shelf": "9"}),
        (lambda: ((one for one in [model()]), 200, None, "page 2"), 200, MORE, {}),
        (lambda: (Listing([model()], {"more": 1}), 200, {}, "page 2"), 200, {**MORE, "more": 1}, {}),
        (lambda: Result([model()], 206, {"X-Shelf": "9"}), 206, META, {"X-Shelf": "9"}),
    ],
)
def test_what_an_override_of_list_may_return(
    serve: Serve, returned: Callable[[], Any], status: int, meta: Any, headers: dict[str, str]
) -> None:
    class Returning(NoteResource):
        def list(self, query: Query, caller: Caller | None) -> Any:
            return returned()

    answer = serve(Returning)("GET", "/things")
    assert (answer.status_code, answer.get_json()) == (status, {"items": [NOTE], "meta": meta})
    assert headers.items() <= dict(answer.headers).items()


def test_other_overrides_may_return_objects_too(serve: Serve, key: str) -> None:
    class Returning(NoteResource):
        def create(self, body: Any, caller: Caller | None) -> Any:
            return model()

        def update(self, key: Any, body: Any, caller: Caller | None, if_match: str | None = None) -> Any:
            row = super().update(key, body, caller, if_match)
            return row, 200, {"X-Shelf": "9"}

        def delete(self, key: Any, caller: Caller | None, if_match: str | None = None) -> Any:
            super().delete(key, caller, if_match)
            return {"gone": key}, 200

        def sample(self, query: Query, caller: Caller | None) -> Any:
            return [model()]

    served = serve(Returning)
    created = served("POST", "/things", {"id": key, "author": "x"})
    assert (created.status_code, created.get_json(), created.headers["ETag"][:3]) == (201, NOTE, '"4.')
    Note(key, author="x").save()
    updated = served("PATCH", f"/things/{key}", {"text": "x"})
    assert (updated.headers["ETag"][:3], updated.headers["X-Shelf"]) == ('"2.', "9")
    deleted = served("DELETE", f"/things/{key}")
    assert (deleted.status_code, deleted.get_json()) == (200, {"gone": key})
    assert served("GET", "/things/sample").get_json()["items"] == [NOTE]
