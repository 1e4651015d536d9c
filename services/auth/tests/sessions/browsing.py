"""A browser, as far as cookies are concerned, and one host that it calls: for the tests of its sessions."""

from typing import Any

import httpx

from libs.api import InProcess
from libs.service import Running

HOST = "https://app.example.com"
PASSWORD = "correct horse battery"
ACCESS, CSRF, REFRESH = "__Host-access", "__Host-csrf", "__Secure-refresh"
Cookies = dict[str, str]


class Site(httpx.BaseTransport):
    """One host: leads to todos by the path, and else to auth."""

    def __init__(self, auth: Running, todos: Running) -> None:
        self._auth, self._todos = InProcess(auth.web_app()), InProcess(todos.web_app())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        to_todos = request.url.path.startswith("/todos")
        return (self._todos if to_todos else self._auth).handle_request(request)


class Browser(httpx.Client):
    """Keeps cookies as a browser does, but for SameSite, and sends them."""

    def __init__(self, site: Site) -> None:
        super().__init__(transport=site, base_url=HOST, trust_env=False)

    def log_in(self, email: str, password: str = PASSWORD, **options: Any) -> httpx.Response:
        return self.post("/auth/browser/login", json={"email": email, "password": password}, **options)

    @property
    def csrf(self) -> dict[str, str]:
        """The header that a page of ours sends."""
        return {"X-CSRF-Token": self.cookies[CSRF]}

    def refresh(self, **options: Any) -> httpx.Response:
        """Refresh as our page does; with other headers as somebody else's."""
        return self.post(
            "/auth/browser/refresh", **({} if "headers" in options else {"headers": self.csrf}), **options
        )

    def log_out(self, **options: Any) -> httpx.Response:
        """Log out, likewise."""
        return self.post(
            "/auth/browser/logout", **({} if "headers" in options else {"headers": self.csrf}), **options
        )

    @property
    def kept(self) -> Cookies:
        return dict(self.cookies)

    def keep(self, cookies: Cookies) -> None:
        """Have these cookies and no others."""
        self.cookies.clear()
        for name, value in cookies.items():
            path = "/auth/browser" if name == REFRESH else "/"
            self.cookies.set(name, value, domain="app.example.com", path=path)
