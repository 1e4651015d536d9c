"""What a secret is called, and what it looks like in a text.

The one list of rules; `redaction` goes by it through JSON.
"""

import re
from collections.abc import Callable

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
_LONG_STEP = 20
"""A step of a path with so many characters, and a digit among them, may be a token."""


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case: ``newPassword`` and ``new_password`` have the same."""
    return [word.lower() for word in _WORD.findall(name)]


def letters_of(name: str) -> str:
    """Return a name with nothing but its letters and digits, in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def is_secret_name(name: str) -> bool:
    """Whether what is called so is a secret, or may be one."""
    plain = letters_of(name)
    return any(part in plain for part in _PARTS) or not _WORDS.isdisjoint(words_of(name))


def has_private_key(text: str) -> bool:
    """Whether a private key begins in a text."""
    return bool(_PRIVATE_KEY.search(text))


def without_secrets(text: str, hides: Callable[[str], bool]) -> str:
    """Return a text without what in it looks like a secret; takes time that grows with its length alone.

    :param hides: whether what has a name is hidden where the text says so: ``name=value``, ``"name": …``.
    """
    text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
    text = _ADDRESS.sub(lambda found: f"{found[1]}://{_address(found[2])}", text)
    text = _USER.sub(f"{HIDDEN}@", text)
    text = _TAG.sub(
        lambda found: f"<{found[1]}{found[2] or ''}>{HIDDEN}" if hides(found[1]) else found[0], text
    )
    text = _without_named(text, _SENT, _SENT_VALUE, hides)
    text = _without_named(text, _QUOTED, _LINE, hides)
    text = _JWT.sub(HIDDEN, text)
    text = _KNOWN_KEYS.sub(HIDDEN, text)
    text = _SAID.sub(rf"\g<name> {HIDDEN}", text)
    return _RANDOM.sub(lambda found: _without_random(found[0]), text)


def _without_named(
    text: str, names: re.Pattern[str], values: re.Pattern[str], hides: Callable[[str], bool]
) -> str:
    """Hide values by their names: in forms and queries (``code=…&state=…``), or what is like JSON."""
    shown, done = [], 0
    for found in names.finditer(text):
        if found.start() >= done and hides(found[1]):
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
