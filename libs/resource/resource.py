"""A resource: a model, and what may be done with it."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from libs.api import ApiObject, Contribution, Result
from libs.dynamodb import CursorSigner
from libs.dynamodb.contention import pauses, wait
from libs.errors import Problem
from libs.jwt import Caller
from libs.resource.answers import SHOWING, Answers
from libs.resource.bodies import Bodies
from libs.resource.components import component_schemas, shown_schema
from libs.resource.conditional import Conditional
from libs.resource.configuration import Configuration, about
from libs.resource.etag import Conditions, IfMatch, conditions_of
from libs.resource.hooks.hooks import Hook, Hooks
from libs.resource.keys import KeyPath, PathKey
from libs.resource.operations import operation_of
from libs.resource.permissions import admit, admit_object, admit_result, as_permissions
from libs.resource.query.layout import indexes_of
from libs.resource.query.parameters import Query
from libs.resource.query.plan import Plan, Planner
from libs.resource.query.sorting import parse_sort
from libs.resource.query.where import TRUE, WhereParser, all_of, comparable
from libs.resource.schema.json_schema import JSON
from libs.resource.scope import Extent
from libs.resource.start import check_actions, check_declared, check_fields
from libs.resource.store.row import Row
from libs.resource.store.store import Outdated, Store

Body = ApiObject | Mapping[str, Any]
"""What a client sent: the contract's object in a request, any mapping in a test."""


@dataclass(frozen=True)
class Action:
    """One operation of a resource.

    :param name: ``list``, ``create`` …: the method that answers it.
    :param method: HTTP method, lower case.
    :param below: its path below that of the resource: ``""``, ``"/{key}"``, ``"/stats"``.
    :param takes: the arguments of its method beside `caller`: ``key``, ``body``, ``if_match``, ``query``,
        ``field``, ``fields``.
    """

    name: str
    method: str
    below: str
    takes: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """What a client asks, understood: the plan for it, and all a cursor of its answer is bound to.

    :param extent: the rows it is asked of.
    :param where: which of them, as the client wrote it.
    """

    plan: Plan
    extent: Extent
    where: str | None
    bound_to: tuple[str, ...]


