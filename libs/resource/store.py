"""Reading and writing the rows of one partition."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from pynamodb.exceptions import DeleteError, DoesNotExist, PutError, UpdateError
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from libs.dynamodb import is_condition_failure
from libs.errors import Conflict, NotFound
from libs.resource.where import Expression

M = TypeVar("M", bound=Model)

CHUNK = 250
"""Rows that are read at once where some are filtered out."""


class Store(Generic[M]):
    """The rows of `model` with one hash key, addressed by their range key.

    :param model: a model with a hash key and a range key.
    """

    def __init__(self, model: type[M]) -> None:
        self._model = model
        attributes = model.get_attributes()
        self._hash_name = next(name for name, one in attributes.items() if one.is_hash_key)
        self.key_name = next(name for name, one in attributes.items() if one.is_range_key)
        self._hash = attributes[self._hash_name]
        self._range = attributes[self.key_name]

    def new(self, partition: str, attributes: Mapping[str, Any]) -> M:
        """Return a row that is not stored yet."""
        return self._model(**{**attributes, self._hash_name: partition})

    def key_of(self, item: M) -> str:
        """Return the range key of a row."""
        return str(getattr(item, self.key_name))

    def create(self, item: M) -> None:
        """Write a new row.

        :raises Conflict: if there is one with its key. A row equal to `item` is no conflict: it is our own
            write, sent again after its answer was lost.
        """
        try:
            item.save(condition=self._hash.does_not_exist())
        except PutError as error:
            if not is_condition_failure(error):
                raise
            stored = self.get(getattr(item, self._hash_name), self.key_of(item))
            if _values(stored) != _values(item):
                raise Conflict("It exists already.", code="RESOURCE_EXISTS") from None

    def get(self, partition: str, key: str) -> M:
        """:raises NotFound: if there is no such row."""
        try:
            return self._model.get(partition, key, consistent_read=True)
        except DoesNotExist:
            raise NotFound from None

    def update(self, partition: str, key: str, changes: Mapping[str, Any]) -> M:
        """Change the given attributes only, None removing one, and return the row as it is then.

        :raises NotFound: if there is no such row.
        """
        attributes = self._model.get_attributes()
        actions: Sequence[Action] = [
            attributes[name].remove() if value is None else attributes[name].set(value)
            for name, value in changes.items()
        ]
        item = self._model(partition, key)
        try:
            item.update(actions=list(actions), condition=self._hash.exists())
        except UpdateError as error:
            raise _not_found_or(error) from None
        return item

    def delete(self, partition: str, key: str) -> None:
        """:raises NotFound: if there is no such row."""
        try:
            self._model(partition, key).delete(condition=self._hash.exists())
        except DeleteError as error:
            raise _not_found_or(error) from None

    def page(
        self,
        partition: str,
        *,
        limit: int,
        after: str | None,
        wanted: Expression | None = None,
        most_examined: int = 1000,
    ) -> tuple[list[M], str | None]:
        """Return a page of rows in the order of their range keys, and the key the next one starts after.

        That key is None on the last page, which is known because one row more than asked for is looked at.
        A page has `limit` rows but for the last, and but for one that took `most_examined` rows to look for.

        :param after: the range key that the page before ended with.
        :param wanted: which rows; None for all.
        """
        rows: list[M] = []
        examined, chunk = 0, limit + 1 if wanted is None else max(limit + 1, CHUNK)
        while True:
            found = list(
                self._model.query(
                    partition,
                    range_key_condition=None if after is None else self._range > after,
                    limit=chunk,
                    consistent_read=True,
                )
            )
            for row in found:
                if wanted is None or wanted.matches(partial(getattr, row)):
                    if len(rows) == limit:
                        return rows, self.key_of(rows[-1])
                    rows.append(row)
            if len(found) < chunk:
                return rows, None
            examined, after = examined + len(found), self.key_of(found[-1])
            if examined >= most_examined:
                return rows, after


def _values(item: Model) -> dict[str, Any]:
    # Not what is on the wire: there 5.0 comes back as 5.
    return {name: value for name, value in item.attribute_values.items() if value is not None}


def _not_found_or(error: UpdateError | DeleteError) -> Exception:
    return NotFound() if is_condition_failure(error) else error
