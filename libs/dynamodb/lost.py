"""Whether a write was done whose answer was lost: it was sent again, and refused by its condition.

DynamoDB sends the item as it is with that refusal. A write is told as done if all it asks for is there, and
something of that can only be its own; else it stays refused: what is refused can be tried again, a claim that
two hold cannot be taken back.

A write that counts, and that its condition lets be done twice, is never sent again as it is: it goes as a
transaction, which DynamoDB knows by its token for ten minutes. So does one that computes of what is there, on
condition of a version: another may have counted that on. See docs/decisions/0017-lost-answers.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pynamodb.expressions.condition import And, Comparison, Condition, In, NotExists
from pynamodb.expressions.operand import Path, Value, _Decrement, _IfNotExists, _Increment, _ListAppend
from pynamodb.expressions.update import Action, AddAction, DeleteAction, RemoveAction, SetAction

Item = Mapping[str, Mapping[str, Any]]

LEAST_OF_OWN = 16
"""Characters, or bytes, from which on a value is taken for one that only its writer has: an id, a hash, a
moment to the microsecond. A flag, a short word or a number may be what somebody else has written, too."""

_NUMBERS = (_Increment, _Decrement)


def put_was_done(stored: Item | None, item: Item) -> bool:
    """Tell whether what is stored is the item that was written."""
    return stored is not None and held(stored) == held(item)


def update_was_done(stored: Item | None, actions: Sequence[Action], condition: Condition | None) -> bool:
    """Tell whether what is stored shows that an update was done.

    :param stored: the item as it was when the update was refused; None if there was none.
    """
    if stored is None:
        return False
    asked = _Asked(condition)
    changed, own_text, own_number, told = set(), False, False, True
    for action in actions:
        name = _name(action.values[0])
        if name is None:
            return False  # of a member of a map or list: it is not looked into
        changed.add(name)
        now = stored.get(name)
        match action:
            case SetAction(values=(_, Value() as value)):
                if now is None or _plain(now) != _plain(_raw(value)):
                    return False
                own_text |= _is_own(_raw(value))
            case RemoveAction():
                if now is not None:
                    return False
            case AddAction(values=(_, value)) if value.attr_type != "N":
                if now is None or not _members(now) >= _members(_raw(value)):
                    return False
            case DeleteAction(values=(_, value)):
                if now is not None and _members(now) & _members(_raw(value)):
                    return False
            case _:
                by, before = _added(name, action), asked.numbers(name)
                if by and before:
                    if now is None or _number(now) not in {one + by for one in before}:
                        return False
                    own_number = True
                else:
                    told = False  # what it makes
    untouched = asked.names - changed
    # Another may have counted on from there instead: no harm only where all else is as this one asks.
    own = own_text or (own_number and told)
    return own and not any(asked.refuses(name, stored.get(name)) for name in untouched)


def needs_token(actions: Sequence[Action], condition: Condition | None) -> bool:
    """Tell whether an update must be known by a token where it is sent again.

    One must that, done twice, leaves something else than done once: that adds to a number or a list, unless
    the condition asks for what the update itself changes. And one that a number of the condition, such as a
    version, keeps from being done twice, but of which what is there does not tell what it has made.
    """
    asked = _Asked(condition)
    adds = computes = numbered = False
    for action in actions:
        target, *rest = action.values
        name = _name(target)
        value = rest[0] if rest else None
        if isinstance(action, SetAction) and isinstance(value, Value):
            if name is not None and asked.refuses(name, _raw(value)):
                return False
        elif isinstance(action, RemoveAction):
            if name is not None and asked.refuses(name, None):
                return False
        elif isinstance(value, (*_NUMBERS, _ListAppend)) or (
            isinstance(action, AddAction) and value is not None and value.attr_type == "N"
        ):
            if name is not None and len(asked.numbers(name)) == 1 and _added(name, action):
                numbered = True
            else:
                adds = True
        elif isinstance(action, SetAction):
            computes = True  # the same again if it is done twice
    return adds or (computes and numbered)


def held(item: Item) -> dict[str, Any]:
    """Return what an item holds, to be compared: on the wire 5.0 comes back as 5, and a set in any order.

    As attributes read them, maps of a class of their own would equal nothing but themselves.
    """
    return {name: _plain(raw) for name, raw in item.items()}


class _Asked:
    """What a condition asks of single attributes, as far as it does so in so many words.

    :ivar names: of those attributes.
    """

    def __init__(self, condition: Condition | None) -> None:
        self._wanted: dict[str, list[Any]] = {}
        for one in _conjuncts(condition):
            name = _name(one.values[0])
            if name is None:
                continue
            if isinstance(one, NotExists):
                self._wanted[name] = [None]
            elif isinstance(one, In) or (isinstance(one, Comparison) and one.operator == "="):
                values = one.values[1:]
                if all(isinstance(value, Value) for value in values):
                    self._wanted[name] = [_plain(_raw(value)) for value in values]
        self.names = set(self._wanted)

    def refuses(self, name: str, raw: Mapping[str, Any] | None) -> bool:
        """Tell whether the condition fails for an attribute that is this."""
        if name not in self._wanted:
            return False
        return (None if raw is None else _plain(raw)) not in self._wanted[name]

    def numbers(self, name: str) -> set[Decimal]:
        """Return the numbers that an attribute may be."""
        return {one[1] for one in self._wanted.get(name, ()) if one is not None and one[0] == "N"}


def _conjuncts(condition: Condition | None) -> Iterator[Condition]:
    if isinstance(condition, And):
        for one in condition.values:
            yield from _conjuncts(one)
    elif condition is not None:
        yield condition


def _name(path: Any) -> str | None:
    """Return the name of an attribute; None for what is within one, or is none."""
    if not isinstance(path, Path):
        return None
    parts = path.path
    return str(parts[0]) if len(parts) == 1 and "[" not in parts[0] else None


def _raw(value: Any) -> Mapping[str, Any]:
    raw: Mapping[str, Any] = value.values[0]
    return raw


def _added(name: str, action: Action) -> Decimal | None:
    """Return what is added to the number it was before; None if it is something else."""
    value = action.values[1]
    if isinstance(action, AddAction):
        return _number(_raw(value))
    if isinstance(value, _NUMBERS):
        base, by = value.values
        if isinstance(base, _IfNotExists):
            base = base.values[0]
        if _name(base) == name and isinstance(by, Value):
            return _number(_raw(by)) * (1 if isinstance(value, _Increment) else -1)
    return None


def _is_own(raw: Mapping[str, Any]) -> bool:
    ((kind, value),) = raw.items()
    if kind in ("L", "M"):
        return any(map(_is_own, value if kind == "L" else value.values()))
    texts = value if kind in ("SS", "BS") else [value] if kind in ("S", "B") else []
    return any(len(one) >= LEAST_OF_OWN for one in texts)


def _number(raw: Mapping[str, Any]) -> Decimal:
    return Decimal(raw["N"]) if "N" in raw else Decimal("NaN")


def _members(raw: Mapping[str, Any]) -> frozenset[Any]:
    kind, value = _plain(raw)
    return value if kind in ("SS", "NS", "BS") else frozenset()


def _plain(raw: Mapping[str, Any]) -> tuple[str, Any]:
    ((kind, value),) = raw.items()
    if kind == "N":
        return kind, Decimal(value)
    if kind == "M":
        return kind, held(value)
    if kind == "L":
        return kind, [_plain(one) for one in value]
    if kind in ("SS", "NS", "BS"):
        return kind, frozenset(map(Decimal, value) if kind == "NS" else value)
    return kind, value
