"""What the totals tell, and the same by reading all rows."""

import json
from collections import Counter
from fractions import Fraction
from typing import Any

from libs.dynamodb import Item
from libs.errors import Conflict, NotFound
from libs.resource.scope import Extent
from libs.resource.store.store import Store
from libs.resource.store.totals import KeptTotals, Totals

TOTALS = Totals(counts=("open", "tags", "marks", "sizes", "price"), sums=("price",))


def groups(totals: KeptTotals, fixed: Any, field: str) -> dict[str, int]:
    """By the values as JSON, since to Python 1 and true are one."""
    found = totals.groups(fixed, field, most=1000)
    assert found.exact
    assert all(count > 0 for count in found.tokens.values())
    return {json.dumps(totals.counts[field].value(token)): count for token, count in found.tokens.items()}


def told(totals: KeptTotals, fixed: Any) -> Any:
    sums = {name: totals.sum(fixed, name) for name in totals.sums}
    return (
        totals.count(fixed),
        {name: groups(totals, fixed, name) for name in totals.counts},
        {name: (one.sum, one.number) for name, one in sums.items()},
    )


def counted(store: Store, totals: KeptTotals, fixed: Any) -> Any:
    """The same by reading all rows, in plain Python."""
    rows = list(store.all_rows(Extent.of(fixed)))
    by_value: dict[str, Counter[str]] = {}
    for name in totals.counts:
        by_value[name] = Counter()
        for row in rows:
            value = row(name)
            members = list(value) if isinstance(value, list | set) else [value]
            by_value[name].update({json.dumps(one) for one in members})
    sums = {}
    for name in totals.sums:
        numbers = [Fraction(str(row(name))) for row in rows if row(name) is not None]
        sums[name] = (sum(numbers), len(numbers))
    return len(rows), by_value, sums


def key_of(owner: str, key: str) -> Item:
    return {"owner": {"S": owner}, "id": {"S": key}}


def write(store: Store, action: str, owner: str, key: str, values: Any, extent: Extent) -> None:
    try:
        if action == "create":
            store.create(store.new({"owner": owner, "id": key, **values}), extent)
        elif action == "update":
            store.update(key_of(owner, key), values, extent)
        else:
            store.delete(key_of(owner, key), extent)
    except (Conflict, NotFound):
        pass
