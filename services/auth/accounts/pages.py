"""The pages that mailed links lead to: each a form, no script, nothing from elsewhere.

Opening one does nothing, for programs that look for viruses open links, too; its button does. A site with
pages of its own has links lead there (`APP_PUBLIC_URL`), and calls the operations that take JSON.
"""

from html import escape
from string import Template

from libs.api import Result, models
from libs.dynamodb import Database
from libs.errors import Problem
from libs.service import ClientAddress
from services.auth import html
from services.auth.accounts.gate import Gate
from services.auth.accounts.new_password import NewPassword
from services.auth.accounts.signing_up import confirm

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
CONFIRM, CHOOSE = "Confirm your e-mail address", "Choose a new password"


def show_verification(token: str) -> Result:
    """Answer the page that a link leads to which confirms an address."""
    return html.page(CONFIRM, _filled(_VERIFY, token, "verify/form"))


def verify(
    body: models.auth.VerificationForm, database: Database, gate: Gate, address: ClientAddress
) -> Result:
    """Do what the button of that page is for."""
    try:
        gate.link(address)
        confirm(database, body.token)
    except Problem as problem:
        return _refused(problem, CONFIRM, _filled(_VERIFY, body.token, "form", problem))
    return html.page(CONFIRM, "<p>Your e-mail address is confirmed. You can log in now.</p>")


def show_reset(token: str) -> Result:
    """Answer the page that a link leads to which lets somebody choose a new password."""
    return html.page(CHOOSE, _filled(_RESET, token, "reset/form"))


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
    return html.page(CHOOSE, "<p>Your password is changed. You can log in with it now.</p>")


def _filled(form: Template, token: str, action: str, problem: Problem | None = None) -> str:
    # An action is relative: the service may stand behind a path of a larger site.
    told = ""
    if problem is not None:
        told = " ".join([problem.detail or problem.title, *(f"It {one.detail}." for one in problem.errors)])
    return form.substitute(alert=html.alert(told), token=escape(token), action=action)


def _refused(problem: Problem, title: str, content: str) -> Result:
    if problem.status >= 500:
        raise problem
    return html.page(title, content, status=problem.status, headers=problem.headers)
