"""Who a request or task acts for."""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from libs.errors import Forbidden
from libs.errors.variable_scope import VariableScope
from libs.jwt.challenges import insufficient_scope

SERVICE = "service:"
"""What the subjects of services begin with; no user's id looks like it."""

_caller: ContextVar["Caller | None"] = ContextVar("caller", default=None)


@dataclass(frozen=True)
class Caller:
    """The subject of a verified access token.

    :param subject: the `sub` claim: a user's id, or ``service:<name>`` for a service.
    :param scopes: the `scope` claim, split.
    :param roles: the `roles` claim.
    :param token: the token itself while a request lasts, to pass on to other services; a task has none.
    :param claims: all claims of the token, read-only as deep as they go: objects are mappings, arrays tuples.
        Empty in a task.
    :param actor: who acts for the subject (`act`, RFC 8693 section 4.1): ``service:<name>``; None for the
        subject itself.
    :param audience: the services that take the token (`aud`); None where that is not known.
    """

    subject: str
    scopes: frozenset[str] = frozenset()
    token: str | None = field(default=None, repr=False, compare=False)
    roles: frozenset[str] = frozenset()
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    actor: str | None = None
    audience: frozenset[str] | None = field(default=None, repr=False, compare=False)

    @property
    def session(self) -> str | None:
        """The session the token belongs to (`sid`); None for one that belongs to none."""
        return self.claims.get("sid")

    @property
    def token_id(self) -> str | None:
        """The `jti` claim."""
        return self.claims.get("jti")

    @property
    def issuer(self) -> str | None:
        """The `iss` claim."""
        return self.claims.get("iss")

    def require_scopes(self, *scopes: str) -> None:
        """:raises Forbidden: if a scope is missing."""
        missing = sorted(set(scopes) - self.scopes)
        if missing:
            raise insufficient_scope(f"The token lacks the scope {' '.join(missing)}.", scopes)

    def require_roles(self, *roles: str) -> None:
        """:raises Forbidden: if a role is missing."""
        missing = sorted(set(roles) - self.roles)
        if missing:
            raise Forbidden(f"The caller lacks the role {' '.join(missing)}.")

    def to_json(self) -> dict[str, Any]:
        """Return what a task needs to act for this caller later: never the token."""
        told: dict[str, Any] = {
            "subject": self.subject,
            "scopes": sorted(self.scopes),
            "roles": sorted(self.roles),
        }
        if self.audience is not None:
            told["audience"] = sorted(self.audience)
        if self.actor is not None:
            told["actor"] = self.actor
        return told

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Caller":
        """Return the caller that `to_json` was called on."""
        # Rows that were stored before there were roles, audiences and actors have none.
        audience = data.get("audience")
        return cls(
            data["subject"],
            frozenset(data["scopes"]),
            roles=frozenset(data.get("roles", ())),
            actor=data.get("actor"),
            audience=None if audience is None else frozenset(audience),
        )


def current_caller() -> Caller | None:
    """Return the caller of the request or task being worked on, or None where nobody is known."""
    return _caller.get()


def acting_as(caller: Caller | None) -> VariableScope[Caller | None]:
    """Make `caller` the current one for the length of a with-block."""
    return VariableScope(_caller, caller)
