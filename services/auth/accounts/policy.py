"""Which passwords are refused (OWASP ASVS 5.0, 6.2): those that are tried first, and no others.

There are no rules about kinds of characters. The contract has the length: 12 to 256 characters.
"""

import gzip
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from libs.errors import Fault, InvalidBody
from services.auth.accounts.breaches import Breaches

LEAST_AROUND = 8
"""What a password must have beside what is known of its owner, in characters."""
MOST_STRIPPED = 6
"""So many digits and signs before and after a common password do not make it a rare one."""

_AT_THE_ENDS = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_REPEATED = re.compile(r"(.+?)\1+")


class PasswordPolicy:
    """Refuses passwords.

    :param breaches: who knows the passwords that were found in breaches; None asks nobody.
    """

    def __init__(self, breaches: Breaches | None = None) -> None:
        self._breaches = breaches

    def check(self, password: str, *, pointer: str, about: Iterable[str] = ()) -> None:
        """Take a password that somebody wants to have.

        :param pointer: where it is in the body.
        :param about: what everybody can know of its owner: e-mail address, name.
        :raises InvalidBody: PASSWORD_REFUSED; it says why, and quotes nothing.
        """
        fault = self._fault(password, about)
        if fault is not None:
            raise InvalidBody(
                "This password is too easy to guess.",
                code="PASSWORD_REFUSED",
                errors=[Fault(fault, pointer=pointer)],
            )

    def _fault(self, password: str, about: Iterable[str]) -> str | None:
        if is_common(password):
            return "is one of those that are chosen most often"
        if is_about(password, about):
            return "is little more than the e-mail address or the name"
        if self._breaches is not None and self._breaches.know(password):
            return "has been found among stolen passwords"
        return None


def is_common(password: str) -> bool:
    """Tell whether it is tried first: one on the list, a few signs around one, a piece again and again."""
    folded = password.casefold()
    core = _AT_THE_ENDS.sub("", folded)
    repeated = _REPEATED.fullmatch(folded)
    if repeated and len(repeated[1]) < LEAST_AROUND:
        return True
    stripped = core if len(folded) - len(core) <= MOST_STRIPPED else folded
    return not _common().isdisjoint({folded, stripped, repeated[1] if repeated else folded})


def is_about(password: str, about: Iterable[str]) -> bool:
    """Tell whether little is left of it without what is known of its owner."""
    left = password.casefold()
    for known in sorted(_words(about), key=len, reverse=True):
        left = left.replace(known, "")
    return len(left) < min(LEAST_AROUND, len(password))


def _words(about: Iterable[str]) -> set[str]:
    words = set()
    for text in about:
        folded = text.casefold()
        words |= {folded, *re.split(r"[\W_]+", folded), folded.partition("@")[0]}
    return {word for word in words if len(word) >= 4}


@cache
def _common() -> frozenset[str]:
    packed = (files("services.auth.accounts") / "data" / "common-passwords.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode().splitlines())
