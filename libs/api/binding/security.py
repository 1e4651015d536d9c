"""Who may call an operation: its Security Requirements, and what of them the service itself looks at.

The service verifies one kind of credential: ``Authorization: Bearer …``. Schemes of the types `http` (scheme
`bearer`), `oauth2` and `openIdConnect` are sent so, and an `apiKey` in the header Authorization as well.
Where a scheme is an `apiKey` in the cookie ``__Host-access``, the same token may come in there
(`libs.jwt.cookies`); so ``[{bearer: [a]}, {cookie: []}]`` asks for the scope `a` wherever the token comes.
Whatever else a scheme asks for (an API key in a header of its own, Basic, a certificate) is looked at by a
decorator of the operation that runs before validation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from libs.api.document.errors import suggestion
from libs.api.document.references import resolve
from libs.api.schema import JSON
from libs.jwt import Caller, bearer_token
from libs.jwt.challenges import insufficient_scope
from libs.jwt.cookies import ACCESS_COOKIE, check_csrf

Authenticate = Callable[[str], Caller]
"""Turns a bearer token into its caller or raises `Unauthorized`."""

BEARER: JSON = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
COOKIE: JSON = {"type": "apiKey", "in": "cookie", "name": ACCESS_COOKIE}
SCHEMES = {"bearer": BEARER, "cookie": COOKIE}
"""What the operations that do not come from a contract's file mean by these names."""

_SAY = (
    "say `security: []` for everybody, or `security: [{bearer: []}]` for callers with a token, there or at "
    "the top of the document"
)


_MIXED = (
    "asks for a token and something else in one alternative, and has another alternative: which of them a "
    "request has met, the decorator that looks at the other scheme cannot know; make them two operations"
)


@dataclass(frozen=True)
class Security:
    """What an operation asks of who calls it.

    :param tokens: for each alternative that a token is part of, the scopes it has to hold.
    :param anybody: whether nobody has to be known.
    :param elsewhere: the schemes that a decorator has to look at.
    :param tokenless: whether there is an alternative that no token is part of.
    :param cookie: whether the token may come in the cookie.
    """

    tokens: tuple[frozenset[str], ...] = ()
    anybody: bool = False
    elsewhere: tuple[str, ...] = ()
    tokenless: bool = False
    cookie: bool = False

    @classmethod
    def of(cls, node: Mapping[str, Any], document: Mapping[str, Any]) -> "Security":
        """Read the requirements of an Operation Object, or else of the document.

        :raises ValueError: if neither says anything, names a scheme that is not declared, or has an
            alternative of a token and something else beside another one.
        """
        requirements = node.get("security", document.get("security"))
        if requirements is None:
            raise ValueError(f"does not say who may call it: {_SAY}")
        if requirements == [{}]:
            raise ValueError(f"has one empty security requirement: {_SAY}")
        tokens: list[frozenset[str]] = []
        elsewhere: dict[str, None] = {}
        tokenless = not requirements
        cookie = carried = False
        for requirement in requirements:
            by_token = {name for name in requirement if _is_token(name, document)}
            in_cookie = any(_is_cookie(name, document) for name in requirement)
            cookie = cookie or in_cookie
            if 0 < len(by_token) < len(requirement) and len(requirements) > 1:
                raise ValueError(_MIXED)
            if in_cookie and len(requirement) == 1 and not any(requirement.values()):
                carried = True
            elif by_token:
                tokens.append(frozenset(scope for name in by_token for scope in requirement[name]))
            tokenless = tokenless or not by_token
            elsewhere |= dict.fromkeys(name for name in requirement if name not in by_token)
        if carried and not tokens:
            # Beside another alternative it only says where the token may come: it must not undo its scopes.
            tokens.append(frozenset())
        anybody = not requirements or {} in requirements
        return cls(tuple(tokens), anybody, tuple(elsewhere), tokenless, cookie)

    @property
    def known(self) -> bool:
        """Whether the handler can rely on there being a caller."""
        return bool(self.tokens or self.elsewhere) and not self.anybody

    @property
    def scopes(self) -> frozenset[str]:
        """All scopes that may be asked for."""
        return frozenset().union(*self.tokens)

    def caller(self, sent: Sequence[str], authenticate: Authenticate) -> Caller | None:
        """Return who calls, None where nobody has to be known, or has been known yet.

        Whoever need not be known and sends a token without the scopes is nobody: a `Caller` has the scopes.

        :param sent: the values of the request's Authorization headers.
        :raises Unauthorized: for a token that is not there, or not valid.
        :raises Forbidden: if it lacks the scopes.
        """
        if not self.tokens or (self.tokenless and not self._is_sent(sent)):
            return None
        return self._allowed(authenticate(bearer_token(sent)))

    def caller_by_cookie(
        self, token: str, method: str, csrf: str | None, authenticate: Authenticate
    ) -> Caller | None:
        """Return who calls with a token in the cookie, as `caller` does.

        :param csrf: the value of the header X-CSRF-Token.
        :raises Unauthorized: for a token that is not valid, or was not made for a cookie.
        :raises Forbidden: if it lacks the scopes; CSRF_TOKEN_INVALID, if no page of ours has sent it.
        """
        caller = authenticate(token)
        check_csrf(caller, method, csrf)
        return self._allowed(caller)

    def _allowed(self, caller: Caller) -> Caller | None:
        if any(needed <= caller.scopes for needed in self.tokens):
            return caller
        if self.tokenless:
            return None
        missing = dict.fromkeys(" ".join(sorted(needed - caller.scopes)) for needed in self.tokens)
        nearest = min(self.tokens, key=lambda needed: len(needed - caller.scopes))
        raise insufficient_scope(f"The token lacks the scope {', or '.join(missing)}.", nearest)

    def _is_sent(self, sent: Sequence[str]) -> bool:
        # Another scheme's credentials may stand in the same header.
        return any(one.strip().lower().startswith("bearer") for one in sent) if self.elsewhere else bool(sent)


def is_like(name: str, document: Mapping[str, Any]) -> bool:
    """Tell whether a scheme of `SCHEMES` means in a document what it means there."""
    return _is_cookie(name, document) if name == "cookie" else _is_token(name, document)


def _is_cookie(name: str, document: Mapping[str, Any]) -> bool:
    scheme: JSON = resolve(document["components"]["securitySchemes"][name], document)
    return (scheme.get("type"), scheme.get("in"), scheme.get("name")) == ("apiKey", "cookie", ACCESS_COOKIE)


def _is_token(name: str, document: Mapping[str, Any]) -> bool:
    schemes: JSON = document.get("components", {}).get("securitySchemes", {})
    if name not in schemes:
        raise ValueError(
            f"asks for the security scheme {name!r}, which is not declared{suggestion(name, schemes)}: write "
            f"components: {{securitySchemes: {{{name}: {{type: http, scheme: bearer}}}}}}, or in Swagger 2.0 "
            f"securityDefinitions: {{{name}: {{type: apiKey, in: header, name: Authorization}}}}"
        )
    scheme: JSON = resolve(schemes[name], document)
    kind = scheme.get("type")
    return (
        kind in ("oauth2", "openIdConnect")
        or _is_cookie(name, document)
        or (kind == "http" and str(scheme.get("scheme")).lower() == "bearer")
        or (
            kind == "apiKey"
            and scheme.get("in") == "header"
            and str(scheme.get("name")).lower() == "authorization"
        )
    )
