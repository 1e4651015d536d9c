"""The shell that our pages are shown in, and the headers they go with: no script, nothing from elsewhere."""

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from string import Template

from libs.api import Result

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:22rem;margin:4rem auto;padding:0 1rem}"
    "label,input,button{display:block;width:100%;box-sizing:border-box;font:inherit}"
    "input,button{padding:.5rem;margin:.25rem 0 1rem}"
    "[role=alert]{color:#b00020}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_SHELL = Template("""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>$title</title><style>$style</style></head>
<body><main>
<h1>$title</h1>
$content
</main></body></html>
""")


def page(
    title: str,
    content: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    redirects_to: str | None = None,
) -> Result:
    """Answer a page.

    :param title: as text.
    :param content: as HTML: what comes from elsewhere has to be escaped in it.
    :param redirects_to: the source (CSP) that the answer to its form may lead to, if that is another origin:
        browsers look at where a form is redirected to as well.
    """
    html = _SHELL.substitute(title=escape(title), style=_STYLE, content=content)
    safe = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "; ".join(
            (
                "default-src 'none'",
                f"style-src 'sha256-{_STYLE_HASH}'",
                f"form-action 'self' {redirects_to or ''}".rstrip(),
                "frame-ancestors 'none'",
                "base-uri 'none'",
            )
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",  # the address may hold a token
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    return Result(html, status, headers={**safe, **(headers or {})}, media_type="text/html")


def alert(text: str) -> str:
    """Return the paragraph that says what was wrong with the last try; nothing for no text."""
    return f'<p role="alert">{escape(text)}</p>\n' if text else ""
