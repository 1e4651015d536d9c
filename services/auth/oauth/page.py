"""The page on which somebody logs in for a client: one form, no script, nothing from elsewhere."""

import base64
import hashlib
from html import escape

from libs.api import Result
from services.auth.clients import OAuthClient
from services.auth.oauth.authorization import Destination

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:22rem;margin:4rem auto;padding:0 1rem}"
    "label,input,button{display:block;width:100%;box-sizing:border-box;font:inherit}"
    "input,button{padding:.5rem;margin:.25rem 0 1rem}"
    "[role=alert]{color:#b00020}"
)
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Log in</title><style>{style}</style></head>
<body><main>
<h1>Log in</h1>
<p>{name} will know who you are.</p>
{alert}<form method="post">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="username" maxlength="254" required autofocus
 value="{email}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="256" required>
<button>Log in</button>
</form>
<p><a href="{cancel}">Not now</a></p>
</main></body></html>
"""


def page(
    client: OAuthClient,
    destination: Destination,
    *,
    email: str = "",
    alert: str | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Result:
    """Answer the page.

    The form goes to the address of the page itself, so that what the client asked for is checked again then.

    :param alert: what was wrong with the last try.
    """
    html = _PAGE.format(
        style=_STYLE,
        name=escape(client.name),
        alert=f'<p role="alert">{escape(alert)}</p>\n' if alert else "",
        email=escape(email),
        cancel=escape(destination.url(error="access_denied")),
    )
    return Result(html, status, headers={**_headers(destination), **(headers or {})}, media_type="text/html")


def _headers(destination: Destination) -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = (
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        # Browsers look at where a form is redirected to as well.
        f"form-action 'self' {destination.source}",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "; ".join(policy),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
