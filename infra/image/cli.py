"""The command line."""

import argparse
import os
import sys
from collections.abc import Sequence

from infra.image.build import build, parts
from infra.image.revision import read_revision
from infra.image.sbom import sbom
from infra.local.errors import LocalError
from infra.local.output import say
from infra.local.paths import ROOT

LISTS = ROOT / "dist" / "sbom"
"""Where lists of parts go: ``<service>-<commit>.cdx.json``."""
TARGETS = {"build": "image", "sbom": "sbom"}
"""What they are called in the Makefile."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 1 is the exit code of one that failed."""
    parser = argparse.ArgumentParser(prog="python -m infra.image", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in {"build": "build an image", "sbom": "build an image and write what is in it"}.items():
        command = commands.add_parser(name, help=what)
        command.add_argument("service", nargs="?", help=f"one of {', '.join(parts())}")
        command.add_argument("--platform", default=os.environ.get("PLATFORM") or None)
    given = parser.parse_args(arguments)
    try:
        if not given.service:
            raise LocalError(f"say of which service: make {TARGETS[given.command]} SERVICE={parts()[0]}")
        revision = read_revision()
        if revision.dirty:
            say("The work tree is not what was committed: the image's commit ends in -dirty.")
        image = build(given.service, revision, platform=given.platform)
        if given.command == "build":
            print(image)
            return 0
        file = LISTS / f"{given.service}-{revision.commit}.cdx.json"
        content = sbom(image)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        print(file.relative_to(ROOT))
    except LocalError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0
