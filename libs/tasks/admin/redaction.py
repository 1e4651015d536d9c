"""Hiding what may let somebody in from what is shown of an operation.

What is doubtful is hidden: an argument that cannot be read costs an operator a look into the data, one that
can may cost an account. It is hidden by its name, wherever in JSON it stands (``password``, ``newPassword``,
``api_key``), and by what it looks like: signed tokens, `Authorization` values, private keys, long random
texts, and of addresses everything beside scheme, host and a plain path.
"""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[redacted]"

_PARTS = ("passwor", "passwd", "passphrase", "secret", "token", "authoriz", "cookie", "credential", "apikey")
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
    | {"signature", "verifier", "cvc", "cvv", "bearer", "session"}
)
"""What does as a word of it."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY")
_SAID = re.compile(
    r"""(?ix) (?P<name> (?:passwor[dt] | passwd | pwd | passphrase | secret | token | authorization
    | cookie | credentials? | api[_-]?key ) \w{0,20} ["']? \s{0,5} [:=] ) \s{0,5} [^\s] [^\r\n]*"""
)
"""``password=…``, ``"token": …`` and ``Cookie: …`` within a text: nothing of that line is shown after it."""
_SCHEME = re.compile(r"(?i)\b(bearer|basic|digest|dpop)\s{1,5}[^\s,;]{8,}")
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{2,}(?:\.[\w-]*){1,4}")
_ADDRESS = re.compile(r"(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]*)://([^\s\"'<>]*)")
_SENT = re.compile(r"([?&])([\w.%\[\]-]{1,60})=([^&\s#\"']+)")
_USER = re.compile(r"(?<![^\s/\"'=(,])[^\s:@/]{1,100}:[^\s@/]{1,200}@(?=\w)")
"""``user:password@host`` without a scheme."""
_RANDOM = re.compile(r"[A-Za-z0-9_+=-]{32,}")
_LONG_RUN = 40
"""From which a run of letters and digits in one case is taken for a digest or a key in hexadecimal."""
_KNOWN_KEYS = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\b(?:sk|pk|rk|ghp|gho|xox[abp])[_-][A-Za-z0-9_-]{16,}"
)
_HOST = re.compile(r"(?:[\w.-]*|\[[0-9A-Fa-f:.]*\])(?::\d{0,5})?")
_LONG_STEP = 20
"""A step of a path with so many characters, and a digit among them, may be a token."""


def redacted(value: Any) -> Any:
    """Return JSON with everything hidden that may be a secret, by name or by looks.

    Names, numbers, booleans and lengths of lists stay. What a member with a secret's name holds is hidden
    whole, but for None. So is what is named by its neighbour, as in ``["Cookie", "a=b"]`` and
    ``{"name": "password", "value": "…"}``, and what has a form nobody reads (``{"$bytes": …}``).
    """
    if isinstance(value, Mapping):
        told = {redacted_text(name): _member(name, one) for name, one in value.items()}
        return _named_inside(value, told)
    if isinstance(value, list | tuple):
        if len(value) == 2 and isinstance(value[0], str) and is_secret_name(value[0]):
            return [value[0], None if value[1] is None else HIDDEN]
        return [redacted(one) for one in value]
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
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    text = _ADDRESS.sub(lambda found: f"{found[1]}://{_address(found[2])}", text)
    text = _USER.sub(f"{HIDDEN}@", text)
    text = _SENT.sub(
        lambda found: f"{found[1]}{found[2]}={HIDDEN}" if is_secret_name(found[2]) else found[0], text
    )
    text = _JWT.sub(HIDDEN, text)
    text = _KNOWN_KEYS.sub(HIDDEN, text)
    text = _SAID.sub(rf"\g<name> {HIDDEN}", text)
    return _RANDOM.sub(lambda found: HIDDEN if _is_random(found[0]) else found[0], text)


def is_secret_name(name: str) -> bool:
    """Whether what is called so is a secret, or may be one."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    return any(part in plain for part in _PARTS) or any(
        word.lower() in _WORDS for word in _WORD.findall(name)
    )


def _member(name: str, value: Any) -> Any:
    if value is None or name == "$object":  # which schema it is of
        return value
    return HIDDEN if name == "$bytes" or is_secret_name(name) else redacted(value)


def _named_inside(value: Mapping[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """Hide `value` where its neighbour says what it is: ``{"name": "password", "value": "…"}``."""
    names = [one for one in value.values() if isinstance(one, str) and len(one) <= 100]
    if value.get("value") is not None and any(map(is_secret_name, names)):
        told["value"] = HIDDEN
    return told


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


def _is_random(run: str) -> bool:
    """Whether a run of characters is as a generator makes them; a ULID and a UUID are not."""
    if not any(map(str.isdigit, run)):
        return False
    mixed = any(map(str.islower, run)) and any(map(str.isupper, run))
    return mixed or (len(run) >= _LONG_RUN and any(map(str.isalpha, run)))
