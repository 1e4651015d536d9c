"""Typed objects that persist themselves: the base of the classes a contract names by `x-persist`."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, ClassVar, Self, overload

from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from libs.api.objects.kinds import ObjectKind
from libs.api.objects.object import ApiObject
from libs.api.persistence import writing
from libs.api.persistence.declaration import taken_from
from libs.api.persistence.fields import Field
from libs.api.persistence.pages import LARGEST_PAGE, Page
from libs.api.persistence.storage import Storage
from libs.api.persistence.writing import Terms
from libs.dynamodb import CursorSigner, Item, Transaction
from libs.errors import NotFound, Problem

MOST_EXAMINED = LARGEST_PAGE + 1
"""Items that one query or scan reads at most, unless it says otherwise; one beyond a page tells its end."""


class Persistent(ApiObject):
    """An object that is stored in DynamoDB.

    ::

        class StoredProfile(Persistent):          # x-persist: services.profiles.models.StoredProfile
            table = "profiles"
            hash_key = "profile_id"

    The schema says the rest: what is stored, and as what. The class attributes, of which only the first two
    must be there, name properties:

    - ``table``: the table, without the prefix of the environment and the service;
    - ``hash_key``, ``range_key``: its key;
    - ``indexes``: ``{"by_email": Index("email")}``;
    - ``ttl``: when DynamoDB may delete it: a `date-time`, or an integer of seconds since 1970. Past that time
      it is not there any more for any method here;
    - ``version``: an integer that counts the writes; `save` and `replace` refuse to overwrite a newer one;
    - ``sets``: arrays of strings, or of numbers, that are stored as sets.

    Every method that reads or writes raises what `as_problem` makes a 503 of where DynamoDB does not answer,
    and writes raise `InvalidBody` or `BodyTooLarge` for what it cannot hold. A write inside of
    ``database.transaction()`` is given it as `transaction`; it then happens with the block's others, at its
    end.
    """

    __slots__ = ()

    _facts: ClassVar[Mapping[str, Any]] = {}
    _storage: ClassVar[Storage]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "_shape" in cls.__dict__:
            cls._storage = Storage(cls._shape, cls._facts)
        else:
            cls._facts = taken_from(cls, cls._facts)

    # Reading

    @classmethod
    def load(cls, *key: Any, consistent: bool = True) -> Self:
        """Return the object with this key: the hash key's value and, where there is one, the range key's.

        :param consistent: read what was written a moment ago; half the price if not.
        :raises NotFound: if there is none.
        """
        item = cls._storage.get(cls._storage.codec.key(key), consistent=consistent)
        if item is None:
            raise NotFound
        return cls._loaded(item)

    @classmethod
    def load_many(cls, keys: Iterable[Hashable]) -> dict[Any, Self]:
        """Return the objects that are there of those with these keys, however many, each by its key.

        :param keys: values of the hash key or, where there is a range key, pairs.
        """
        storage, found = cls._storage, {}
        for key in keys:
            try:
                found[key] = storage.codec.key(key if isinstance(key, tuple) else (key,))
            except NotFound:  # no object can have it
                continue
        items = storage.get_many(found.values())
        known = {key: items.get(storage.identity(raw)) for key, raw in found.items()}
        return {key: cls._loaded(item) for key, item in known.items() if item is not None}

    @classmethod
    def exists(cls, *key: Any) -> bool:
        """Return whether there is an object with this key."""
        try:
            return cls._storage.get(cls._storage.codec.key(key)) is not None
        except NotFound:
            return False

    @classmethod
    def query(
        cls,
        hash_value: Any,
        *,
        index: str | None = None,
        range_condition: Condition | None = None,
        filter_condition: Condition | None = None,
        descending: bool = False,
        limit: int = 100,
        most_examined: int = MOST_EXAMINED,
        after: Item | None = None,
        cursor: str | None = None,
        cursors: CursorSigner | None = None,
    ) -> Page[Self]:
        """Return a page of the objects with a value of the hash key, in the order of the range key.

        :param index: the index to ask; by default the table.
        :param range_condition: on the range key: ``Todo.field("due").between(monday, friday)``.
        :param filter_condition: leaves out objects after they were read and paid for.
        :param limit: the most objects on a page, up to 1000.
        :param most_examined: the most objects that are read for it, more than `limit`; a filter may so make a
            page short.
        :param after: `last_key` of the page before.
        :param cursor: `cursor` of the page before, as a client sends it.
        :param cursors: signs cursors, and checks that `cursor` was made by it for this very question.
        :raises InvalidParameters: if `cursor` was not.
        """
        page = cls._storage.query(
            hash_value,
            index,
            range_condition,
            filter_condition,
            descending=descending,
            limit=limit,
            most_examined=most_examined,
            after=after,
            cursor=cursor,
            cursors=cursors,
        )
        return cls._page(page)

    @classmethod
    def scan(
        cls,
        *,
        limit: int,
        filter_condition: Condition | None = None,
        most_examined: int = MOST_EXAMINED,
        after: Item | None = None,
        cursor: str | None = None,
        cursors: CursorSigner | None = None,
    ) -> Page[Self]:
        """Return a page of all objects, in no order; each page costs what it examines. See `query`."""
        page = cls._storage.scan(
            filter_condition,
            limit=limit,
            most_examined=most_examined,
            after=after,
            cursor=cursor,
            cursors=cursors,
        )
        return cls._page(page)

    @classmethod
    def field(cls, name: str, *steps: str | int) -> Field:
        """Return a property for a condition: ``Profile.field("address", "city") == "Bath"``.

        :param steps: names and indexes that lead to a place inside of it.
        """
        return cls._storage.field(name, *steps)

    # Writing

    def create(self, *, conflict: Problem | None = None, transaction: Transaction | None = None) -> None:
        """Store it, if there is none with its key.

        :param conflict: what is raised if there is; by default a `Conflict`, RESOURCE_EXISTS.
        :raises InvalidObject: if it breaks its schema as a whole.
        """
        self._written(
            1,
            transaction,
            lambda data: writing.create(self._storage, data, Terms(None, conflict, transaction)),
        )

    def save(
        self,
        *,
        condition: Condition | None = None,
        conflict: Problem | None = None,
        transaction: Transaction | None = None,
    ) -> None:
        """Store it, be there one with its key or not: all its properties, and those not set are removed.

        Where versions are counted, what is stored must be the version that was loaded (none, for a new one).

        :param condition: what the stored one has to be like.
        :param conflict: what is raised if it is not; by default a `Conflict`, CONDITION_FAILED, or
            CHANGED_MEANWHILE for another version.
        :raises InvalidObject: if it breaks its schema as a whole.
        """
        self._saved(Terms(condition, conflict, transaction), must_exist=False)

    def replace(
        self,
        *,
        condition: Condition | None = None,
        conflict: Problem | None = None,
        transaction: Transaction | None = None,
    ) -> None:
        """Store it in the place of the one with its key; see `save`.

        :raises NotFound: if there is none.
        """
        self._saved(Terms(condition, conflict, transaction), must_exist=True)

    @overload
    @classmethod
    def update(
        cls,
        key: Any,
        changes: Mapping[str, Any],
        *,
        condition: Condition | None = None,
        conflict: Problem | None = None,
        transaction: None = None,
    ) -> Self: ...
    @overload
    @classmethod
    def update(
        cls,
        key: Any,
        changes: Mapping[str, Any],
        *,
        condition: Condition | None = None,
        conflict: Problem | None = None,
        transaction: Transaction,
    ) -> None: ...
    @classmethod
    def update(
        cls,
        key: Any,
        changes: Mapping[str, Any],
        *,
        condition: Condition | None = None,
        conflict: Problem | None = None,
        transaction: Transaction | None = None,
    ) -> Self | None:
        """Change some properties of the stored object in one atomic step, and return it as it is then.

        :param key: the value of the hash key or, where there is a range key, the pair.
        :param changes: properties with their new values, or with `REMOVE`, `Increase`, `Append`, `Include`,
            `Exclude`. Each value is checked by itself; rules about several properties are not.
        :param condition: what the stored one has to be like.
        :param conflict: what is raised if it is not; by default a `Conflict`, CONDITION_FAILED.
        :return: None in a transaction. A number that was increased is what this very update made of it.
        :raises NotFound: if there is no object with this key.
        :raises ServiceUnavailable: if others increase it so often that this one never has its turn.
        :raises InvalidObject: if a value breaks the schema.
        """
        raw = cls._storage.codec.key(key if isinstance(key, tuple) else (key,))
        item = writing.update(cls._storage, raw, changes, Terms(condition, conflict, transaction))
        return None if item is None else cls._loaded(item)

    @classmethod
    def delete(
        cls,
        *key: Any,
        condition: Condition | None = None,
        conflict: Problem | None = None,
        transaction: Transaction | None = None,
    ) -> None:
        """Delete the object with this key.

        :param condition: what the stored one has to be like.
        :param conflict: what is raised if it is not; by default a `Conflict`, CONDITION_FAILED.
        :raises NotFound: if there is none; also where this very call has deleted it and the answer was lost.
        """
        writing.delete(cls._storage, cls._storage.codec.key(key), Terms(condition, conflict, transaction))

    def _saved(self, terms: Terms, *, must_exist: bool) -> None:
        name = self._storage.declaration.version
        known = self._data.get(name) if name else None

        def write(data: dict[str, Any]) -> None:
            writing.save(self._storage, data, terms, known=known, must_exist=must_exist)

        self._written((known or 0) + 1, terms.transaction, write)

    def _written(
        self, version: int, transaction: Transaction | None, write: Callable[[dict[str, Any]], None]
    ) -> None:
        """Write the data with its new version, which the object has once that is done."""
        name = self._storage.declaration.version
        counted = {name: version} if name else {}
        data = {**self._data, **counted}
        self._of(data).validate()
        write(data)
        if transaction is None:
            self._data.update(counted)
        else:
            transaction.after_commit(lambda: self._data.update(counted))

    @classmethod
    def _page(cls, page: Page[Item]) -> Page[Self]:
        return Page([cls._loaded(item) for item in page.items], page.last_key, page.signed, page.examined)

    @classmethod
    def _loaded(cls, item: Item) -> Self:
        data = cls._storage.codec.data(item)
        chosen = cls._union.chosen(data) if cls._union else None
        if isinstance(chosen, ObjectKind) and chosen.made is not cls and issubclass(chosen.made, Persistent):
            return chosen.made._loaded(item)  # type: ignore[return-value]  # a schema's branch, no subclass
        return cls._of(data)


Persistent.reserved_names = ApiObject.reserved_names | {
    name for name in vars(Persistent) if not name.startswith("_")
}


def table_models(classes: Iterable[type[ApiObject]]) -> list[type[Model]]:
    """Return the PynamoDB models that bind persistent classes to their tables, for a `Database`."""
    return [one._storage.model for one in classes if issubclass(one, Persistent)]
