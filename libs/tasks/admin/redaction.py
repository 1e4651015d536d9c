"""Hiding what may let somebody in from what is shown of an operation.

What is doubtful is hidden: an argument that cannot be read costs an operator a look into the data, one that
can may cost an account. It is hidden by its name, wherever in JSON it stands (``password``, ``newPassword``,
``api_key``), and by what it looks like: signed tokens, `Authorization` values, private keys, long random
texts, and of addresses everything beside scheme, host and a plain path. A text that is an object or a list of
JSON is redacted as such.

It is a net with holes and no proof that nothing is shown: a secret that is short and has an innocent name
looks like any word.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[redacted]"

_PARTS = (
    *("passwor", "passwd", "passphrase", "secret", "token", "authoriz", "cookie", "credential", "apikey"),
    *("sessionid", "sessid", "passcode", "passkey", "accesskey", "privatekey", "authkey", "sshkey"),
    *("authcode", "pincode", "csrf", "xsrf", "oauth", "mnemonic", "magiclink", "resetlink"),
)
"""What makes a name a secret's wherever it stands in it, if need be across a ``_``, ``-`` or space."""
_WORDS = frozenset(
    {
        "key",
        "keys",
        "code",
        "codes",
        "otp",
        "totp",
        "pin",
        "pwd",
        "pass",
        "jwt",
        "auth",
        "nonce",
        "salt",
        "sid",
    }
    | {"signature", "verifier", "cvc", "cvv", "bearer", "session", "mfa"}
)
"""What does as a word of it."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY")
_CLEAR_WORDS = ("otp", "totp", "pin", "pwd", "jwt", "sid", "signature", "verifier", "cvc", "cvv", "mfa")
"""Those of `_WORDS` that mean nothing else in a text; ``code: 409`` and ``key: see below`` are shown."""
_NAMES = rf"""(?: {"|".join(_PARTS)} | (?:api|access|private)[_\s-]?key
    | (?<![^\W_]) (?:{"|".join(_CLEAR_WORDS)}) (?![^\W_]) ) \w{{0,20}}"""
_SAID = re.compile(
    rf"""(?ix) (?P<name> {_NAMES} (?: \\{{0,20}}["'] | %22 )? \s{{0,5}} (?: [:=] | %3[ad] )
    | (?<![\w-]) --? [\w-]{{0,30}}? {_NAMES} (?=\s) ) \s{{0,5}} [^\s] [^\r\n]*"""
)
"""``password=…``, ``"token": …``, ``Cookie: …`` and ``--password …`` within a text, with the quotes of JSON
within JSON or as an address has it: nothing of that line is shown after it."""
_QUOTED = re.compile(r"""["']([\w .-]{1,60}?)\\{0,20}["']\s{0,5}:\s{0,5}(?=[^\s])""")
_LINE = re.compile(r"[^\r\n]*")
_TAG = re.compile(r"<([\w:.-]{1,60})(\s[^<>]{0,200})?>(?:<!\[CDATA\[)?[^<]+")
_SCHEME = re.compile(r"(?i)\b(bearer|basic|digest|dpop)\s{1,5}[^\s,;]{8,}")
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{2,}(?:\.[\w-]*){1,4}")
_ADDRESS = re.compile(r"(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]*)://([^\s\"'<>]*)")
_SENT = re.compile(r"(?:^|(?<=[?&=;,\s\"'({]))([\w.%\[\]-]{1,60})=")
_SENT_VALUE = re.compile(r"[^&\s#\"']*")
_USER = re.compile(r"(?<![^\s/\"'=(,])[^\s:@/]{1,100}:[^\s@/]{1,200}@(?=\w)")
"""``user:password@host`` without a scheme."""
_RANDOM = re.compile(r"[A-Za-z0-9_+/=-]{32,}")
_SHORTEST_RANDOM = 32
_CASE_CHANGE = re.compile(r"(?<=[a-z])[A-Z]|(?<=[A-Z])[a-z]")
_CASE_CHANGES = 6
"""With so many of them what holds a ``/`` is no path; about every third character of base64 is one."""
_LONG_RUN = 40
"""From which a run of letters and digits in one case is taken for a digest or a key in hexadecimal."""
_KNOWN_KEYS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\b(?:sk|pk|rk|ghp|gho|xox[abp])[_-][A-Za-z0-9_-]{16,}"
)
_HOST = re.compile(r"(?:[\w.-]*|\[[0-9A-Fa-f:.]*\])(?::\d{0,5})?")
_VALUES = frozenset({"value", "values", "val", "content", "contents", "data", "text", "body"})
"""Members that hold what another one names."""
_LONGEST_NAME = 100
_LONG_STEP = 20
"""A step of a path with so many characters, and a digit among them, may be a token."""


def redacted(value: Any) -> Any:
    """Return JSON with everything hidden that may be a secret, by name or by looks.

    Names, numbers, booleans and lengths of lists stay. What a member with a secret's name holds is hidden
    whole, but for None. So is what is named by its neighbour, as in ``["--password", "…", "-v"]`` and
    ``{"name": "password", "value": "…"}``, and what has a form nobody reads (``{"$bytes": …}``).
    """
    if isinstance(value, Mapping):
        if _is_object(value):
            return {"$object": list(value["$object"]), "value": redacted(value["value"])}
        return _members(value)
    if isinstance(value, list | tuple):
        names = [False, *map(_names_a_secret, value)]
        return [
            _of_secret_name(one) if is_named else redacted(one)
            for is_named, one in zip(names, value, strict=False)
        ]
    return redacted_text(value) if isinstance(value, str) else value


def redacted_texts(value: Any) -> Any:
    """Return JSON whose texts are redacted by their looks, whatever they are called.

    For what is written to be shown, such as a problem, whose ``code`` is no secret.
    """
    if isinstance(value, Mapping):
        return {redacted_text(name): redacted_texts(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [redacted_texts(one) for one in value]
    return redacted_text(value) if isinstance(value, str) else value


def redacted_text(text: str) -> str:
    """Return a text without what in it looks like a secret; takes time that grows with its length alone."""
    if _PRIVATE_KEY.search(text):
        return HIDDEN
    if text.lstrip().startswith(("{", "[")):
        try:
            return _redacted_json(text)
        except RecursionError:
            return HIDDEN
        except ValueError:  # it is no JSON
            pass
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    text = _ADDRESS.sub(lambda found: f"{found[1]}://{_address(found[2])}", text)
    text = _USER.sub(f"{HIDDEN}@", text)
    text = _TAG.sub(
        lambda found: f"<{found[1]}{found[2] or ''}>{HIDDEN}" if is_secret_name(found[1]) else found[0], text
    )
    text = _without_named(text, _SENT, _SENT_VALUE)
    text = _without_named(text, _QUOTED, _LINE)
    text = _JWT.sub(HIDDEN, text)
    text = _KNOWN_KEYS.sub(HIDDEN, text)
    text = _SAID.sub(rf"\g<name> {HIDDEN}", text)
    return _RANDOM.sub(lambda found: _without_random(found[0]), text)


def _redacted_json(text: str) -> str:
    """Return a text of JSON redacted as JSON; what is not ASCII as it came, escaped or not.

    :raises ValueError: if it is none.
    """
    shown = redacted(json.loads(text, object_hook=_escaped))
    return json.dumps(shown, ensure_ascii="\\u" in text)


def _escaped(members: dict[str, Any]) -> dict[str, Any]:
    """Mark what looks as `encode` writes an object of a contract: in a text it is whatever it likes."""
    return {"$escaped": members} if "$object" in members else members


def is_secret_name(name: str) -> bool:
    """Whether what is called so is a secret, or may be one."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return any(part in plain for part in _PARTS) or any(
        word.lower() in _WORDS for word in _WORD.findall(name)
    )


def _is_object(value: Mapping[str, Any]) -> bool:
    """Whether this is an object of a contract as `encode` writes it, whose ``$object`` names its schema."""
    place = value.get("$object")
    return (
        value.keys() == {"$object", "value"}
        and isinstance(place, list)
        and len(place) == 2
        and all(isinstance(one, str) for one in place)
    )


def _members(value: Mapping[str, Any]) -> dict[str, Any]:
    names = {name for name, one in value.items() if _names_a_secret(one)}
    return {
        redacted_text(name): _member(name, one, is_named=len(names) > (name in names))
        for name, one in value.items()
    }


def _member(name: str, value: Any, *, is_named: bool) -> Any:
    """Return a member as it is shown; `is_named` where one beside it is the name of a secret."""
    if name == "$bytes" or is_secret_name(name) or (is_named and name.lower() in _VALUES):
        return _of_secret_name(value)
    if name == "$escaped" and isinstance(value, Mapping):  # the names in it are those of whoever called
        return _members(value)
    return redacted(value)


def _of_secret_name(value: Any) -> str | None:
    return None if value is None else HIDDEN


def _names_a_secret(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_NAME and is_secret_name(value)


def _without_named(text: str, names: re.Pattern[str], values: re.Pattern[str]) -> str:
    """Hide the values of secrets: in forms and queries (``code=…&state=…``), or what is like JSON."""
    shown, done = [], 0
    for found in names.finditer(text):
        if found.start() >= done and is_secret_name(found[1]):
            shown += [text[done : found.end()], HIDDEN]
            value = values.match(text, found.end())
            done = value.end() if value else found.end()
    return "".join(shown) + text[done:]


def _address(rest: str) -> str:
    """Return what follows ``://`` without user, password, query and fragment, and without long steps."""
    plain = re.split(r"[?#;]", rest, maxsplit=1)[0]
    host, slash, path = plain.rpartition("@")[2].partition("/")
    if not _HOST.fullmatch(host):  # a password that was cut short by a space or a ?
        return HIDDEN
    if "@" in plain:
        host = f"{HIDDEN}@{host}"
    steps = (HIDDEN if _is_long(step) else step for step in path.split("/"))
    return f"{host}{slash}{'/'.join(steps)}" + (f"?{HIDDEN}" if plain != rest else "")


def _is_long(step: str) -> bool:
    return len(step) >= _LONG_STEP and any(one.isdigit() for one in step)


def _without_random(run: str) -> str:
    """Return a run of the characters of base64 without what is random; it may also be a path."""
    if "/" not in run or "+" in run or run.endswith("="):
        return HIDDEN if _is_random(run) else run
    if any(map(str.isdigit, run)) and len(_CASE_CHANGE.findall(run)) >= _CASE_CHANGES:
        return HIDDEN
    return "/".join(HIDDEN if _is_random(step) else step for step in run.split("/"))


def _is_random(run: str) -> bool:
    """Whether a run of characters is as a generator makes them; a ULID and a UUID are not."""
    if len(run) < _SHORTEST_RANDOM or not any(map(str.isdigit, run)):
        return False
    mixed = any(map(str.islower, run)) and any(map(str.isupper, run))
    return mixed or (len(run) >= _LONG_RUN and any(map(str.isalpha, run)))
