"""Roles, and the scopes that the tokens of their holders carry."""

import re
from collections.abc import Iterable, Mapping

NAME = re.compile(r"[a-z][a-z0-9:._-]{0,63}")
"""What a role can be called; as in the contract."""

ROLE_SCOPES: Mapping[str, frozenset[str]] = {"admin": frozenset({"users:admin", "tasks:admin"})}
"""Scopes by role. A role that is not here has none: services may look at the role itself."""


def scopes_of(roles: Iterable[str]) -> frozenset[str]:
    """Return the scopes that these roles have together."""
    return frozenset().union(*(ROLE_SCOPES.get(role, frozenset()) for role in roles))
