"""What DynamoDB refuses as the key of a table or an index, told before it is sent."""

from pynamodb.models import Model

from libs.dynamodb import Item
from libs.resource.query.derived import DerivedAttribute
from libs.resource.storable import UnfitValues, key_limits


class KeyLimits:
    """The attributes of `model` that are keys, of its table or of any index, and how long they may be."""

    def __init__(self, model: type[Model]) -> None:
        self._longest = key_limits(model)
        self._fields: dict[str, str] = {}
        for name, attribute in model.get_attributes().items():
            source = attribute.source if isinstance(attribute, DerivedAttribute) else name
            self._fields[attribute.attr_name] = source

    def check(self, item: Item) -> None:
        """:raises UnfitValues: if the value of a key, or what a key is derived from, is empty or too long."""
        faults: dict[str, str] = {}
        for name, longest in self._longest.items():
            ((kind, value),) = item.get(name, {"NULL": True}).items()
            if kind not in ("S", "B"):
                continue
            size = len(value.encode(errors="surrogatepass")) if kind == "S" else len(value)
            if not 0 < size <= longest:
                faults[self._fields[name]] = f"is a key: it must have 1 to {longest} bytes"
        if faults:
            raise UnfitValues(faults)
