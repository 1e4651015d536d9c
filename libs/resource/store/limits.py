"""What DynamoDB refuses as the key of a table or an index, told before it is sent."""

from pynamodb.models import Model

from libs.dynamodb import Item
from libs.errors import Fault, InvalidBody
from libs.resource.query.derived import DerivedAttribute
from libs.resource.query.plan import LONGEST_HASH_KEY, LONGEST_RANGE_KEY


class KeyLimits:
    """The attributes of `model` that are keys, of its table or of any index, and how long they may be."""

    def __init__(self, model: type[Model]) -> None:
        self._longest: dict[str, int] = {}
        self._fields: dict[str, str] = {}
        keys = list(model.get_attributes().values())
        for index in model._indexes.values():
            keys += index.Meta.attributes.values()
        for one in keys:
            if one.is_hash_key or one.is_range_key:
                longest = LONGEST_HASH_KEY if one.is_hash_key else LONGEST_RANGE_KEY
                name = one.attr_name
                self._longest[name] = min(longest, self._longest.get(name, longest))
        for name, attribute in model.get_attributes().items():
            source = attribute.source if isinstance(attribute, DerivedAttribute) else name
            self._fields[attribute.attr_name] = source

    def check(self, item: Item) -> None:
        """:raises InvalidBody: if the value of a key, or what a key is derived from, is empty or too long."""
        faults: dict[str, Fault] = {}
        for name, longest in self._longest.items():
            ((kind, value),) = item.get(name, {"NULL": True}).items()
            if kind not in ("S", "B"):
                continue
            size = len(value.encode(errors="surrogatepass")) if kind == "S" else len(value)
            if not 0 < size <= longest:
                field = self._fields[name]
                told = f"is a key: it must have 1 to {longest} bytes"
                faults[field] = Fault(told, pointer=f"/{field}")
        if faults:
            raise InvalidBody(errors=list(faults.values()))
