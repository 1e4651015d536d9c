"""Conditional requests (RFC 9110 section 13): the tags of a resource's rows, and what is asked by them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from libs.api import Result
from libs.errors import PreconditionFailed
from libs.resource.answers import SHOWING, Answers
from libs.resource.etag import (
    IfMatch,
    Tag,
    conditions_of,
    is_known,
    shape_of,
    tag_of,
    versions_wanted,
)
from libs.resource.store.row import Row
from libs.resource.store.store import Store, Versions


class Conditional:
    """The conditions of the requests to one resource.

    :param schemas: the JSON schema of what each action in `SHOWING` shows of a row.
    :param required: whether a write must say by If-Match what it is about.
    """

    def __init__(
        self, store: Store, answers: Answers, schemas: Mapping[str, Mapping[str, Any]], *, required: bool
    ) -> None:
        self._store = store
        self._answers = answers
        self._required = required
        self._shapes = {action: shape_of(schemas[action]) for action in SHOWING}

    def tag(self, action: str, row: Row, result: Result) -> Tag:
        """Return the tag of a row that `action` answers by `result`."""
        # What is computed when it is shown may be another one of the same version.
        computed = result.body if self._answers.computes(action) else None
        shape = self._shapes.get(action, self._shapes["retrieve"])
        return tag_of(self._store, row, shape, computed)

    def read(self, action: str, row: Row | None, result: Result, headers: Mapping[str, Any]) -> Result:
        """Return the answer to a GET on its conditions, in the order of RFC 9110 section 13.2.2.

        :param row: None where what is answered is no row: it has no tag, and no If-Match is held against it.
        :param headers: `if_match` and `if_none_match`, where they were sent.
        :raises PreconditionFailed: if it is not what If-Match says.
        """
        versions = self._versions(headers.get("if_match"))
        if row is not None and versions is not None and self._store.version_of(row) not in versions:
            raise PreconditionFailed("It is not what If-Match says.")
        if row is not None and is_known(self.tag(action, row, result), headers.get("if_none_match")):
            return replace(result, status=304, body=None)
        return result

    def versions(self, if_match: IfMatch) -> Versions:
        """Return the versions a row may have to be written; None for any.

        :raises PreconditionRequired: if If-Match is required, and there is none.
        :raises InvalidParameters: if one of the headers is no list of entity tags.
        """
        return self._versions(conditions_of(if_match).if_match, required=self._required)

    def check(self, row: Row, if_match: IfMatch, versions: Versions) -> None:
        """Check that a row is to be written as far as If-Match and If-None-Match say so, in this order.

        :param versions: what `versions` returned for `if_match`.
        :raises PreconditionFailed: if not.
        """
        if versions is not None and self._store.version_of(row) not in versions:
            raise PreconditionFailed("It was changed in the meantime.")
        unwanted = conditions_of(if_match).if_none_match
        # As any action shows it: a client may have its tag from each.
        tags = (self.tag(action, row, self._answers.result(action, row)) for action in SHOWING)
        if unwanted is not None and any(is_known(tag, unwanted) for tag in tags):
            raise PreconditionFailed("It is what If-None-Match says.")

    def _versions(self, if_match: str | None, *, required: bool = False) -> Versions:
        return versions_wanted(if_match, required=required, versioned=self._store.version is not None)
