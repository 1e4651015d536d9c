"""W3C Trace Context: which trace a request is part of, as headers say it (https://www.w3.org/TR/trace-context/)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

SAMPLED = 0x01
"""The flag of a trace that is recorded (section 3.2.2.5.1)."""
_KEPT_FLAGS = 0x03
"""`SAMPLED`, and that of Level 2 which says that the trace id was drawn at random; others mean nothing."""

# Section 3.2: version, trace id, parent id (neither all zeros), flags; a later version may add to them.
_TRACEPARENT = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]{0,200})?"
)
# Section 3.3.1: a list of key=value, in which entries may be empty.
_MEMBER = r"[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
_TRACESTATE = re.compile(rf"[ \t]*(?:{_MEMBER})?[ \t]*(?:,[ \t]*(?:{_MEMBER})?[ \t]*)*")
_LONGEST_STATE = 512
"""Characters of a `tracestate` that are passed on: what everybody has to (section 3.3.1.5)."""
_MOST_MEMBERS = 32


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A place in a trace.

    :param trace_id: of the trace: 32 hexadecimal digits.
    :param span_id: of what is done there: 16 hexadecimal digits.
    :param flags: `SAMPLED`, or not.
    :param state: what tracing systems tell each other (`tracestate`), passed on as it came.
    """

    trace_id: str
    span_id: str
    flags: int = SAMPLED
    state: str | None = None

    @classmethod
    def read(cls, traceparent: str | None, tracestate: str | None = None) -> "TraceContext | None":
        """Return what the headers of these names say; None where the first is missing or malformed.

        A malformed `tracestate` is left out and does not spoil the other (section 3.3.1.1).
        """
        found = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        if found is None:
            return None
        version, trace_id, span_id, flags, more = found.groups()
        if version == "00" and more is not None:
            return None
        state = tracestate if tracestate and _is_state(tracestate) else None
        return cls(trace_id, span_id, int(flags, 16) & _KEPT_FLAGS, state)

    @property
    def sampled(self) -> bool:
        """Whether whoever began the trace has decided to record it."""
        return bool(self.flags & SAMPLED)

    @property
    def traceparent(self) -> str:
        """The header, in version 00: that is what we know, whatever came (section 3.2.4)."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"

    def headers(self) -> Mapping[str, str]:
        """Return what a request sent from this place carries."""
        if self.state is None:
            return {"traceparent": self.traceparent}
        return {"traceparent": self.traceparent, "tracestate": self.state}


def _is_state(text: str) -> bool:
    if len(text) > _LONGEST_STATE or text.count(",") >= _MOST_MEMBERS:
        return False
    return bool(text.strip(" \t,")) and _TRACESTATE.fullmatch(text) is not None
