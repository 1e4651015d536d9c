"""The actions a resource can be put together from.

Each takes plain arguments and returns rows. Its hooks run inside of it, so an override that calls ``super()``
keeps them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from random import SystemRandom
from typing import Any

from libs.api import Result, held_key
from libs.errors import Fault, InvalidParameters, NotFound
from libs.jwt import Caller
from libs.resource.answers import Listing
from libs.resource.etag import IfMatch
from libs.resource.explain import explain
from libs.resource.keys import PathKey
from libs.resource.listing import list_rows
from libs.resource.query.parameters import Query
from libs.resource.resource import Action, Body, Question, Resource
from libs.resource.schema.json_schema import JSON
from libs.resource.scope import Extent
from libs.resource.storable import UnfitValues, json_value
from libs.resource.store.aggregate import Groups, Statistics, group, sample, stats
from libs.resource.store.aggregate import Sample as Drawn
from libs.resource.store.row import Row


class List(Resource):
    """``GET /todos``: the rows one may see, page by page."""

    def actions(self) -> list[Action]:
        return [*super().actions(), Action("list", "get", "", ("query",))]

    def list(self, query: Query, caller: Caller | None) -> Listing:
        """Return a page of rows.

        :raises InvalidParameters: for what is wrong with the query, a cursor of another list included.
        :raises QueryRefused: if it would cost too much.
        """
        extent = self.admit("list", caller)
        self.run(self.hooks.before("list"), query=query, caller=caller)
        listing = list_rows(self, query, extent, caller)
        self.run(self.hooks.after("list"), query=query, caller=caller, items=listing.rows, result=listing)
        return listing


class Create(Resource):
    """``POST /todos``"""

    def actions(self) -> list[Action]:
        return [*super().actions(), Action("create", "post", "", ("body",))]

    def create(self, body: Body, caller: Caller | None) -> Result:
        """Store a new row.

        Where the request has an Idempotency-Key, and an attempt before this one has stored the row and was
        killed, it is that row, as it is now. The body was admitted then, and hooks that look whether there is
        such a row would find it: only those after the creation run again, and `values` are the row's.

        :raises InvalidBody: with every fault.
        :raises Conflict: RESOURCE_EXISTS.
        """
        extent, held = self.admit("create", caller), held_key()
        made = None if held is None else held.made_before(self.path)
        if made is None:
            values = self.load("create", body, caller)
            self.run(self.hooks.before("create"), values=values, body=body, caller=caller)
            self.bodies.check_nulls("create", values)
            row = self.store.new({**values, **extent.fixed, **self.stamps(self.created, self.updated)})
        else:
            row = self.store.get(made, extent)
            values = {name: row(name) for name in self.store.codec.attributes if row(name) is not None}
        with self.bodies.located("create"):
            below = self._below(row)
            self.admit_row("create", caller, row)
            if made is None:
                row = self.store.create(row, extent, held, self.path)
        result = Result(row, status=201, headers={"Location": f"{self.path}/{below}"})
        self.run(self.hooks.after("create"), row, values=values, body=body, caller=caller, result=result)
        return result

    def _below(self, row: Row) -> str:
        """Return the path of a new row below that of the resource.

        :raises UnfitValues: if something else has that address.
        """
        below = self.keys.path(row)
        taken = {action.below[1:].partition("/")[0] for action in self.served()} - {""}
        if below.partition("/")[0] in taken:
            raise UnfitValues({self.keys.names[0]: "is taken by another address of this API"})
        return below


class Retrieve(Resource):
    """``GET /todos/{key}``"""

    def actions(self) -> list[Action]:
        return [*super().actions(), Action("retrieve", "get", self.below, ("key",))]

    def retrieve(self, key: PathKey, caller: Caller | None) -> Row:
        """Return one row.

        :raises NotFound: if there is none the caller may reach.
        """
        extent = self.admit("retrieve", caller)
        self.run(self.hooks.before("retrieve"), key=key, caller=caller)
        row = self.get_row(self.keys.read(key, extent.fixed), extent)
        self.admit_row("retrieve", caller, row)
        self.run(self.hooks.after("retrieve"), row, key=key, caller=caller, result=row)
        return row


class _Change(Resource):
    def _change(self, action: str, key: PathKey, body: Body, caller: Caller | None, if_match: IfMatch) -> Row:
        def write(stored: Mapping[str, Any], extent: Extent, row: Row | None, **expected: Any) -> Row:
            values = self.load(action, body, caller, key=key, row=row)
            about: dict[str, Any] = {"values": values, "body": body, "key": key, "caller": caller}
            self.run(self.hooks.before(action), row, **about)
            self.bodies.check_nulls(action, values)
            changes = {**values, **self.stamps(self.updated)}
            if row is not None:
                self.admit_result(action, caller, row, changes)
            with self.bodies.located(action):
                changed = self.store.update(stored, changes, extent, **expected)
            self.run(self.hooks.after(action), changed, **about, changes=changes, result=changed)
            return changed

        return self.change(action, key, caller, if_match, write)


class Update(_Change):
    """``PATCH /todos/{key}``: the fields that are sent."""

    def actions(self) -> list[Action]:
        return [*super().actions(), Action("update", "patch", self.below, ("key", "body", "if_match"))]

    def update(self, key: PathKey, body: Body, caller: Caller | None, if_match: IfMatch = None) -> Row:
        """Change the attributes sent, and no others.

        :raises NotFound: if there is no such row the caller may reach.
        :raises PreconditionFailed: if it is not as the request says.
        """
        return self._change("update", key, body, caller, if_match)


class Replace(_Change):
    """``PUT /todos/{key}``: all that may be sent; what is not sent gets its default, or is removed."""

    def actions(self) -> list[Action]:
        return [*super().actions(), Action("replace", "put", self.below, ("key", "body", "if_match"))]

    def replace(self, key: PathKey, body: Body, caller: Caller | None, if_match: IfMatch = None) -> Row:
        """Put what is sent in the place of what is there; read-only attributes stay.

        :raises NotFound: if there is no such row the caller may reach: a PUT does not create.
        :raises PreconditionFailed: if it is not as the request says.
        """
        return self._change("replace", key, body, caller, if_match)


class Delete(Resource):
    """``DELETE /todos/{key}``"""

    def actions(self) -> list[Action]:
        return [*super().actions(), Action("delete", "delete", self.below, ("key", "if_match"))]

    def delete(self, key: PathKey, caller: Caller | None, if_match: IfMatch = None) -> Result:
        """Delete one row.

        :raises NotFound: if there is none the caller may reach.
        :raises PreconditionFailed: if it is not as the request says.
        """

        def write(stored: Mapping[str, Any], extent: Extent, row: Row | None, **expected: Any) -> Row:
            self.run(self.hooks.before("delete"), row, key=key, caller=caller)
            removed = self.store.delete(stored, extent, **expected)
            self.run(self.hooks.after("delete"), removed, key=key, caller=caller, result=None)
            return removed

        self.change("delete", key, caller, if_match, write)
        return Result(status=204)


class _Computed(Resource):
    def _asked(self, action: str, query: Query, caller: Caller | None, **more: Any) -> Question:
        extent = self.admit(action, caller)
        self.run(self.hooks.before(action), query=query, caller=caller, **more)
        return self.ask(replace(query, sort_by=None), extent, caller, in_order=False)

    def _told(
        self, action: str, asked: Question, query: Query, found: Groups | Statistics | Drawn, returned: int
    ) -> JSON:
        told: JSON = {"exact": found.exact, "examined": found.examined}
        if query.explain and self.explainable:
            told["explain"] = explain(
                self,
                asked,
                examined=found.examined,
                returned=returned,
                capacity=found.capacity,
                by_totals=found.by_totals,
            )
        return {**told, **self.meta(action, told, query)}

    def _ended(self, action: str, query: Query, caller: Caller | None, result: Any, **more: Any) -> None:
        self.run(self.hooks.after(action), query=query, caller=caller, result=result, **more)


class Group(_Computed):
    """``GET /todos/group/{field}``: how many rows have each value of a field."""

    def actions(self) -> list[Action]:
        return [*super().actions(), Action("group", "get", "/group/{field}", ("field", "query"))]

    def group(self, field: str, query: Query, caller: Caller | None) -> Listing:
        """Return ``{"value": …, "count": …}`` for each value, null being one; of a list each member is one.

        :param query: `where`, and `sort_by`: ``count`` or ``-count``, else by value.
        :raises NotFound: for a field that is not groupable; in a request the contract refuses it (400).
        """
        if field not in self.groupable:
            raise NotFound
        asked = self._asked("group", query, caller, field=field)
        groups = group(
            self.store, asked.plan, field, most_examined=self.most_examined, order=query.sort_by or "value"
        )
        rows = [{"value": json_value(value), "count": count} for value, count in groups.values]
        listing = Listing(rows, self._told("group", asked, query, groups, len(rows)))
        self._ended("group", query, caller, listing, items=rows, field=field)
        return listing


class Stats(_Computed):
    """``GET /todos/stats?fields=estimate``"""

    def actions(self) -> list[Action]:
        return [*super().actions(), Action("stats", "get", "/stats", ("fields", "query"))]

    def stats(self, fields: Sequence[str], query: Query, caller: Caller | None) -> JSON:
        """Return least, greatest, sum, average and number of the values of fields; of times no sum.

        :param query: `where`.
        :raises InvalidParameters: for a field that is not measurable.
        """
        unknown = [name for name in fields if name not in self.measurable]
        if unknown:
            told = f"{', '.join(unknown)} cannot be measured; {', '.join(self.measurable)} can"
            raise InvalidParameters(errors=[Fault(told, parameter="fields")])
        asked = self._asked("stats", query, caller, fields=fields)
        found = stats(self.store, asked.plan, fields, most_examined=self.most_examined, planner=self.planner)
        numbers = {
            name: {what: json_value(one) for what, one in asdict(of).items()}
            for name, of in found.fields.items()
        }
        body: JSON = {"stats": numbers}
        if self.meta_envelope is not None:
            body[self.meta_envelope] = self._told("stats", asked, query, found, len(found.fields))
        self._ended("stats", query, caller, body, fields=fields)
        return body


class Sample(_Computed):
    """``GET /todos/sample``: some rows by chance."""

    def actions(self) -> list[Action]:
        return [*super().actions(), Action("sample", "get", "/sample", ("query",))]

    def sample(self, query: Query, caller: Caller | None) -> Listing:
        """Return `limit` rows, each as likely as the next among those that were looked at.

        :param query: `where` and `limit`.
        """
        asked = self._asked("sample", query, caller)
        size = query.limit or self.default_limit
        found = sample(self.store, asked.plan, size, random=SystemRandom(), most_examined=self.most_examined)
        listing = Listing(found.rows, self._told("sample", asked, query, found, len(found.rows)))
        self._ended("sample", query, caller, listing, items=found.rows)
        return listing
