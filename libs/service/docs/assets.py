"""The files of the page at ``/docs``: Swagger UI's from its package, and our own from this folder.

A file is served under a name that holds the hash of its content, so that it can be kept for ever.
"""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

PACKAGES = {
    "swagger-ui.css": "flask_swagger_ui",
    "swagger-ui-bundle.js": "flask_swagger_ui",
    "favicon-32x32.png": "flask_swagger_ui",
    "page.css": "libs.service.docs",
    "page.js": "libs.service.docs",
}
"""The package that brings each file. Of flask-swagger-ui nothing but these files is used."""

_MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "png": "image/png"}


@dataclass(frozen=True)
class Asset:
    """A file of the page.

    :param name: what it is served as: ``page.0123456789abcdef.js``.
    """

    name: str
    media_type: str
    content: bytes


def load_assets() -> dict[str, Asset]:
    """Read all files; by the names they have in their packages."""
    return {name: _load(name, package) for name, package in PACKAGES.items()}


def _load(name: str, package: str) -> Asset:
    folder = files(package) / "dist" if package == "flask_swagger_ui" else files(package)
    content = (folder / name).read_bytes()
    stem, _, ending = name.rpartition(".")
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Asset(f"{stem}.{digest}.{ending}", _MEDIA_TYPES[ending], content)
