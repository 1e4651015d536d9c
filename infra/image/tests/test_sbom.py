"""The list of what is in an image, made of files that an image has."""

import io
import json
import tarfile
from typing import Any

import pytest
from cyclonedx.validation.json import JsonStrictValidator

from infra.image.sbom import SCHEMA, document, read

DPKG = """\
Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.0.22-1~deb12u2
Description: Secure Sockets Layer toolkit
 Package: trap

Package: libgcc-s1
Status: install ok installed
Architecture: amd64
Source: gcc-12 (12.2.0-14)
Version: 12.2.0-14+deb12u1

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
"""
FLASK = """\
Metadata-Version: 2.4
Name: Flask
Version: 3.1.3
Summary: A simple framework
License-Expression: BSD-3-Clause
Requires-Dist: werkzeug>=3.1
Requires-Dist: asgiref>=3.2; extra == "async"
"""
WERKZEUG = """\
Metadata-Version: 2.1
Name: Werkzeug
Version: 3.1.5
License: Permission is hereby granted,
        to any person
"""
FILES = {
    "var/lib/dpkg/status": DPKG,
    "usr/lib/os-release": 'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n',
    "opt/venv/pyvenv.cfg": "home = /usr/local/bin\nversion = 3.13.7\n",
    "opt/venv/lib/python3.13/site-packages/flask-3.1.3.dist-info/METADATA": FLASK,
    "opt/venv/lib/python3.13/site-packages/werkzeug-3.1.5.dist-info/METADATA": WERKZEUG,
    "app/METADATA": "Name: no package",
}
TOLD: dict[str, Any] = {
    "Os": "linux",
    "Architecture": "arm64",
    "RootFS": {"Layers": ["sha256:1", "sha256:2"]},
    "Config": {
        "Labels": {
            "org.opencontainers.image.title": "polymacaron-todos",
            "org.opencontainers.image.version": "v1.4.0",
            "org.opencontainers.image.revision": "c" * 40,
            "org.opencontainers.image.licenses": "MIT",
            "org.opencontainers.image.created": "2026-01-02T03:04:05Z",
        }
    },
}


def listed(files: dict[str, str], told: dict[str, Any] = TOLD) -> bytes:
    """The document of an image that has these files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    packed.seek(0)
    with tarfile.open(fileobj=packed, mode="r|") as tar:
        return document(read(tar), told)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(listed(FILES))
    return loaded


def test_it_keeps_the_schema() -> None:
    for told in (TOLD, {**TOLD, "Config": {"Labels": None}}):
        assert JsonStrictValidator(SCHEMA).validate_str(listed(FILES, told).decode()) is None


def test_packages_are_named_as_advisories_name_them(told: dict[str, Any]) -> None:
    assert {part["purl"] for part in told["components"]} == {
        "pkg:deb/debian/libssl3@3.0.22-1~deb12u2?arch=amd64&distro=debian-12&upstream=openssl",
        "pkg:deb/debian/libgcc-s1@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12&upstream=gcc-12%4012.2.0-14",
        "pkg:generic/python@3.13.7",
        "pkg:pypi/flask@3.1.3",
        "pkg:pypi/werkzeug@3.1.5",
    }


def test_who_needs_whom(told: dict[str, Any]) -> None:
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in told["dependencies"]}
    assert needs["pypi:flask"] == ["pypi:werkzeug"]
    assert "pypi:werkzeug" not in needs["polymacaron-todos"]
    assert {"pypi:flask", "python", "deb:libssl3:amd64"} <= set(needs["polymacaron-todos"])


def test_licences_are_told_by_name_and_no_text_passes_for_one(told: dict[str, Any]) -> None:
    licences = {part["name"]: part.get("licenses") for part in told["components"]}
    assert licences["flask"] == [{"license": {"id": "BSD-3-Clause"}}]
    assert licences["werkzeug"] is None


def test_the_image_is_told_by_its_labels(told: dict[str, Any]) -> None:
    image = told["metadata"]["component"]
    assert (image["name"], image["version"], image["type"]) == ("polymacaron-todos", "v1.4.0", "container")
    properties = {one["name"]: one["value"] for one in image["properties"]}
    assert properties == {"image:os": "linux", "image:architecture": "arm64", "image:revision": "c" * 40}
    assert told["metadata"]["timestamp"] == "2026-01-02T03:04:05+00:00"


def test_the_same_image_gives_the_same_bytes_in_any_order_and_another_one_others() -> None:
    assert listed(FILES) == listed(dict(reversed(FILES.items())))
    changed = {**TOLD, "RootFS": {"Layers": ["sha256:1", "sha256:3"]}}
    numbers = {json.loads(listed(FILES, one))["serialNumber"] for one in (TOLD, changed)}
    assert len(numbers) == 2
