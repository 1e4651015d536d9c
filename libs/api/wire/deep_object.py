"""The style `deepObject`: a parameter's name, and in brackets what in it is sent.

The standard shows objects only (OpenAPI 3.1 section 4.8.12.2). Lists, and what may be a scalar as well, go as
most servers that take them read them.
"""

import re
from dataclasses import dataclass
from typing import Any

from libs.api.wire.shapes import Array, Either, Object
from libs.api.wire.styles import ABSENT, member_texts, members
from libs.api.wire.texts import Coding, Sent, Unreadable, Unwritable

_INDEX = re.compile(r"0|[1-9][0-9]{0,3}")


@dataclass(frozen=True)
class DeepObject:
    """An object is ``color[r]=1&color[g]=2``, a list ``color[0]=a&color[1]=b``, a scalar ``color=a``.

    A list is read as ``color[]=a&color[]=b``, too.
    """

    name: str
    shape: Array | Object | Either
    coding: Coding

    @property
    def _nested(self) -> Array | Object:
        return self.shape.other if isinstance(self.shape, Either) else self.shape

    @property
    def names(self) -> frozenset[str]:
        own = {self.name} if isinstance(self.shape, Either) else set[str]()
        if isinstance(self._nested, Object):
            own |= {f"{self.name}[{one}]" for one in self._nested.properties}
        return frozenset(own)

    def takes(self, name: str) -> bool:
        return name == self.name or self._inside(name) is not None

    def _inside(self, name: str) -> str | None:
        start = f"{self.name}["
        return name[len(start) : -1] if name.startswith(start) and name.endswith("]") else None

    def read(self, sent: Sent) -> Any:
        nested = self._nested
        found = {inside: texts for name, texts in sent.items() if (inside := self._inside(name)) is not None}
        if self.name in sent:
            if not isinstance(self.shape, Either):
                raise Unreadable(f"is {self._form}")
            if found or len(sent[self.name]) > 1:
                raise Unreadable("was sent more than once")
            return self.shape.scalar.read(self.coding.decode(sent[self.name][0]))
        if not found:
            return ABSENT
        if isinstance(nested, Array):
            return [nested.item.read(self.coding.decode(one)) for one in self._items(found)]
        for name in found:
            self._check_name(nested, name, Unreadable)
        return members(nested, ((name, self.coding.decode(one)) for name in found for one in found[name]))

    @property
    def _form(self) -> str:
        if isinstance(self._nested, Array):
            return f"a list: {self.name}[0]=…&{self.name}[1]=…"
        return f"an object: {self.name}[{next(iter(self._nested.properties), 'name')}]=…"

    def _items(self, found: Sent) -> list[str]:
        if found.keys() == {""}:
            return list(found[""])
        indices = {int(one) for one in found if _INDEX.fullmatch(one)}
        if indices != set(range(len(found))) or any(len(texts) > 1 for texts in found.values()):
            raise Unreadable(f"is {self._form}")
        return [found[str(index)][0] for index in range(len(found))]

    def _check_name(self, shape: Object, name: str, error: type[ValueError]) -> None:
        if "][" in name and name not in shape.properties:
            raise error("is an object that holds only scalars and lists of them")

    def write(self, value: Any) -> list[tuple[str, str]]:
        nested = self._nested
        if isinstance(self.shape, Either) and not isinstance(value, list | dict):
            return [(self.name, self.coding.encode(self.shape.scalar.write(value)))]
        if isinstance(nested, Array):
            if not isinstance(value, list):
                raise Unwritable("is no list")
            texts = [(str(index), nested.item.write(one)) for index, one in enumerate(value)]
        else:
            texts = list(member_texts(nested, value))
            for name, _ in texts:
                self._check_name(nested, name, Unwritable)
        return [(f"{self.name}[{name}]", self.coding.encode(text)) for name, text in texts]
