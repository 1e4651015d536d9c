"""What a row has that lacks an attribute: the rule for `default=`, wherever a row is looked at."""

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
