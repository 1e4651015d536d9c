"""Methods that take part in actions: which are called, in which order, and with what."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import pytest

from libs.errors import Conflict
from libs.resource.hooks import events
from libs.resource.hooks.events import NAMES, after, after_parse, around, before, handles, on_problem
from libs.resource.hooks.hooks import Hooks
from libs.resource.permissions import ACTIONS

EVERYTHING = {
    "caller": "ada",
    "body": {"title": "sent"},
    "values": {"title": "parsed"},
    "changes": {"title": "written"},
    "item": "a row",
    "items": ["rows"],
    "key": "1",
    "query": "a query",
    "field": "a field",
    "fields": ["fields"],
    "result": "an answer",
}


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


def called(hooks: tuple[Callable[..., Any], ...], resource: Handlers, **given: Any) -> list[Any]:
    resource.calls.clear()
    for hook in hooks:
        hook(**{**EVERYTHING, **given})
    return resource.calls


def test_hooks_are_called_for_their_actions_with_what_they_ask_for() -> None:
    class Resource(Handlers):
        @before("create", "update")
        def first(self, values: Any, caller: str) -> None:
            self.calls.append((caller, values))

        @after("create")
        def last(self, *, result: str) -> None:
            self.calls.append(result)

        @after_parse("update")
        def parsed(self, values: dict[str, str], item: str) -> None:
            values["by"] = item

        @before("delete")
        def nothing(self) -> None:
            self.calls.append("nothing")

    resource = Resource()
    hooks = Hooks(resource)
    assert called(hooks.before("create"), resource) == [("ada", {"title": "parsed"})]
    assert called(hooks.before("update"), resource) == [("ada", {"title": "parsed"})]
    assert called(hooks.after("create"), resource) == ["an answer"]
    assert called(hooks.before("delete"), resource) == ["nothing"]
    assert not hooks.after("update")
    assert not hooks.after_parse("create")
    values = {"title": "x"}
    called(hooks.after_parse("update"), resource, values=values)
    assert values == {"title": "x", "by": "a row"}
    assert resource.nothing() is None  # type: ignore[func-returns-value] # a hook stays a method


def test_bases_first_then_as_defined() -> None:
    class Base(Handlers):
        @before("create")
        def z(self) -> None:
            self.calls.append("z")

        @before("create")
        def a(self) -> None:
            self.calls.append("a")

    class Mixin:
        calls: list[Any]

        @before("create")
        def m(self) -> None:
            self.calls.append("m")

    class Resource(Mixin, Base):
        @before("create")
        def b(self) -> None:
            self.calls.append("b")

        @before("create")
        def a(self) -> None:
            self.calls.append("a of the resource")

    resource = Resource()
    assert called(Hooks(resource).before("create"), resource) == ["z", "a of the resource", "m", "b"]


def test_an_override_stays_a_hook_is_another_or_ends_it() -> None:
    class Base(Handlers):
        @before("create", "delete")
        def guard(self) -> None:
            self.calls.append("base")

    class Silent(Base):
        def guard(self) -> None:
            super().guard()
            self.calls.append("too")

    class Other(Base):
        @before("delete")
        def guard(self) -> None:
            self.calls.append("other")

    class Without(Base):
        guard = None  # type: ignore[assignment]

    class Again(Without):
        @before("create")
        def guard(self) -> None:  # type: ignore[override]
            self.calls.append("again")

    def calls(kind: type[Handlers], action: str) -> list[Any]:
        resource = kind()
        return called(Hooks(resource).before(action), resource)

    assert calls(Silent, "create") == calls(Silent, "delete") == ["base", "too"]
    assert (calls(Other, "create"), calls(Other, "delete")) == ([], ["other"])
    assert (calls(Without, "create"), calls(Without, "delete")) == ([], [])
    assert (calls(Again, "create"), calls(Again, "delete")) == (["again"], [])


def test_decorators_stack_and_go_through_other_decorators() -> None:
    def loud(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def louder(self: Any, **given: Any) -> None:
            function(self, **given)
            self.calls.append("!")

        return louder

    class Resource(Handlers):
        @loud
        @before("create", "create")
        @before("create")
        @after("create")
        def both(self, caller: str) -> None:
            self.calls.append(caller)

        @staticmethod
        @before("list")
        def inner(query: str) -> None:
            seen.append(query)

        @before("list")
        @staticmethod
        def outer(query: str) -> None:
            seen.append(query)

        @classmethod
        @before("list")
        def of_class(cls, query: str) -> None:
            seen.append(cls)

    seen: list[Any] = []
    resource = Resource()
    hooks = Hooks(resource)
    assert called(hooks.before("create"), resource) == ["ada", "!"]
    assert called(hooks.after("create"), resource) == ["ada", "!"]
    called(hooks.before("list"), resource)
    assert seen == ["a query", "a query", Resource]


def test_a_veto_is_an_exception() -> None:
    class Resource(Handlers):
        @before("delete")
        def no(self, item: str) -> None:
            raise Conflict(f"{item} stays")

    (hook,) = Hooks(Resource()).before("delete")
    with pytest.raises(Conflict, match="a row stays"):
        hook(**EVERYTHING)


def test_rows_are_needed_where_a_hook_asks_for_them() -> None:
    class Resource(Handlers):
        @before("update")
        def one(self, values: Any, item: Any) -> None: ...

        @after("create", "delete")
        def two(self, item: Any) -> None: ...

        @before("delete")
        def three(self, key: str) -> None: ...

    hooks = Hooks(Resource())
    assert hooks.needs_item("update")
    assert hooks.needs_item("update", "before", "after_parse")
    assert not hooks.needs_item("update", "after")
    assert hooks.needs_item("create")
    assert not hooks.needs_item("delete", "before")
    assert not hooks.needs_item("list")


def test_the_table_in_the_documentation_is_what_is_there() -> None:
    text = events.__doc__ or ""
    rows = re.findall(r"^(after_parse|before|after) +([a-z, ]+?)  +(.+)$", text, re.MULTILINE)
    told = {
        (event, action): set(names.split(", "))
        for event, actions, names in rows
        for action in actions.split(", ")
    }
    assert told == {
        (event, action): set(names)
        for event in ("after_parse", "before", "after")
        for action, names in NAMES[event].items()
    }
    assert f"on_problem  all{' ' * 30}{', '.join(('problem', 'caller', 'action'))}" in text


@pytest.mark.parametrize(
    ("event", "action"),
    [(event, action) for event in ("after_parse", "before", "after") for action in NAMES[event]],
)
def test_an_event_has_its_names_and_no_others(event: str, action: str) -> None:
    decorator = {"after_parse": after_parse, "before": before, "after": after}[event](action)
    namespace: dict[str, Any] = {}
    for name in EVERYTHING:
        exec(f"def hook(self, {name}): self.calls.append({name})", namespace)  # noqa: S102
        resource = type("Resource", (Handlers,), {"hook": decorator(namespace["hook"])})()
        if name in NAMES[event][action]:
            (hook,) = getattr(Hooks(resource), event)(action)
            assert called((hook,), resource) == [EVERYTHING[name]]
        else:
            with pytest.raises(
                TypeError, match=rf"hook: @{event}\('{action}'\) has no '{name}', but [a-z, ]*caller"
            ):
                Hooks(resource)


def test_a_default_lets_a_hook_serve_events_that_lack_the_name() -> None:
    class Resource(Handlers):
        @after("list", "create")
        def note(self, caller: str, item: str | None = None) -> None:
            self.calls.append(item)

    class Misspelt(Handlers):
        @after("create")
        def note(self, itme: str | None = None) -> None: ...

    resource = Resource()
    hooks = Hooks(resource)
    assert called(hooks.after("list"), resource) == [None]
    assert called(hooks.after("create"), resource) == ["a row"]
    with pytest.raises(TypeError, match="has no 'itme'"):
        Hooks(Misspelt())


def test_hooks_take_their_arguments_by_name() -> None:
    class Rest(Handlers):
        @before("create")
        def note(self, **rest: Any) -> None: ...

    class Positional(Handlers):
        @before("create")
        def note(self, values: Any, /) -> None: ...

    for kind in (Rest, Positional):
        with pytest.raises(TypeError, match=r"note: @before\('create'\) must take its arguments by name"):
            Hooks(kind())


@pytest.mark.parametrize(
    ("decorator", "arguments", "message"),
    [
        (before, ("craete",), "@before knows no action 'craete', but create, delete, group, list"),
        (after, ("count",), "@after knows no action"),
        (after_parse, ("list",), "@after_parse knows no action 'list', but create, replace, update"),
        (around, ("everything",), "@around knows no action"),
        (handles, ("everything",), "@handles knows no action"),
        (before, (), "@before does not say when"),
        (before, (lambda: None,), "@before knows no action <function"),
        (on_problem, (), "@on_problem does not say when"),
        (on_problem, (200,), "not 200"),
        (on_problem, ("404",), "not '404'"),
        (on_problem, (ValueError,), "ValueError"),
    ],
)
def test_decorators_know_their_actions(decorator: Any, arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        decorator(*arguments)


def test_every_action_can_be_wrapped_and_handled() -> None:
    assert set(NAMES["around"]) == set(NAMES["handles"]) == ACTIONS


def test_what_would_not_run_is_refused() -> None:
    async def waits(self: Any) -> None: ...

    async def streams(self: Any) -> Any:
        yield

    def generates(self: Any) -> Any:
        yield

    for function in (waits, streams, generates):
        with pytest.raises(TypeError, match=f"{function.__name__} is a"):
            before("create")(function)
    with pytest.raises(TypeError, match="waits is async"):
        handles("list")(waits)
    handles("list")(generates)

    class Base(Handlers):
        @before("create")
        def veto(self) -> None: ...

    with pytest.raises(TypeError, match="waits is async"):
        Hooks(type("Resource", (Base,), {"veto": waits})())


def test_a_hook_does_not_take_the_place_of_an_action() -> None:
    class Resource(Handlers):
        @before("list")
        def list(self) -> None: ...  # type: ignore[override]

    with pytest.raises(TypeError, match=r"Resource.list is a hook, and would replace"):
        Hooks(Resource())
