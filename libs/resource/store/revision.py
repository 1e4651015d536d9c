"""What one update makes of a row: its values, what is derived of them, and the next version."""

from collections.abc import Collection, Mapping
from typing import Any

from pynamodb.attributes import VersionAttribute
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from libs.dynamodb import Item
from libs.resource.query.derived import derived_attributes
from libs.resource.store.row import Codec, Row


class Revisions:
    """Makes the revisions of the rows of one model."""

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self.derived = derived_attributes(codec.model)
        kept = (name for name, one in codec.attributes.items() if isinstance(one, VersionAttribute))
        self.version = next(kept, None)

    def version_of(self, row: Row) -> int | None:
        """Return the version of a row; None if its model has none."""
        return row(self.version) if self.version else None

    def of(self, changes: Mapping[str, Any]) -> "Revision":
        """Return the revision that sets attributes to these values, None removing one.

        :raises TypeError: for None where the attribute may not be null.
        """
        whole = dict(changes)
        for name, one in self.derived.items():
            if one.source in changes:
                value = changes[one.source]
                whole[name] = None if value is None else one.derive(value)
        for name, value in whole.items():
            if value is None and not self.codec.attributes[name].null:
                raise TypeError(f"{name} may not be null")
        return Revision(self, {name: self._raw(name, value) for name, value in whole.items()}, whole)

    def _raw(self, name: str, value: Any) -> Mapping[str, Any] | None:
        if value is None:
            return None
        raw = self.codec.raw(name, value)
        return None if None in raw.values() else raw


class Revision:
    """One update.

    :param raws: what attributes become, as DynamoDB takes it; None for null and an empty set, which are not
        stored.
    """

    def __init__(
        self, about: Revisions, raws: Mapping[str, Mapping[str, Any] | None], values: Mapping[str, Any]
    ) -> None:
        self._about = about
        self._raws = raws
        self.values = {name: value if raws[name] else None for name, value in values.items()}

    def item(self) -> Item:
        """Return what it stores, by the names it is stored under."""
        return {self._about.codec.stored_name(name): raw for name, raw in self._raws.items() if raw}

    def actions(self) -> list[Action]:
        """Return the actions of an UpdateItem."""
        codec, version = self._about.codec, self._about.version
        # Of raw values: PynamoDB takes a client's {"S": "x"} for one, whatever attribute it is for.
        paths = {name: Path([codec.stored_name(name)]) for name in self._raws}
        actions: list[Action] = [
            paths[name].remove() if raw is None else paths[name].set(dict(raw))
            for name, raw in self._raws.items()
        ]
        if version:
            actions.append(Path([codec.stored_name(version)]).add({"N": "1"}))
        return actions

    def made_of(self, row: Row) -> Row:
        """Return what it makes of `row`."""
        codec, version = self._about.codec, self._about.version
        removed = {codec.stored_name(name) for name in self._raws}
        item = {name: raw for name, raw in row.item.items() if name not in removed}
        item |= self.item()
        if version:
            item[codec.stored_name(version)] = {"N": str((self._about.version_of(row) or 0) + 1)}
        return Row(codec, item)

    def read(self, names: Collection[str]) -> dict[str, Any]:
        """Return those of `names` it writes as they are read then: a default for what it removes."""
        made = Row(self._about.codec, self.item())
        return {name: made(name) for name in names if name in self._raws}
