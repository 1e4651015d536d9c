"""Attributes that are computed from another one at every write, to be indexed or asked for."""

from typing import Any

from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.models import Model

from libs.resource.query.like import like_prefix


class DerivedAttribute(UnicodeAttribute):
    """A text that follows from the value of another attribute of the model.

    Clients neither see nor send it. It is null where its source is, and so absent from indexes over it.

    :param source: the name of the attribute it is computed from.
    """

    def __init__(self, source: str, **options: Any) -> None:
        super().__init__(**{"null": True, **options})
        self.source = source

    def derive(self, value: Any) -> str | None:
        """Return the text for a value of the source that is not None."""
        raise NotImplementedError

    def check_source(self, source: Attribute[Any]) -> None:
        """:raises TypeError: if nothing can be derived from this attribute."""

    def prefixes(self, operator: str, operand: Any) -> tuple[str, ...] | None:
        """Return what the derived text begins with where the source matches, for an index sorted by it.

        :param operator: of the where language, not negated.
        :return: texts of which none is the beginning of another; None if nothing can be told.
        """
        return None

    def stretches(self, operator: str, operand: Any) -> tuple[tuple[str, str], ...] | None:
        """Return `prefixes` as stretches: from what begins with a first text to what begins with a last one.

        To be overridden where prefixes follow one another, so that they are read at once.
        """
        found = self.prefixes(operator, operand)
        return None if found is None else tuple((prefix, prefix) for prefix in found)

    def values(self, operator: str, operand: Any) -> tuple[str, ...] | None:
        """Return the derived texts of all values of the source that match, for an index hashed by it.

        :return: None if they cannot be listed.
        """
        return None


class LowercaseAttribute(DerivedAttribute):
    """Its source without the difference of upper and lower case (Unicode case folding)."""

    def derive(self, value: str) -> str:
        return value.casefold()

    def prefixes(self, operator: str, operand: Any) -> tuple[str, ...] | None:
        if operator in ("$like", "$ilike"):
            prefix = like_prefix(operand)
        elif operator in ("$eq", "$startswith"):
            prefix = operand
        else:
            return None
        return (prefix.casefold(),) if prefix else None

    def values(self, operator: str, operand: Any) -> tuple[str, ...] | None:
        operands = [operand] if operator == "$eq" else operand if operator == "$in" else None
        return None if operands is None else tuple(dict.fromkeys(one.casefold() for one in operands))


def derived_attributes(model: type[Model]) -> dict[str, DerivedAttribute]:
    """Return the derived attributes of `model` by name.

    :raises TypeError: if one is derived from what the model does not have.
    """
    attributes = model.get_attributes()
    found = {name: one for name, one in attributes.items() if isinstance(one, DerivedAttribute)}
    for name, one in found.items():
        if one.source not in attributes or one.source in found:
            raise TypeError(f"{model.__name__}.{name} is derived from {one.source!r}, which is no attribute")
        one.check_source(attributes[one.source])
    return found
