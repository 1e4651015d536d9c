"""Lines for people: short, in columns, coloured on a terminal."""

from collections.abc import Callable, Mapping
from typing import Any

from libs.service.logs.plain import escaped, plain_event

_COLOURS = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "31;1"}
_OF_A_REQUEST = ("code", "subject", "actor", "dynamodb_calls", "request_id")
"""What is shown of a request beside its columns: the rest is in the lines for machines."""


def terminal_renderer(*, colours: bool) -> Callable[[Any, str, dict[str, Any]], str]:
    """Return what makes a line of an event: ``12:00:01.250 info    todos    task ended  seconds=1.5``."""

    def paint(code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if colours and code else text

    def render(logger: Any, method: str, event: dict[str, Any]) -> str:
        told = plain_event(event)
        level = str(told.pop("level", "info"))
        time = str(told.pop("timestamp", ""))[11:23]
        service = str(told.pop("service", ""))
        name = str(told.pop("logger", ""))
        exception = told.pop("exception", None)
        what = str(told.pop("event", ""))
        if what == "request" and "milliseconds" in told:
            shown = _request(told, paint)
        else:
            shown = f"{escaped(what):<40} {_pairs(told, paint)} {paint('2', escaped(name))}"
        head = f"{paint('2', time)} {paint(_COLOURS.get(level, ''), f'{level:<8}')}{service:<9}"
        lines = [f"{head}{shown}".rstrip()]
        if exception:
            lines += [f"    {escaped(line)}" for line in str(exception).split("\n")]
        return "\n".join(lines)

    return render


def _request(told: Mapping[str, Any], paint: Callable[[str, str], str]) -> str:
    status = int(told["status"])
    colour = "31" if status >= 500 else "33" if status >= 400 else "32"
    asked = escaped(f"{told['method']:<7}{told['path']}")
    some = {name: told[name] for name in _OF_A_REQUEST if told.get(name) is not None}
    took = f"{told['milliseconds']:>8.1f} ms"
    return f"{asked:<48} {paint(colour, str(status))} {took}  {_pairs(some, paint)}"


def _pairs(told: Mapping[str, Any], paint: Callable[[str, str], str]) -> str:
    return " ".join(f"{paint('36', escaped(name))}={_value(value)}" for name, value in told.items())


def _value(value: Any) -> str:
    text = escaped(str(value))
    return f'"{text}"' if " " in text or not text else text
