"""A page of rows as an answer: with its cursors, its links, and what it cost."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from libs.dynamodb.cursor import LONGEST_CURSOR
from libs.errors import Fault, InvalidParameters, QueryRefused
from libs.jwt import Caller
from libs.resource.answers import Listing
from libs.resource.explain import explain
from libs.resource.query.parameters import Query
from libs.resource.query.plan import Plan
from libs.resource.scope import Extent
from libs.resource.store.pages import Page, Turn, read_page
from libs.resource.store.totals import CAPACITY_OF_ONE

if TYPE_CHECKING:
    from libs.resource.resource import Question, Resource


def list_rows(resource: "Resource", query: Query, extent: Extent, caller: Caller | None) -> Listing:
    """Return the page that `query` asks for, of the rows in `extent`."""
    question = resource.ask(query, extent, caller)
    turn = _turn(resource, query, question)
    store = resource.store
    read = partial(store.read, parameter=resource.parameter_names.cursor)
    page = read_page(read, store.codec, question.plan, turn, most_examined=resource.most_examined)
    cursors = _cursors(resource, question, page)
    told: dict[str, Any] = {
        **cursors,
        "has_more": page.next is not None,
        "examined": page.examined,
        "truncated": page.truncated,
    }
    count, capacity = query.count or resource.default_count, page.capacity
    if count != "none":
        counted, examined, units = _count(resource, question.plan, refuse=count == "exact")
        told |= {**counted, "examined": page.examined + examined}
        capacity += units
    if query.explain and resource.explainable:
        told["explain"] = explain(
            resource, question, examined=told["examined"], returned=len(page.rows), capacity=capacity
        )
    meta = {**told, **resource.meta("list", told, query)}
    return Listing(page.rows, meta, _links(resource, query, cursors))


def _count(resource: "Resource", plan: Plan, *, refuse: bool) -> tuple[dict[str, Any], int, float]:
    """Return how many rows there are in all and whether that is all; what was examined, and the read units.

    :param refuse: raise QueryRefused where that cannot be told exactly.
    """
    most, totals = resource.most_examined, resource.store.totals
    fixed = None if totals is None else totals.fixed_by(plan.wanted)
    if totals is not None and fixed is not None:
        return {"total": totals.count(fixed), "total_exact": True}, 1, CAPACITY_OF_ONE
    reading = resource.store.read(replace(plan, sort=()), most_examined=most, chunk=most)
    total = sum(1 for _ in reading)
    if refuse and reading.truncated:
        raise QueryRefused(f"More than {most} rows would have to be read to count them.")
    told = {"total": total, "total_exact": not reading.truncated}
    return told, reading.examined, reading.capacity


def _turn(resource: "Resource", query: Query, question: "Question") -> Turn:
    names = resource.parameter_names
    if query.page is not None or query.page_size is not None:
        page = query.page or 1
        if query.cursor is not None or query.limit is not None:
            sent = names.page if query.page is not None else names.page_size
            told = f"does not go with {names.cursor} and {names.limit}"
            raise InvalidParameters(errors=[Fault(told, parameter=sent)])
        size = query.page_size or resource.default_limit
        if page * size > resource.most_examined:
            deepest = resource.most_examined // size
            fault = Fault(
                f"is too deep: {deepest} is the last; go on by {names.cursor}", parameter=names.page
            )
            raise InvalidParameters(errors=[fault])
        return Turn(size, skip=(page - 1) * size)
    limit = query.limit or resource.default_limit
    if query.cursor is None:
        return Turn(limit)
    position, backwards = resource.cursors.read(question.bound_to, query.cursor, parameter=names.cursor)
    return Turn(limit, position, backwards)


def _cursors(resource: "Resource", question: "Question", page: Page) -> dict[str, str | None]:
    sign, to = resource.cursors.sign, question.bound_to
    made = {
        "next": None if page.next is None else sign(to, page.next),
        "prev": None if page.prev is None else sign(to, page.prev, backwards=True),
    }
    if any(len(cursor) > LONGEST_CURSOR for cursor in made.values() if cursor is not None):
        raise QueryRefused("The key of a row here is too long to go on from: sort by another field.")
    return made


def _links(resource: "Resource", query: Query, cursors: dict[str, str | None]) -> dict[str, str]:
    names = vars(resource.parameter_names)
    size = query.page_size or query.limit
    kept = replace(query, page=None, page_size=None, limit=size)
    sent = {
        names[field]: "true" if value is True else value
        for field, value in vars(kept).items()
        if value is not None
    }
    if not kept.explain:  # need not be said
        del sent[names["explain"]]
    return {
        relation: f"{resource.path}?{urlencode({**sent, names['cursor']: cursor}, quote_via=quote)}"
        for relation, cursor in cursors.items()
        if cursor is not None
    }
