"""What a row has that lacks an attribute: the rule for `default=`, wherever a row is looked at."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pynamodb.attributes import Attribute, AttributeContainer, ListAttribute

_EMPTY = (list, dict, set)


def default_of(attribute: Attribute[Any]) -> Any:
    """Return the value of an attribute in a row that lacks it, or has null there; None if it has none.

    It is the attribute's ``default=``, as it would be read had it been stored: shown, found, sorted and
    counted by. What is another one each time is none: that of a function, and a time to live from now on;
    both, and ``default_for_new=``, are for what is written. An empty list, map or set is made anew.
    """
    default = attribute.default
    if default in _EMPTY or (isinstance(default, type) and issubclass(default, AttributeContainer)):
        return default()
    if default is None or callable(default) or isinstance(default, timedelta):
        return None
    if isinstance(attribute, ListAttribute | AttributeContainer):
        return default
    raw = attribute.serialize(default)
    return default if raw is None else attribute.deserialize(raw)


def with_defaults(value: Any, raw: Mapping[str, Any]) -> Any:
    """Return what PynamoDB read, an object or a list of such, with the defaults of `default_of` alone.

    PynamoDB gives what is missing its ``default=`` though it is a function, and not as it would be read.

    :param value: changed in place, with the maps in it.
    :param raw: the attribute value it was read from; of a model object ``{"M": item}``.
    """
    if isinstance(value, list):
        for one, part in zip(value, raw.get("L", ()), strict=False):
            with_defaults(one, part)
    elif isinstance(value, AttributeContainer) and "M" in raw:
        for name, attribute in value.get_attributes().items():
            member = raw["M"].get(attribute.attr_name)
            if member and "NULL" not in member:
                with_defaults(value.attribute_values[name], member)
            elif (default := default_of(attribute)) is not None:
                setattr(value, name, default)
            else:
                value.attribute_values.pop(name, None)
    return value
