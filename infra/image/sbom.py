"""What an image is made of, as a CycloneDX document: its Debian and Python packages, and Python itself.

It is read from what the packages' own tools have left in the image (dpkg's status, dist-info), so it tells
what is there and not what was asked for. The same image gives the same bytes.
"""

import json
import re
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.parser import HeaderParser
from importlib.metadata import PathDistribution
from pathlib import Path, PurePosixPath
from tarfile import TarFile
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License, LicenseExpression
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.image.contents import inspect, opened
from infra.local.errors import LocalError

SCHEMA = SchemaVersion.V1_6
DPKG = "var/lib/dpkg/status"
RELEASE = "usr/lib/os-release"
DIST_INFO = re.compile(r".*/site-packages/[^/]+\.dist-info/METADATA")
ENVIRONMENT = re.compile(r"(?:.*/)?pyvenv\.cfg")


@dataclass
class Inventory:
    """The files that tell what is installed."""

    dpkg: str = ""
    release: str = ""
    environment: str = ""
    packages: dict[str, bytes] = field(default_factory=dict)
    """The metadata of Python packages by the name of their dist-info folder."""


def sbom(image: str) -> bytes:
    """Return the document of an image that the engine has, in JSON.

    :raises LocalError: if there is no such image, no engine, or nothing to be told of the image.
    """
    told = inspect(image)
    with opened(image) as files:
        inventory = read(files)
    if not inventory.dpkg:
        raise LocalError(f"{image} has no {DPKG}: only images made of Debian's can be told of.")
    return document(inventory, told)


def read(files: TarFile) -> Inventory:
    """Pick what tells of packages from all files of an image."""
    found = Inventory()
    for member in files:
        name = member.name.removeprefix("./")
        content = files.extractfile(member) if member.isfile() else None
        if content is None:
            continue
        if name == DPKG:
            found.dpkg = content.read().decode()
        elif name == RELEASE:
            found.release = content.read().decode()
        elif ENVIRONMENT.fullmatch(name):
            found.environment = content.read().decode()
        elif DIST_INFO.fullmatch(name):
            found.packages[PurePosixPath(name).parent.name] = content.read()
    return found


def document(inventory: Inventory, told: Mapping[str, Any]) -> bytes:
    """Return the document of what was found in an image, of which `docker image inspect` told `told`."""
    labels: dict[str, str] = told["Config"].get("Labels") or {}
    image = _image(labels, told)
    bom = Bom(
        # Of the layers: what is the same has the same number.
        serial_number=uuid.uuid5(uuid.NAMESPACE_OID, " ".join(told["RootFS"]["Layers"])),
        metadata=BomMetaData(component=image, timestamp=_created(labels)),
    )
    python = _python_packages(inventory)
    needed = {name for _, needs in python.values() for name in needs}
    for component, needs in python.values():
        bom.components.add(component)
        bom.register_dependency(component, [python[name][0] for name in needs])
    others = [*_debian_packages(inventory), *_python_itself(inventory)]
    for component in others:
        bom.components.add(component)
        bom.register_dependency(component)
    roots = [component for name, (component, _) in python.items() if name not in needed]
    bom.register_dependency(image, [*roots, *others])
    text = make_outputter(bom, OutputFormat.JSON, SCHEMA).output_as_string(indent=2)
    return json.dumps(json.loads(text), indent=2, sort_keys=True).encode() + b"\n"


def _image(labels: Mapping[str, str], told: Mapping[str, Any]) -> Component:
    said = {key.removeprefix("org.opencontainers.image."): value for key, value in labels.items()}
    facts = {"os": told.get("Os"), "architecture": told.get("Architecture"), "revision": said.get("revision")}
    title = said.get("title", "image")
    return Component(
        type=ComponentType.CONTAINER,
        name=title,
        version=said.get("version"),
        bom_ref=title,
        licenses=_licenses(said.get("licenses")),
        properties=[Property(name=f"image:{name}", value=value) for name, value in facts.items() if value],
    )


def _created(labels: Mapping[str, str]) -> datetime:
    """When the image says it was made; the library's own would be now."""
    try:
        return datetime.fromisoformat(labels["org.opencontainers.image.created"])
    except (KeyError, ValueError):
        return datetime(1980, 1, 1, tzinfo=UTC)


def _debian_packages(inventory: Inventory) -> list[Component]:
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', inventory.release, re.MULTILINE))
    distribution = f"{release.get('ID', 'debian')}-{release.get('VERSION_ID', 'unknown')}"
    found = []
    for paragraph in re.split(r"\n\n+", inventory.dpkg.strip()):
        told = HeaderParser().parsestr(paragraph)
        if told["Status"] != "install ok installed":
            continue
        name, version, architecture = (str(told[key]) for key in ("Package", "Version", "Architecture"))
        qualifiers = {"arch": architecture, "distro": distribution}
        if source := re.fullmatch(r"(\S+)(?: \((\S+)\))?", told["Source"] or ""):
            # Debian's advisories are about sources.
            qualifiers["upstream"] = source[1] + (f"@{source[2]}" if source[2] else "")
        found.append(
            Component(
                type=ComponentType.LIBRARY,
                name=name,
                version=version,
                bom_ref=f"deb:{name}:{architecture}",
                purl=PackageURL("deb", release.get("ID", "debian"), name, version, qualifiers),
            )
        )
    return found


def _python_itself(inventory: Inventory) -> list[Component]:
    found = re.search(r"^version\s*=\s*(\S+)$", inventory.environment, re.MULTILINE)
    if not found:
        return []
    version = found[1]
    return [
        Component(
            type=ComponentType.PLATFORM,
            name="python",
            version=version,
            bom_ref="python",
            purl=PackageURL("generic", None, "python", version),
            cpe=f"cpe:2.3:a:python:python:{version}:*:*:*:*:*:*:*",
        )
    ]


def _python_packages(inventory: Inventory) -> dict[str, tuple[Component, set[str]]]:
    """The packages by name, each with the names of those among them that it needs."""
    found: dict[str, tuple[Component, set[str]]] = {}
    needs: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, metadata in sorted(inventory.packages.items()):
            info = Path(folder, name)
            info.mkdir()
            (info / "METADATA").write_bytes(metadata)
            package = PathDistribution(info)
            key = str(canonicalize_name(package.metadata["Name"]))
            needs[key] = package.requires or []
            found[key] = (_python_package(key, package), set())
    for key, requirements in needs.items():
        # Of extras, too: whether one was asked for is not written down, but what is there is there.
        wanted = {str(canonicalize_name(Requirement(text).name)) for text in requirements}
        found[key][1].update(wanted & set(found) - {key})
    return found


def _python_package(name: str, package: PathDistribution) -> Component:
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=package.version,
        bom_ref=f"pypi:{name}",
        description=_told(package, "Summary"),
        licenses=_licenses(_told(package, "License-Expression", "License")),
        purl=PackageURL("pypi", None, name, package.version),
    )


def _told(package: PathDistribution, *fields: str) -> str | None:
    """The first of some fields of a package's metadata that it has."""
    return next((package.metadata[field] for field in fields if field in package.metadata), None)


def _licenses(text: str | None) -> list[License | LicenseExpression]:
    """A licence by its name; some packages give the whole text of theirs, which is left out."""
    if not text or "\n" in text.strip():
        return []
    return [LicenseFactory().make_from_string(text.strip())]
