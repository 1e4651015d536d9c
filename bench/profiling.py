"""Where the CPU of one case goes, function by function."""

import cProfile
import io
import pstats
import time
from collections.abc import Callable


def profile(call: Callable[[], object], *, calls: int, lines: int = 25) -> str:
    """Return the `lines` most expensive functions of `calls` calls, by cumulative and then by own CPU time.

    cProfile makes small functions look dearer than they are: look for what to measure, do not measure.
    """
    for _ in range(10):
        call()
    profiler = cProfile.Profile(time.process_time)  # waiting for DynamoDB is no cost here
    profiler.enable()
    for _ in range(calls):
        call()
    profiler.disable()
    text = io.StringIO()
    stats = pstats.Stats(profiler, stream=text).strip_dirs()
    stats.sort_stats("cumulative").print_stats(lines)
    stats.sort_stats("tottime").print_stats(lines)
    return text.getvalue()
