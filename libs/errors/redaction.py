"""Hiding what may let somebody in from what is shown of an operation, or told in a report.

What is doubtful is hidden: an argument that cannot be read costs an operator a look into the data, one that
can may cost an account. It is hidden by its name, wherever in JSON it stands (``password``, ``newPassword``,
``api_key``), and by what it looks like: signed tokens, `Authorization` values, private keys, long random
texts, and of addresses everything beside scheme, host and a plain path. A text that is an object or a list of
JSON is redacted as such. `looks` has the rules; `personal` has those for what leaves the house.

It is a net with holes and no proof that nothing is shown: a secret that is short and has an innocent name
looks like any word.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from libs.errors.looks import HIDDEN, has_private_key, is_secret_name, without_secrets

__all__ = ["HIDDEN", "SECRETS", "Redaction", "is_secret_name"]

_VALUES = frozenset({"value", "values", "val", "content", "contents", "data", "text", "body"})
"""Members that hold what another one names."""
_LONGEST_NAME = 100


class Redaction:
    """Hides what its rules say.

    :param hides: whether what has this name is hidden whole.
    :param finish: takes out of a text what else is not to be seen; by default nothing.
    """

    def __init__(
        self, hides: Callable[[str], bool] = is_secret_name, finish: Callable[[str], str] | None = None
    ) -> None:
        self.hides = hides
        self._finish = finish

    def value(self, value: Any) -> Any:
        """Return JSON with everything hidden that may be a secret, by name or by looks.

        Names, numbers, booleans and lengths of lists stay. What a member with a secret's name holds is hidden
        whole, but for None. So is what is named by its neighbour, as in ``["--password", "…", "-v"]`` and
        ``{"name": "password", "value": "…"}``, and what has a form nobody reads (``{"$bytes": …}``).
        """
        if isinstance(value, Mapping):
            if _is_object(value):
                return {"$object": list(value["$object"]), "value": self.value(value["value"])}
            return self._members(value)
        if isinstance(value, list | tuple):
            names = [False, *map(self._names_a_secret, value)]
            return [
                _of_secret_name(one) if is_named else self.value(one)
                for is_named, one in zip(names, value, strict=False)
            ]
        return self.text(value) if isinstance(value, str) else value

    def texts(self, value: Any) -> Any:
        """Return JSON whose texts are redacted by their looks, whatever they are called.

        For what is written to be shown, such as a problem, whose ``code`` is no secret.
        """
        if isinstance(value, Mapping):
            return {self.text(name): self.texts(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.texts(one) for one in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """Return a text without what looks like a secret; takes time that grows with its length alone."""
        if has_private_key(text):
            return HIDDEN
        if text.lstrip().startswith(("{", "[")):
            try:
                return self._json(text)
            except RecursionError:
                return HIDDEN
            except ValueError:  # it is no JSON
                pass
        shown = without_secrets(text, self.hides)
        return self._finish(shown) if self._finish else shown

    def _json(self, text: str) -> str:
        """Return a text of JSON redacted as JSON; what is not ASCII as it came, escaped or not.

        :raises ValueError: if it is none.
        """
        shown = self.value(json.loads(text, object_hook=_escaped))
        return json.dumps(shown, ensure_ascii="\\u" in text)

    def _members(self, value: Mapping[str, Any]) -> dict[str, Any]:
        names = {name for name, one in value.items() if self._names_a_secret(one)}
        return {
            self.text(name): self._member(name, one, is_named=len(names) > (name in names))
            for name, one in value.items()
        }

    def _member(self, name: str, value: Any, *, is_named: bool) -> Any:
        """Return a member as it is shown; `is_named` where one beside it is the name of a secret."""
        if name == "$bytes" or self.hides(name) or (is_named and name.lower() in _VALUES):
            return _of_secret_name(value)
        if name == "$escaped" and isinstance(value, Mapping):  # the names in it are those of whoever called
            return self._members(value)
        return self.value(value)

    def _names_a_secret(self, value: Any) -> bool:
        return isinstance(value, str) and len(value) <= _LONGEST_NAME and self.hides(value)


SECRETS = Redaction()
"""Hides secrets, and shows what is personal: for those who may see it."""


def _escaped(members: dict[str, Any]) -> dict[str, Any]:
    """Mark what looks as `encode` writes an object of a contract: in a text it is whatever it likes."""
    return {"$escaped": members} if "$object" in members else members


def _is_object(value: Mapping[str, Any]) -> bool:
    """Whether this is an object of a contract as `encode` writes it, whose ``$object`` names its schema."""
    place = value.get("$object")
    return (
        value.keys() == {"$object", "value"}
        and isinstance(place, list)
        and len(place) == 2
        and all(isinstance(one, str) for one in place)
    )


def _of_secret_name(value: Any) -> str | None:
    return None if value is None else HIDDEN
