"""Every endpoint of the three services, as their OpenAPI documents name them: the list of what is called."""

import re
from dataclasses import dataclass

from testaccept.deployment import SERVICES

# Looks like an id that the services make, and belongs to nobody.
UNKNOWN_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@dataclass(frozen=True)
class Endpoint:
    """One operation; `protected` ones answer 401 to whoever sends no valid token."""

    service: str
    method: str
    path: str
    protected: bool = True

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.path}"

    @property
    def takes_body(self) -> bool:
        return self.method in {"POST", "PATCH", "PUT"}

    @property
    def unknown_path(self) -> str:
        """The path with an id in it that nobody has."""
        return re.sub(r"{\w+}", UNKNOWN_ID, self.path)


ENDPOINTS = [
    *(
        Endpoint(service, "GET", path, protected=path == "/auth/version")
        for service in SERVICES
        for path in (
            "/ping",
            "/version",
            "/auth/version",
            "/health/live",
            "/health/ready",
            "/openapi.json",
            "/openapi.yaml",
            "/docs",
            "/docs/{file}",
        )
    ),
    Endpoint("auth", "POST", "/auth/signup", protected=False),
    Endpoint("auth", "GET", "/auth/email/verify", protected=False),
    Endpoint("auth", "POST", "/auth/email/verify", protected=False),
    Endpoint("auth", "POST", "/auth/email/verify/form", protected=False),
    Endpoint("auth", "POST", "/auth/email/verification", protected=False),
    Endpoint("auth", "POST", "/auth/password"),
    Endpoint("auth", "POST", "/auth/password/forgot", protected=False),
    Endpoint("auth", "GET", "/auth/password/reset", protected=False),
    Endpoint("auth", "POST", "/auth/password/reset", protected=False),
    Endpoint("auth", "POST", "/auth/password/reset/form", protected=False),
    Endpoint("auth", "GET", "/auth/me"),
    Endpoint("auth", "POST", "/auth/me/deletion"),
    Endpoint("auth", "GET", "/auth/users"),
    Endpoint("auth", "GET", "/auth/users/{user_id}"),
    Endpoint("auth", "DELETE", "/auth/users/{user_id}"),
    Endpoint("auth", "POST", "/auth/users/{user_id}/disable"),
    Endpoint("auth", "POST", "/auth/users/{user_id}/enable"),
    Endpoint("auth", "POST", "/auth/users/{user_id}/unlock"),
    Endpoint("auth", "PUT", "/auth/users/{user_id}/roles"),
    Endpoint("auth", "POST", "/auth/login", protected=False),
    Endpoint("auth", "POST", "/auth/refresh", protected=False),
    Endpoint("auth", "POST", "/auth/logout", protected=False),
    # These go by cookies of their own.
    Endpoint("auth", "POST", "/auth/browser/login", protected=False),
    Endpoint("auth", "POST", "/auth/browser/refresh", protected=False),
    Endpoint("auth", "POST", "/auth/browser/logout", protected=False),
    Endpoint("auth", "GET", "/auth/sessions"),
    Endpoint("auth", "DELETE", "/auth/sessions"),
    Endpoint("auth", "DELETE", "/auth/sessions/{session_id}"),
    Endpoint("auth", "POST", "/auth/token", protected=False),
    Endpoint("auth", "GET", "/auth/authorize", protected=False),
    Endpoint("auth", "POST", "/auth/authorize", protected=False),
    # These take the tokens of other programs, and none that the tests have.
    Endpoint("auth", "GET", "/auth/userinfo", protected=False),
    Endpoint("auth", "POST", "/auth/userinfo", protected=False),
    Endpoint("auth", "GET", "/.well-known/openid-configuration", protected=False),
    Endpoint("auth", "GET", "/.well-known/oauth-authorization-server", protected=False),
    Endpoint("auth", "GET", "/.well-known/jwks.json", protected=False),
    Endpoint("auth", "GET", "/.well-known/revoked.json", protected=False),
    Endpoint("auth", "GET", "/operations/{operation_id}"),
    Endpoint("auth", "POST", "/operations/{operation_id}/cancel"),
    Endpoint("auth", "GET", "/operations/{operation_id}/events"),
    Endpoint("auth", "GET", "/admin/operations"),
    Endpoint("auth", "GET", "/admin/operations/{operation_id}"),
    Endpoint("auth", "POST", "/admin/operations/{operation_id}/replay"),
    Endpoint("auth", "POST", "/admin/operations/{operation_id}/discard"),
    Endpoint("auth", "POST", "/admin/operations/{operation_id}/cancel"),
    Endpoint("profiles", "POST", "/profiles"),
    Endpoint("profiles", "GET", "/profiles/{profile_id}"),
    Endpoint("profiles", "PATCH", "/profiles/{profile_id}"),
    Endpoint("profiles", "DELETE", "/profiles/{profile_id}"),
    Endpoint("todos", "GET", "/todos"),
    Endpoint("todos", "POST", "/todos"),
    Endpoint("todos", "GET", "/todos/{todo_id}"),
    Endpoint("todos", "PATCH", "/todos/{todo_id}"),
    Endpoint("todos", "PUT", "/todos/{todo_id}"),
    Endpoint("todos", "DELETE", "/todos/{todo_id}"),
    Endpoint("todos", "GET", "/todos/group/{field}"),
    Endpoint("todos", "GET", "/todos/stats"),
    Endpoint("todos", "GET", "/todos/sample"),
    Endpoint("todos", "POST", "/todos/export"),
    Endpoint("todos", "GET", "/todos/exports/{export_id}"),
    Endpoint("todos", "POST", "/todos/erasure"),
    Endpoint("todos", "GET", "/operations/{operation_id}"),
    Endpoint("todos", "POST", "/operations/{operation_id}/cancel"),
    Endpoint("todos", "GET", "/operations/{operation_id}/events"),
    Endpoint("todos", "GET", "/admin/operations"),
    Endpoint("todos", "GET", "/admin/operations/{operation_id}"),
    Endpoint("todos", "POST", "/admin/operations/{operation_id}/replay"),
    Endpoint("todos", "POST", "/admin/operations/{operation_id}/discard"),
    Endpoint("todos", "POST", "/admin/operations/{operation_id}/cancel"),
]

PROTECTED = [endpoint for endpoint in ENDPOINTS if endpoint.protected]