class Resource(Configuration):
    """What the actions of a resource stand on; see `ModelResource`."""

    def __init__(self, cursors: CursorSigner) -> None:
        check_declared(self)
        self.name = self.noun or self.model.__name__
        self.singular = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.name).lower()
        self.path = ""
        self.cursors = cursors
        with about(self, "totals"):
            totals = self.totals.check(self.model, self.scope) if self.totals else None
        self.store = Store(self.model, totals)
        self.keys = KeyPath(self.store.layout, self.scope.fixes)
        named = indexes_of(self.model)
        complete = [named[name] for name in self.complete_indexes]
        self.planner = Planner(self.store.layout, allow_scan=self.allow_scan, complete=complete)
        self.bodies = Bodies(self, self.store.layout)
        self.answers = Answers(self, self.store.codec, self.bodies)
        check_fields(self)
        fields = self.bodies.whole.fields
        self.where = WhereParser({name: fields[name] for name in self.queryable})
        self._scope_where = WhereParser(comparable(fields))
        with about(self, "permissions"):
            self._permissions = as_permissions(self.permissions)
            for permission in self._permissions:
                permission.check_model(self.model)
        self._object_permissions = tuple(one for one in self._permissions if one.needs_object)
        self._served = tuple(self._enabled())
        self.hooks = Hooks(self, [action.name for action in self._served])
        self._entries = {action.name: self._entry(action) for action in self._served}
        shown = {action: shown_schema(self, action) for action in SHOWING}
        self.conditional = Conditional(self.store, self.answers, shown, required=self.require_if_match)

    def _enabled(self) -> Iterable[Action]:
        actions = self.actions()
        known = {action.name for action in actions}
        check_actions(self, known)
        enabled = known.intersection(known if self.enabled is None else self.enabled).difference(
            self.disabled
        )
        return (action for action in actions if action.name in enabled)

    def _entry(self, action: Action) -> Callable[..., Any]:
        """Return what answers an action: its method or handler, in its wrappers."""
        entry = self.hooks.entry(action.name)
        try:
            inspect.signature(entry).bind(**dict.fromkeys((*action.takes, "caller")))
        except TypeError:
            raise TypeError(
                f"{type(self).__name__}.{action.name} must take {', '.join(action.takes)}, caller"
            ) from None
        return entry

    # Being served

    def actions(self) -> list[Action]:
        """Return what may be done; each action class adds its own."""
        return []

    def served(self) -> tuple[Action, ...]:
        """Return the actions that are enabled."""
        return self._served

    def contribution(self, path: str) -> Contribution:
        """Return the operations of this resource: the list at `path`, a row one step below it."""
        self.path = path
        paths: dict[str, JSON] = {}
        functions: dict[str, Callable[..., Any]] = {}
        for action in self.served():
            operation = operation_of(self, action)
            paths.setdefault(path + action.below, {})[action.method] = operation
            functions[operation["operationId"]] = self._answering(action)
        tag = {"name": self.tag or self.name, "description": f"What can be done with {self.singular}s."}
        return Contribution(paths, functions, component_schemas(self), [tag])

    def _answering(self, action: Action) -> Callable[..., Result]:
        def answer(caller: Caller | None, **values: Any) -> Result:
            return self.answer(action, caller, values)

        return answer

    def answer(self, action: Action, caller: Caller | None, values: Mapping[str, Any]) -> Result:
        """Answer one request.

        :param values: the parameters of the operation by name, and its `body`.
        """
        given: dict[str, Any] = dict(values)
        if "key" in action.takes:
            parts = [given.pop(name) for name in self.keys.parameters]
            given["key"] = parts[0] if len(parts) == 1 else tuple(parts)
        if "query" in action.takes:
            given["query"] = self.parameter_names.query(values)
        if "if_match" in action.takes and given.get("if_none_match") is not None:
            given["if_match"] = Conditions(given.get("if_match"), given["if_none_match"])
        arguments = {name: given.get(name) for name in action.takes}
        try:
            # First, and here: an override or a wrapper may never ask.
            admit(self._permissions, caller, action.name)
            outcome = self._entries[action.name](**arguments, caller=caller)
            return self._finished(action, outcome, given)
        except Problem as problem:
            answer_to = self.hooks.on_problem(problem)
            answered = problem if answer_to is None else answer_to(caller=caller, action=action.name)
            if answered is problem:
                raise
            if isinstance(answered, Problem):
                raise answered from problem
            return self.answers.result(action.name, answered)

    def _finished(self, action: Action, outcome: Any, given: Mapping[str, Any]) -> Result:
        result = self.answers.result(action.name, outcome)
        row = self.answers.row(outcome)
        # The conditions of a write hold while it is done: see `change`.
        made = self.conditional.read(action.name, row, result, given) if action.method == "get" else result
        if row is None:
            return made
        tag = self.conditional.tag(action.name, row, result)
        return replace(made, headers={**made.headers, "ETag": str(tag)})

    # The steps of an action, each to be overridden by itself

    def admit(self, action: str, caller: Caller | None) -> Extent:
        """Return the rows the caller may reach.

        :raises Unauthorized: if a permission refuses the action to nobody in particular.
        :raises Forbidden: if one refuses it to the caller.
        """
        admit(self._permissions, caller, action)
        extent = self.scope.extent(caller, self._scope_where)
        if set(extent.fixed) != set(self.scope.fixes):
            raise TypeError(f"{type(self.scope).__name__}.extent does not fix what `fixes` says")
        return extent

    def admit_row(self, action: str, caller: Caller | None, row: Row) -> None:
        """Have the permissions look at a row.

        :raises Unauthorized: if one refuses it to nobody in particular.
        :raises Forbidden: if one refuses it to the caller.
        """
        if self._object_permissions:
            admit_object(self._object_permissions, caller, action, row.model())

    def admit_result(self, action: str, caller: Caller | None, row: Row, changes: Mapping[str, Any]) -> None:
        """Have the permissions look at what a row they admitted will be, before it is written.

        :raises Unauthorized: if one refuses it to nobody in particular.
        :raises Forbidden: if one refuses it to the caller.
        """
        judges = [one for one in self._object_permissions if one.needs_result]
        if judges:
            stored = Row(self.store.codec, row.item)  # its object may be changed by hooks, this is not
            admit_result(judges, caller, action, stored.model(), self.store.changed(row, changes).model())

    def get_row(self, key: Mapping[str, Any], extent: Extent) -> Row:
        """Return one row; all actions on a row that read it do so by this.

        :param key: as DynamoDB takes it.
        :raises NotFound: if there is none in the extent.
        """
        return self.store.get(key, extent)

    def load(
        self,
        action: str,
        body: Body,
        caller: Caller | None,
        *,
        key: PathKey | None = None,
        row: Row | None = None,
    ) -> dict[str, Any]:
        """Return the attributes a client sent: validated, then through the parser and the hooks after it.

        :raises InvalidBody: with every fault.
        """
        sent = body.to_json() if isinstance(body, ApiObject) else body
        values = self.bodies.load(action, sent, row)
        hooks = self.hooks.after_parse(action)
        self.run(hooks, row, values=values, body=sent, key=key, caller=caller)
        return values

    def run(self, hooks: Iterable[Hook], row: Row | None = None, **given: Any) -> None:
        """Call hooks with what they ask for; `row` is the ``item``, made an object where one asks for it."""
        for hook in hooks:
            if "item" in hook.names:
                given["item"] = None if row is None else row.model()
            hook(**given)

    def ask(self, query: Query, extent: Extent, caller: Caller | None, *, in_order: bool = True) -> Question:
        """Return what `query` asks for within `extent`.

        :param in_order: whether the order matters.
        :raises InvalidParameters: for what is wrong with it.
        :raises QueryRefused: if it would cost too much.
        """
        where = self.where.parse(query.where, self.parameter_names.where) if query.where else TRUE
        sort_text = (query.sort_by or self.default_sort) if in_order else ""
        names = self.parameter_names
        sort = parse_sort(sort_text, self.sortable, parameter=names.sort_by) if sort_text else ()
        plan = self.planner.plan(all_of(extent.expression, where), sort)
        subject = caller.subject if caller else ""
        fixed, way = repr(dict(extent.fixed)), f"{plan.kind} {plan.access.index}"
        bound_to = (self.name, subject, fixed, query.where or "", sort_text, way)
        return Question(plan, extent, query.where, bound_to)

    def meta(self, action: str, told: JSON, query: Query) -> JSON:
        """Return what ``list``, ``group``, ``stats`` or ``sample`` tells of its answer; to be overridden.

        :param told: what is told anyway; what is returned is added to it, or takes its place.
        """
        return told

    def stamps(self, *names: str | None) -> JSON:
        """Return the present time under each name that is not None."""
        now = datetime.now(UTC)
        return {name: now for name in names if name}

    @property
    def below(self) -> str:
        """The path of a row below that of the resource."""
        return f"/{self.keys.template}"

    def change(
        self,
        action: str,
        key: PathKey,
        caller: Caller | None,
        if_match: IfMatch,
        write: Callable[..., Row],
    ) -> Row:
        """Do a write of one row on the conditions of the request.

        Where a permission, a hook or an If-None-Match has looked at the row, it is written only as it was
        seen then; if others write it meanwhile, all of it is done again.

        :param write: does it, given the key, the extent, the row if it was read, and what the store expects.
        """
        extent = self.admit(action, caller)
        stored_key = self.keys.read(key, extent.fixed)
        versions = self.conditional.versions(if_match)
        looks = self._looks_at_row(action) or conditions_of(if_match).if_none_match is not None
        # Hooks that look at nothing are still not for rows that are not there.
        reads = looks or self.hooks.before(action) or self.hooks.after_parse(action)
        waits = pauses()
        while True:
            row = self.get_row(stored_key, extent) if reads else None
            expected: dict[str, Any] = {"versions": versions}
            if row is not None:
                self.admit_row(action, caller, row)
                self.conditional.check(row, if_match, versions)
                if looks:
                    expected = {"seen": row}
            try:
                return write(stored_key, extent, row, **expected)
            except Outdated as refused:
                # Of this row: a hook may have written others.
                if versions is not None or not looks or refused.seen is not row:
                    raise
            wait(waits)

    def _looks_at_row(self, action: str) -> bool:
        return (
            self.hooks.needs_item(action)
            or bool(self._object_permissions)
            or self.bodies.needs_item(action)
            or type(self).get_row is not Resource.get_row
        )


class ModelResource(Resource):
    """Serve the rows of a PynamoDB model over HTTP.

    Take the actions you want from `List`, `Create`, `Retrieve`, `Update`, `Replace`, `Delete`, `Group`,
    `Stats` and `Sample`::

        class TodoResource(List, Create, Retrieve, Update, Delete, ModelResource):
            model = Todo
            scope = OwnedBy("owner")
            read_only = ("id", "created_at", "updated_at")

    and name the class in the contract: ``x-resource: services.todos.resources.TodoResource``. Each action is
    a method that takes plain arguments and returns rows, so a test needs no HTTP and a subclass may override
    it; what becomes of the rows is in `libs.resource.answers`.

    :param cursors: signs the cursors of lists.
    :raises TypeError: for whatever is wrong with the class.
    """
