"""What answers an action or a problem in a resource's stead, and what is wrapped around it."""

from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest

from libs.api import Result
from libs.errors import BadRequest, Conflict, Forbidden, InvalidBody, MalformedBody, NotFound, Problem
from libs.resource.hooks.events import around, handles, on_problem
from libs.resource.hooks.hooks import Hooks


class Handlers:
    """The actions of a resource, and what was called."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def list(self, limit: int = 20, cursor: str | None = None) -> Any:
        self.calls.append(("list", limit, cursor))
        return [limit, cursor]

    def create(self, body: Any) -> Any:
        return body

    def retrieve(self, key: str) -> Any:
        return key


def test_wrappers_are_a_pipeline() -> None:
    class Base(Handlers):
        @around("list", "retrieve")
        def outer(self, call: Callable[..., Any], **rest: Any) -> Any:
            self.calls.append(("outer", rest))
            return {"data": call()}

    class Resource(Base):
        @around("list")
        def inner(self, call: Callable[..., Any], limit: int) -> Any:
            return call(limit=min(limit, 50))

    resource = Resource()
    hooks = Hooks(resource)
    entry = hooks.entry("list")
    assert entry(limit=70, cursor="c") == {"data": [50, "c"]}
    assert resource.calls == [("outer", {"limit": 70, "cursor": "c"}), ("list", 50, "c")]
    assert entry(10) == {"data": [10, None]}
    assert entry() == {"data": [20, None]}
    assert signature(entry) == signature(resource.list)
    assert hooks.entry("retrieve")("k") == {"data": "k"}
    assert hooks.entry("create") == resource.create
    assert hooks.around("list") == (resource.outer, resource.inner)
    assert hooks.around("create") == ()


def test_a_wrapper_may_answer_instead_and_catch() -> None:
    class Resource(Handlers):
        @around("retrieve")
        def cached(self, call: Callable[..., Any], key: str) -> Any:
            return "cached" if key == "hot" else call(key=key + "!")

        @around("retrieve")
        def caught(self, call: Callable[..., Any]) -> Any:
            try:
                return call()
            except KeyError:
                return "caught"

        def retrieve(self, key: str) -> Any:
            if key == "bad!":
                raise KeyError
            return key

    entry = Hooks(Resource()).entry("retrieve")
    assert [entry(key) for key in ("hot", "cold", "bad")] == ["cached", "cold!", "caught"]


def test_a_handler_of_any_arguments_can_be_wrapped() -> None:
    class Resource(Handlers):
        def list(self, limit: int = 1, **rest: Any) -> Any:  # type: ignore[override]
            return limit, rest

        @around("list")
        def wrapper(self, call: Callable[..., Any], where: str) -> Any:
            return call(where=where.upper())

    assert Hooks(Resource()).entry("list")(where="x", sort="y") == (1, {"where": "X", "sort": "y"})


def test_wrappers_that_cannot_be_called_stop_the_start() -> None:
    class Unknown(Handlers):
        @around("list")
        def wrapper(self, call: Any, key: str) -> Any: ...

    class NoCall(Handlers):
        @around("list")
        def wrapper(self, limit: int) -> Any: ...

    class Positional(Handlers):
        @around("list")
        def wrapper(self, call: Any, *rest: Any) -> Any: ...

    class Handler(Handlers):
        def list(self, *limits: int) -> Any: ...  # type: ignore[override]

        @around("list")
        def wrapper(self, call: Any) -> Any: ...

    for kind, message in (
        (Unknown, r"wrapper takes key; .*list has limit, cursor"),
        (NoCall, "wrapper must take 'call'"),
        (Positional, "wrapper must take 'call', and its other arguments by name"),
        (Handler, "list cannot be wrapped"),
    ):
        with pytest.raises(TypeError, match=message):
            Hooks(kind())

    class Optional(Handlers):
        @around("list", "retrieve")
        def wrapper(self, call: Any, key: str = "none") -> Any:
            return key, call()

    assert Hooks(Optional()).entry("list")() == ("none", [20, None])
    assert Hooks(Optional()).entry("retrieve")("k") == ("k", "k")


def test_a_handler_replaces_the_action_and_is_wrapped() -> None:
    class Resource(Handlers):
        @handles("list")
        def newest(self, limit: int) -> Any:
            return ["newest", *self.list(limit)]

        @around("list")
        def wrapper(self, call: Callable[..., Any]) -> Any:
            return [*call(), "wrapped"]

    resource = Resource()
    hooks = Hooks(resource)
    assert hooks.handler("list") == resource.newest
    assert hooks.handler("create") is None
    assert hooks.entry("list")(limit=3) == ["newest", 3, None, "wrapped"]


def test_an_action_has_one_handler_and_is_enabled() -> None:
    class Two(Handlers):
        @handles("list")
        def one(self) -> Any: ...

        @handles("list")
        def two(self) -> Any: ...

    class Disabled(Handlers):
        @handles("stats")
        def one(self) -> Any: ...

    class Better(Two):
        two = None  # type: ignore[assignment]

        def one(self) -> Any:
            return "better"

    with pytest.raises(TypeError, match=r"two: @handles\('list'\), and so does .*one"):
        Hooks(Two())
    with pytest.raises(TypeError, match=r"one: @handles\('stats'\), and the resource has no such action"):
        Hooks(Disabled())
    with pytest.raises(TypeError, match="no such action"):
        Hooks(Better(), enabled={"create"})
    assert Hooks(Disabled(), enabled={"stats"}).entry("stats")
    assert Hooks(Better()).entry("list")() == "better"


def test_the_nearest_handler_of_a_problem() -> None:
    class Resource(Handlers):
        @on_problem(BadRequest, InvalidBody)
        def bad(self, problem: Problem, caller: str) -> Result:
            return Result([caller, problem.code], status=problem.status)

        @on_problem(404, 400)
        def by_status(self, problem: Problem) -> Problem:
            problem.extra["by"] = "status"
            return problem

        @on_problem(Forbidden)
        def hide(self, action: str) -> Problem:
            return NotFound(action)

    class Finer(Resource):
        @on_problem(MalformedBody)
        def malformed(self) -> Problem:
            return Conflict()

    def answer(kind: type[Handlers], problem: Problem) -> Any:
        found = Hooks(kind()).on_problem(problem)
        return found and found(caller="ada", action="list")

    assert answer(Resource, MalformedBody()) == Result(["ada", "MALFORMED_BODY"], status=400)
    assert isinstance(answer(Finer, MalformedBody()), Conflict)
    assert answer(Finer, InvalidBody()) == Result(["ada", "INVALID_BODY"], status=422)
    assert answer(Finer, NotFound()).extra == {"by": "status"}
    assert answer(Finer, Forbidden()).detail == "list"
    assert answer(Finer, Conflict()) is None


def test_a_problem_is_answered_with_a_problem_or_a_result() -> None:
    class Resource(Handlers):
        @on_problem(404)
        def forgets(self, problem: Problem) -> None: ...

    found = Hooks(Resource()).on_problem(NotFound())
    assert found
    with pytest.raises(TypeError, match="forgets answered a problem with a NoneType"):
        found(caller=None, action="list")


def test_two_methods_for_the_same_problem_stop_the_start() -> None:
    class Two(Handlers):
        @on_problem(NotFound)
        def one(self) -> Any: ...

        @on_problem(Conflict, NotFound)
        def two(self) -> Any: ...

    with pytest.raises(TypeError, match=r"two: @on_problem\(NotFound\), and so does .*one"):
        Hooks(Two())
