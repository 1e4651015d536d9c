"""Reading PromQL, as far as the dashboard and the alerts speak it.

https://prometheus.io/docs/prometheus/latest/querying/basics/
"""

import re
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<duration>\[(?:\d+[smhd]|\$__rate_interval)\])
    |(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)|(?P<sign>=~|!~|!=|==|>=|<=|[-+*/%(){},=<>]))""",
    re.VERBOSE,
)
FUNCTIONS = {"changes", "histogram_quantile", "increase", "label_values", "max_over_time", "rate", "time"}
AGGREGATIONS = {"avg", "max", "min", "sum", "topk"}
_OF_RANGES = {"changes", "increase", "max_over_time", "rate"}
_BINARY = {"+", "-", "*", "/", "%", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless"}


@dataclass
class Selector:
    """A metric that is asked for.

    :ivar labels: those it is chosen by.
    :ivar by: those that aggregations around it keep.
    """

    name: str
    labels: set[str] = field(default_factory=set)
    by: set[str] = field(default_factory=set)
    ranged: bool = False


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError(f"cannot be read: {text[at:]!r}")
            self.tokens.append((match.lastgroup or "", match[match.lastgroup or 0]))
            at = match.end()
        self.at = 0

    @property
    def next(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self, value: str | None = None, kind: str | None = None) -> str:
        """Return the next token and go on; it has to be `value`, or of `kind`, if that is given."""
        found_kind, found = self.next
        if (value is not None and found != value) or (kind is not None and found_kind != kind):
            raise ValueError(f"{found!r} where {value or kind!r} belongs")
        self.at += 1
        return found

    def expression(self) -> list[Selector]:
        found = self.operand()
        while self.next[1] in _BINARY:
            self.take()
            found += self.operand()
        return found

    def operand(self) -> list[Selector]:
        kind, text = self.next
        if kind == "number":
            self.take()
            return []
        if text == "(":
            self.take("(")
            found = self.expression()
            self.take(")")
            return found
        name = self.take(kind="name")
        if name in AGGREGATIONS:
            return self.aggregation()
        if self.next[1] == "(":
            return self.call(name)
        return [self.selector(name)]

    def aggregation(self) -> list[Selector]:
        by = self.names() if self.next[1] == "by" and self.take("by") else set()
        found = self.arguments()
        for one in found:
            one.by |= by
        return found

    def call(self, name: str) -> list[Selector]:
        if name not in FUNCTIONS:
            raise ValueError(f"no function {name}")
        found = self.arguments()
        if any(one.ranged != (name in _OF_RANGES) for one in found if name != "histogram_quantile"):
            raise ValueError(f"{name} of {'an instant' if name in _OF_RANGES else 'a range'}")
        for one in found:
            one.ranged = False
        return found

    def arguments(self) -> list[Selector]:
        self.take("(")
        found: list[Selector] = []
        while self.next[1] != ")":
            found += self.expression()
            if self.next[1] != ")":
                self.take(",")
        self.take(")")
        return found

    def names(self) -> set[str]:
        self.take("(")
        found = {self.take(kind="name")}
        while self.next[1] == "," and self.take(","):
            found.add(self.take(kind="name"))
        self.take(")")
        return found

    def selector(self, name: str) -> Selector:
        made = Selector(name)
        if self.next[1] == "{":
            self.take("{")
            while self.next[1] != "}":
                made.labels.add(self.take(kind="name"))
                if self.next[1] not in {"=", "!=", "=~", "!~"}:
                    raise ValueError(f"{self.next[1]!r} between a label and its value")
                operator = self.take()
                value = self.take(kind="string")
                if "~" in operator:
                    re.compile(value[1:-1].replace("$service", ".*"))
                if self.next[1] != "}":
                    self.take(",")
            self.take("}")
        if self.next[0] == "duration":
            self.take()
            made.ranged = True
        return made


def selectors(text: str) -> list[Selector]:
    """Return the metrics an expression asks for.

    :raises ValueError: if it is none.
    """
    reader = _Reader(text)
    found = reader.expression()
    reader.take(kind="end")
    if any(one.ranged for one in found):
        raise ValueError("a range that nothing is made of")
    return found
