"""From a regular expression of Python's to one of ECMAScript's (ECMA-262), which JSON Schema has."""

import re

_CONTROLS = "nrtfv"
_SYNTAX = "^$\\.*+?()[]{}|/"
_GROUP = re.compile(r"\(\?(:|=|!|<=|<!|P<([A-Za-z_][A-Za-z0-9_]*)>)")
_REPEAT = re.compile(r"\{([0-9]*)(,?)([0-9]*)\}")
_HEX = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})")


def ecma_pattern(regex: re.Pattern[str]) -> str | None:
    """Return what a text has to match that `regex` matches from its start (``re.match``).

    :return: None for what ECMAScript has no equal to, or may understand otherwise: flags, comments,
        conditions, repeated lookarounds, back references, possessive repeats, octal escapes. So are
        ``\\w``, ``\\d``, ``\\s``, ``\\b`` and their contraries, of Unicode here and of ASCII there, and a
        ``$``, which holds before a last line feed here, too: ``\\Z`` does not.
    """
    if regex.flags & ~re.UNICODE:
        return None
    text, made, at, repeated = regex.pattern, "", 0, False
    groups: list[bool] = []  # of each that is open, whether it looks around
    looked = False  # whether the last was such a group, which ECMAScript does not repeat
    while at < len(text):
        one, length, repeats = text[at], 1, False
        if one == "\\":
            found = _escape(text, at)
        elif one == "[":
            found, length = _set(text, at)
        elif one == "(" and text[at + 1 : at + 2] == "?":
            group = _GROUP.match(text, at)
            found = group and (f"(?<{group[2]}>" if group[2] else group[0])
            length = len(group[0]) if group else 1
        elif one in "*+?" or (one == "{" and _is_repeat(text, at)):
            # A second sign makes it lazy, which is the same, or possessive, which is not.
            found, length, repeats = _repeat(text, at)
            found = None if looked or (repeated and one != "?") else found
        else:
            found = None if one == "$" else f"\\{one}" if one in "{}]" else one
        if found is None:
            return None
        if one == "\\" and (escape := _HEX.match(text, at)):
            length = len(escape[0])
        elif one == "\\":
            length = 2
        if one == "(":
            groups.append(found in ("(?=", "(?!", "(?<=", "(?<!"))
        looked = groups.pop() if one == ")" else False
        made, at, repeated = made + found, at + length, repeats
    return made if made.startswith("^") and "|" not in made else f"^(?:{made})"


def _escape(text: str, at: int, *, within_set: bool = False) -> str | None:
    """Return an escape as ECMAScript has it; None if it has not."""
    if found := _HEX.match(text, at):
        return found[0]
    one = text[at + 1]
    if not within_set and one in "AZ":
        return "^" if one == "A" else "$"
    if one in _CONTROLS:
        return f"\\{one}"
    if one.isalnum():
        return None
    return f"\\{one}" if one in _SYNTAX or (within_set and one == "-") else one


def _set(text: str, at: int) -> tuple[str | None, int]:
    """Return a set of characters, and its length in `text`."""
    begin, made = at, "["
    at += 1
    if text[at] == "^":
        made, at = "[^", at + 1
    first = at
    while text[at] != "]" or at == first:
        if text[at] == "\\":
            found = _escape(text, at, within_set=True)
            if found is None:
                return None, 1
            hexadecimal = _HEX.match(text, at)
            made, at = made + found, at + (len(hexadecimal[0]) if hexadecimal else 2)
        else:
            made, at = made + (f"\\{text[at]}" if text[at] in "[]" else text[at]), at + 1
    return f"{made}]", at + 1 - begin


def _is_repeat(text: str, at: int) -> bool:
    found = _REPEAT.match(text, at)
    return found is not None and bool(found[1] or found[3] or found[2])


def _repeat(text: str, at: int) -> tuple[str, int, bool]:
    found = _REPEAT.match(text, at) if text[at] == "{" else None
    if found is None:
        return text[at], 1, True
    return f"{{{found[1] or 0}{found[2]}{found[3]}}}", len(found[0]), True
