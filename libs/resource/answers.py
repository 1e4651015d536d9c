"""From what an action returns to what a client is sent: the representation comes last."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pynamodb.models import Model

from libs.api import Result
from libs.resource.configuration import about
from libs.resource.schema.representation import Representation
from libs.resource.schema.serializer import CompiledSerializer, compile_serializer
from libs.resource.store.row import Codec, Row

if TYPE_CHECKING:
    from libs.resource.bodies import Bodies
    from libs.resource.configuration import Configuration

SHOWING = ("list", "create", "retrieve", "update", "replace", "sample")
"""The actions that answer rows."""


@dataclass
class Listing:
    """Some rows, and what is told about them.

    :param rows: rows, objects of the model, or anything that is JSON.
    :param meta: members of the meta envelope; an override may add to it.
    :param links: the addresses of other pages by their relation (RFC 8288): ``next``, ``prev``.
    """

    rows: Sequence[Any]
    meta: dict[str, Any] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


class Answers:
    """What the actions of one resource may return, and what becomes of it.

    A `Row` or an object of the model becomes its representation, a `Listing` or any other collection of them
    a list in its envelope; a `Result` carries status and headers and may hold any of these; a tuple is a
    value, a status, headers and the cursor of the next page, as many of them as there are; anything else is
    JSON.
    """

    def __init__(self, resource: "Configuration", codec: Codec, bodies: "Bodies") -> None:
        self._codec = codec
        self._list = resource.list_envelope
        self._meta = resource.meta_envelope
        self._single = resource.single_envelope
        self.serializers: dict[str, CompiledSerializer] = {}
        for action in SHOWING:
            kind = resource.serializers.get(action, resource.serializer)
            if kind is not None:
                with about(resource, "serializers" if action in resource.serializers else "serializer"):
                    self.serializers[action] = compile_serializer(kind, bodies.whole, bodies.readable)
        whole = Representation(resource.model, bodies.whole)
        plain = CompiledSerializer(bodies.readable, {})
        self._shown = {action: whole.only(self.serializers.get(action, plain).names) for action in SHOWING}

    def represent(self, row: Row | Model, action: str = "retrieve") -> dict[str, Any]:
        """Return what a client sees of a row."""
        if isinstance(row, Model):
            row = Row.of(self._codec, row)
        action = action if action in self._shown else "retrieve"
        shown = self._shown[action].dump(row.item)
        serializer = self.serializers.get(action)
        return serializer.extend(shown, row.model()) if serializer and serializer.needs_item else shown

    def computes(self, action: str) -> bool:
        """Tell whether an action shows keys that are computed and not stored."""
        return action in self.serializers and self.serializers[action].needs_item

    def result(self, action: str, outcome: Any) -> Result:
        """Return the answer that `outcome` stands for."""
        if isinstance(outcome, Result):
            inner = self.result(action, outcome.body)
            headers = {**inner.headers, **outcome.headers}
            return replace(outcome, body=inner.body, status=outcome.status or inner.status, headers=headers)
        if isinstance(outcome, tuple):
            return self._unpacked(action, *outcome)
        if isinstance(outcome, Row | Model):
            shown = self.represent(outcome, action)
            return Result(shown if self._single is None else {self._single: shown})
        if isinstance(outcome, Listing):
            return self._listed(action, outcome)
        if isinstance(outcome, Iterable) and not isinstance(outcome, str | bytes | Mapping):
            return self._listed(action, Listing(list(outcome)))
        return Result(outcome)

    def row(self, outcome: Any) -> Row | None:
        """Return the row that an action answers; None if it answers something else."""
        if isinstance(outcome, Result):
            return self.row(outcome.body)
        if isinstance(outcome, tuple):
            return self.row(outcome[0]) if outcome else None
        if isinstance(outcome, Model):
            return Row.of(self._codec, outcome)
        return outcome if isinstance(outcome, Row) else None

    def _unpacked(
        self,
        action: str,
        value: Any,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        following: str | None = None,
    ) -> Result:
        if following is not None:
            value = value if isinstance(value, Listing) else Listing(list(value))
            value = replace(value, meta={**value.meta, "next": following, "has_more": True})
        made = self.result(action, value)
        return replace(made, status=status, headers={**made.headers, **(headers or {})})

    def _listed(self, action: str, listing: Listing) -> Result:
        rows = [self.represent(one, action) if isinstance(one, Row | Model) else one for one in listing.rows]
        body: dict[str, Any] = {self._list: rows}
        if self._meta is not None:
            body[self._meta] = {**_plain_meta(action, listing), **listing.meta}
        links = ", ".join(f'<{target}>; rel="{relation}"' for relation, target in listing.links.items())
        return Result(body, headers={"Link": links} if links else {})


def _plain_meta(action: str, listing: Listing) -> dict[str, Any]:
    """Return what is told about rows that came without a word: an override's list of objects, say."""
    if action != "list":
        return {"exact": False, "examined": len(listing.rows)}
    return {
        "next": None,
        "prev": None,
        "has_more": listing.meta.get("next") is not None,
        "examined": len(listing.rows),
        "truncated": False,
    }
