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
    Endpoint("auth", "POST", "/auth/login", protected=False),
    Endpoint("auth", "GET", "/.well-known/jwks.json", protected=False),
    Endpoint("auth", "GET", "/operations/{operation_id}"),
    Endpoint("profiles", "POST", "/profiles"),
    Endpoint("profiles", "GET", "/profiles/{profile_id}"),
    Endpoint("profiles", "PATCH", "/profiles/{profile_id}"),
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
    Endpoint("todos", "GET", "/operations/{operation_id}"),
]

PROTECTED = [endpoint for endpoint in ENDPOINTS if endpoint.protected]
