"""What a client sends to have somebody log in, and reads of the answer."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

BACK = "https://app.example.com/back"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
"""What browsers send as Accept where somebody follows a link."""
PASSWORD = "correct horse battery"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
Register = Callable[..., tuple[str, str | None]]
Query = dict[str, str]


def told(answer: Any) -> dict[str, str]:
    """Return what a client is told by a redirection."""
    assert answer.status_code == 303, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    parts = urlsplit(answer.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == BACK
    return {name: one for name, (one,) in parse_qs(parts.query, strict_parsing=True).items()}
