"""Traces as headers say them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import TraceContext

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HEADER = f"00-{TRACE}-{PARENT}-01"


@pytest.mark.parametrize(("flags", "sampled"), [("00", False), ("01", True), ("02", False), ("03", True)])
def test_a_traceparent_is_read_and_written_as_it_was(flags: str, sampled: bool) -> None:
    header = f"00-{TRACE}-{PARENT}-{flags}"
    found = TraceContext.read(header)
    assert found is not None
    assert (found.trace_id, found.span_id, found.sampled) == (TRACE, PARENT, sampled)
    assert found.headers() == {"traceparent": header}


@pytest.mark.parametrize(
    ("header", "passed_on"),
    [
        (f"01-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-01"),
        (f"cc-{TRACE}-{PARENT}-00-what-will-be", f"00-{TRACE}-{PARENT}-00"),
        (f"00-{TRACE}-{PARENT}-ff", f"00-{TRACE}-{PARENT}-03"),
    ],
)
def test_of_later_versions_and_flags_what_is_known_is_passed_on(header: str, passed_on: str) -> None:
    found = TraceContext.read(header)
    assert found is not None
    assert found.traceparent == passed_on


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "x",
        HEADER + "-x",  # a later version may be longer, not this one
        HEADER + "\n",
        f" {HEADER}",
        HEADER.upper(),
        f"{HEADER},{HEADER}",
        "ff" + HEADER[2:],
        f"01-{TRACE}-{PARENT}-01x",
        f"01-{TRACE}-{PARENT}-01-\r\nX-Evil: 1",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}",
        HEADER.replace("0", "\N{ARABIC-INDIC DIGIT ZERO}"),
    ],
)
def test_what_is_no_traceparent_counts_as_not_sent(header: str | None) -> None:
    assert TraceContext.read(header, "vendor=1") is None


@pytest.mark.parametrize(
    "state", ["vendor=1", "a=1,b=2", "fw529a3039@dt=FfAB, rojo=00f067aa0ba902b7", "a=1,,b= x", "a=1,"]
)
def test_a_tracestate_is_passed_on_as_it_came(state: str) -> None:
    found = TraceContext.read(HEADER, state)
    assert found is not None
    assert found.headers() == {"traceparent": HEADER, "tracestate": state}


@pytest.mark.parametrize(
    "state",
    [
        None,
        "",
        " , ",
        "a" * 513,
        f"a={'1' * 511}",
        ",".join(f"k{n}={'1' * 100}" for n in range(5)),
        ",".join(f"k{n}=1" for n in range(33)),
        "a=1\r\nX-Evil: 1",
        "a=1\n",
        "ü=1",
        "a=ü",
        "nothing",
        "A=1",
        "a==1",
    ],
)
def test_a_tracestate_that_is_none_is_left_out(state: str | None) -> None:
    found = TraceContext.read(HEADER, state)
    assert found is not None
    assert found.headers() == {"traceparent": HEADER}


@given(
    st.one_of(
        st.text(max_size=80), st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}.{0,9}")
    ),
    st.one_of(
        st.none(), st.text(max_size=600), st.from_regex(r"[a-z]{1,9}=[!-~]{1,9}(,[a-z]=[ -~]{0,9}){0,3}")
    ),
)
def test_whatever_comes_what_is_sent_on_is_well_formed_and_of_the_same_trace(
    traceparent: str, tracestate: str | None
) -> None:
    found = TraceContext.read(traceparent, tracestate)
    if found is None:
        return
    sent = dict(found.headers())
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]", sent["traceparent"])
    assert sent["traceparent"][3:52] == traceparent[3:52]
    assert TraceContext.read(sent["traceparent"], sent.get("tracestate")) == found
    assert sent.get("tracestate") in (None, tracestate)
    assert all(text.isascii() and text.isprintable() for text in sent.values())
