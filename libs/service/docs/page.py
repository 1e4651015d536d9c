"""The page at ``/docs`` and its files."""

import hashlib
from collections.abc import Mapping
from functools import cached_property
from html import escape
from importlib.resources import files
from string import Template

from libs.api import Result
from libs.errors import NotFound
from libs.service.docs.assets import Asset, load_assets
from libs.service.docs.documents import unless_known
from libs.service.docs.menu import origin

_SAFE = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}


class Page:
    """Answers ``/docs`` and ``/docs/{file}``.

    :param service: the service whose page it is.
    :param menu: the base URLs of services by name, the page's own needs not be among them.
    :param login_url: where e-mail and password are exchanged for a token; None for a page that has no form
        for them.
    :param enabled: whether there is such a page; everything is a 404 if not.
    """

    def __init__(
        self, service: str, *, menu: Mapping[str, str], login_url: str | None, enabled: bool = True
    ) -> None:
        self._service = service
        self._menu = menu
        self._login_url = login_url
        self._enabled = enabled

    # Read when first asked for: workers, and services whose page nobody opens, need none of it.
    @cached_property
    def _assets(self) -> dict[str, Asset]:
        return load_assets()

    @cached_property
    def _by_name(self) -> dict[str, Asset]:
        return {asset.name: asset for asset in self._assets.values()}

    @cached_property
    def _html(self) -> str:
        template = Template((files("libs.service.docs") / "page.html").read_text())
        return template.substitute(
            service=escape(self._service),
            options="\n".join(self._options()),
            login=escape(self._login_url or ""),
            icon=self._assets["favicon-32x32.png"].name,
            swagger_css=self._assets["swagger-ui.css"].name,
            swagger_js=self._assets["swagger-ui-bundle.js"].name,
            page_css=self._assets["page.css"].name,
            page_js=self._assets["page.js"].name,
        )

    def _options(self) -> list[str]:
        # The page's own document is the one beside it, by whatever address the page was reached.
        documents = {self._service: "openapi.json"} | {
            name: f"{url}/openapi.json" for name, url in self._menu.items() if name != self._service
        }
        return [
            f'<option value="{escape(name)}" data-document="{escape(documents[name])}"'
            f"{' selected' if name == self._service else ''}>{escape(name)}</option>"
            for name in [*self._menu, *(documents.keys() - self._menu.keys())]
        ]

    @cached_property
    def _policy(self) -> str:
        """The Content-Security-Policy: our own files, and requests to the services of the menu."""
        urls = [*self._menu.values(), *([self._login_url] if self._login_url else [])]
        policy = {
            "default-src": ["'self'"],
            "connect-src": ["'self'", *dict.fromkeys(map(origin, urls))],
            "img-src": ["'self'", "data:"],  # the icons in Swagger UI's style sheet
            "base-uri": ["'none'"],
            "form-action": ["'none'"],
            "frame-ancestors": ["'none'"],
            "object-src": ["'none'"],
        }
        return "; ".join(f"{name} {' '.join(sources)}" for name, sources in policy.items())

    def get(self, if_none_match: str | None) -> Result:
        """Answer the page.

        :raises NotFound: if there is none here.
        """
        self._require()
        headers = {
            **_SAFE,
            "Cache-Control": "no-cache",
            "Content-Security-Policy": self._policy,
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
        }
        # The policy is told by a header, so a page that has another one is another page.
        digest = hashlib.sha256((self._policy + self._html).encode()).hexdigest()[:32]
        return unless_known(if_none_match, digest, lambda: self._html, headers)

    def get_file(self, file: str, if_none_match: str | None) -> Result:
        """Answer a file of the page.

        :param file: its name with the hash of its content.
        :raises NotFound: for any other name.
        """
        self._require()
        asset = self._by_name.get(file)
        if asset is None:
            raise NotFound
        headers = {**_SAFE, "Cache-Control": "public, max-age=31536000, immutable"}
        return unless_known(if_none_match, asset.name, lambda: asset.content, headers, asset.media_type)

    def _require(self) -> None:
        if not self._enabled:
            raise NotFound
