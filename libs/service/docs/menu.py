"""The menu of ``/docs``: services by name, and where each is found."""

import re
from urllib.parse import urlsplit

_SERVICE = re.compile(
    r"([a-z][a-z0-9_-]*)=(https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?)(/[A-Za-z0-9._~/-]*)?\Z"
)


def read_menu(text: str) -> dict[str, str]:
    """Read a comma list of services: ``auth=https://auth.example.com,todos=https://example.com/todos``.

    :return: by name the base URL, without a slash at its end.
    :raises ValueError: if it is none; quotes nothing of the text.
    """
    menu: dict[str, str] = {}
    for number, one in enumerate(text.split(","), 1):
        found = _SERVICE.match(one.strip())
        if found is None:
            raise ValueError(f"Number {number} is not like auth=https://auth.example.com.")
        name, origin, path = found.groups()
        if name in menu:
            raise ValueError(f"Number {number} has the name of another.")
        menu[name] = origin + (path or "").rstrip("/")
    return menu


def origin(url: str) -> str:
    """Return scheme, host and port of a URL."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))
