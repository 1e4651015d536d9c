"""What is personal, by its name and by its looks: none of it is told in a report.

A report may leave the house, for a chat or for another company's servers. Ids stay, so that whoever may look
a person up can do so here.
"""

import re
from collections.abc import Callable, Iterable

from libs.errors.looks import HIDDEN, is_secret_name, letters_of, words_of
from libs.errors.redaction import Redaction

_PARTS = (
    *("email", "phone", "surname", "firstname", "lastname", "fullname", "givenname", "familyname"),
    *("nickname", "displayname", "maidenname", "username", "birth", "postcode", "postalcode", "zipcode"),
    *("creditcard", "cardnumber", "passport", "socialsecurity", "taxid", "latitude", "longitude"),
    *("remoteaddr", "forwardedfor", "geolocation", "useragent"),
)
"""What makes a name a personal one's wherever it stands in it."""
_WORDS = frozenset(
    {"mail", "mobile", "fax", "address", "addresses", "street", "zip", "dob", "ssn", "ip", "ips", "iban"}
    | {"bic", "vat", "gender", "sex", "lat", "lng", "lon", "gps"}
)
"""What does as a word of it."""
_NAMES = frozenset({"name", "names", "user", "users", "city", "login", "handle", "age"})
"""What does as all of it: a task and a queue have names, too."""

_MAILBOX = re.compile(r"(?<![\w.%+-])[\w.%+-]{1,64}(?:@|%40)(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")
_PHONE = re.compile(r"(?<![\w.])(?:\+|00)[1-9]\d{0,2}[ ./()-]{0,2}(?:\d[ ./()-]{0,2}){5,12}\d(?!\w)")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:]*(?:::|(?::[0-9A-Fa-f]{1,4}){7}))[0-9A-Fa-f:]{3,39}(?![\w:])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")


def is_personal_name(name: str) -> bool:
    """Whether what is called so tells of a person, or may."""
    plain = letters_of(name)
    return plain in _NAMES or any(part in plain for part in _PARTS) or not _WORDS.isdisjoint(words_of(name))


def without_personal(text: str) -> str:
    """Return a text without mailboxes, numbers of telephones, cards and accounts, and IP addresses."""
    text = _MAILBOX.sub(HIDDEN, text)
    text = _IBAN.sub(HIDDEN, text)
    text = _CARD.sub(lambda found: HIDDEN if _is_card(found[0]) else found[0], text)
    text = _PHONE.sub(HIDDEN, text)
    text = _IPV4.sub(HIDDEN, text)
    return _IPV6.sub(HIDDEN, text)


def for_reports(fields: Iterable[str] = ()) -> Redaction:
    """Return what hides secrets and what is personal.

    :param fields: more names of what is personal, however they are written: ``shoe_size``, ``shoeSize``.
    :raises ValueError: for one without letters.
    """
    own = frozenset(map(letters_of, fields))
    if "" in own:
        raise ValueError("the name of a personal field has letters")
    return Redaction(_hiding(own), without_personal)


def _hiding(own: frozenset[str]) -> Callable[[str], bool]:
    def hides(name: str) -> bool:
        return is_secret_name(name) or is_personal_name(name) or letters_of(name) in own

    return hides


def _is_card(run: str) -> bool:
    """Whether it ends with the check digit of a card (ISO/IEC 7812-1 annex B)."""
    digits = [int(one) for one in reversed(run) if one.isdigit()]
    doubled = (sum(divmod(2 * one, 10)) for one in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
