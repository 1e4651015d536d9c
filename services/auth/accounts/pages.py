"""The pages that mailed links lead to: each a form, no script, nothing from elsewhere.

Opening one does nothing, for programs that look for viruses open links, too; its button does. A site with
pages of its own has links lead there (`APP_PUBLIC_URL`), and calls the operations that take JSON.
"""

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from string import Template

from libs.api import Result, models
from libs.dynamodb import Database
from libs.errors import Problem
from libs.service import ClientAddress
from services.auth.accounts.gate import Gate
from services.auth.accounts.new_password import NewPassword
from services.auth.accounts.signing_up import confirm

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:22rem;margin:4rem auto;padding:0 1rem}"
    "label,input,button{display:block;width:100%;box-sizing:border-box;font:inherit}"
    "input,button{padding:.5rem;margin:.25rem 0 1rem}"
    "[role=alert]{color:#b00020}"
)
_PAGE = Template("""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>$title</title><style>$style</style></head>
<body><main>
<h1>$title</h1>
$content
</main></body></html>
""")
_VERIFY = Template("""$alert<p>Confirm that this is your e-mail address.</p>
<form method="post" action="$action">
<input type="hidden" name="token" value="$token">
<button>Confirm</button>
</form>""")
_RESET = Template("""$alert<form method="post" action="$action">
<input type="hidden" name="token" value="$token">
<label for="password">New password, of at least 12 characters</label>
<input id="password" name="password" type="password" autocomplete="new-password" minlength="12"
 maxlength="256" required autofocus>
<button>Save</button>
</form>""")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            f"style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


CONFIRM, CHOOSE = "Confirm your e-mail address", "Choose a new password"


def show_verification(token: str) -> Result:
    """Answer the page that a link leads to which confirms an address."""
    return _page(CONFIRM, _filled(_VERIFY, token, "verify/form"))


def verify(
    body: models.auth.VerificationForm, database: Database, gate: Gate, address: ClientAddress
) -> Result:
    """Do what the button of that page is for."""
    try:
        gate.link(address)
        confirm(database, body.token)
    except Problem as problem:
        return _refused(problem, CONFIRM, _filled(_VERIFY, body.token, "form", problem))
    return _page(CONFIRM, "<p>Your e-mail address is confirmed. You can log in now.</p>")


def show_reset(token: str) -> Result:
    """Answer the page that a link leads to which lets somebody choose a new password."""
    return _page(CHOOSE, _filled(_RESET, token, "reset/form"))


def reset(
    body: models.auth.ResetForm,
    new_password: NewPassword,
    database: Database,
    gate: Gate,
    address: ClientAddress,
) -> Result:
    """Do what the button of that page is for."""
    try:
        gate.link(address)
        new_password.reset(database, body.token, body.password, address=address)
    except Problem as problem:
        return _refused(problem, CHOOSE, _filled(_RESET, body.token, "form", problem))
    return _page(CHOOSE, "<p>Your password is changed. You can log in with it now.</p>")


def _filled(form: Template, token: str, action: str, problem: Problem | None = None) -> str:
    # An action is relative: the service may stand behind a path of a larger site.
    alert = ""
    if problem is not None:
        told = [problem.detail or problem.title, *(f"It {one.detail}." for one in problem.errors)]
        alert = f'<p role="alert">{escape(" ".join(told))}</p>\n'
    return form.substitute(alert=alert, token=escape(token), action=action)


def _refused(problem: Problem, title: str, content: str) -> Result:
    if problem.status >= 500:
        raise problem
    return _page(title, content, problem.status, problem.headers)


def _page(title: str, content: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Result:
    html = _PAGE.substitute(title=title, style=_STYLE, content=content)
    return Result(html, status, headers={**_HEADERS, **(headers or {})}, media_type="text/html")
