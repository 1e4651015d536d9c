"""The page on which somebody logs in for a client."""

from collections.abc import Mapping
from html import escape

from libs.api import Result
from libs.errors import BadRequest
from services.auth import html
from services.auth.clients import OAuthClient
from services.auth.oauth.authorization import Destination

TITLE = "Log in"
_NOWHERE = "You cannot log in for it, and nothing was sent to it. Tell whoever makes the program."
_CONTENT = """<p>{told}</p>
{alert}<form method="post">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" autocomplete="username" maxlength="254" required autofocus
 value="{email}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="256" required>
<button>Log in</button>
</form>
<p><a href="{cancel}">Not now</a></p>"""


def page(
    client: OAuthClient,
    destination: Destination,
    *,
    email: str = "",
    alert: str | None = None,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Result:
    """Answer the page.

    The form goes to the address of the page itself, so that what the client asked for is checked again then.

    :param alert: what was wrong with the last try.
    """
    content = _CONTENT.format(
        told=escape(_told(client)),
        alert=html.alert(alert or ""),
        email=escape(email),
        cancel=escape(destination.url(error="access_denied")),
    )
    return html.page(TITLE, content, status=status, headers=headers, redirects_to=destination.source)


def unavailable(detail: str, headers: Mapping[str, str]) -> Result:
    """Answer a page without the form, while nobody can log in."""
    return html.page(TITLE, html.alert(detail), status=503, headers=headers)


def refusal(refused: BadRequest) -> Result:
    """Answer a page that leads nowhere: what the program that has sent somebody here asks for is wrong.

    What is wrong with the form as well is not told: nobody could fill it in again here.
    """
    faults = [f"{one.parameter} {one.detail}" for one in refused.errors if one.parameter]
    told = "; ".join(faults) or refused.detail or refused.title
    content = f"{html.alert(told)}<p>{_NOWHERE}</p>"
    return html.page(TITLE, content, status=refused.status, headers=refused.headers)


def _told(client: OAuthClient) -> str:
    """Return what the client can do with the tokens it gets."""
    services = " and ".join(sorted(client.audiences or ()))
    told = f"{client.name} will know who you are, and your e-mail address."
    return f"{told} It may do in {services} whatever you may do there." if services else told
