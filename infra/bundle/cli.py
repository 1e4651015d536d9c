"""The command line: `make bundle SERVICE=todos STAGE=live`."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.aws.clients import Aws
from infra.aws.errors import AwsError
from infra.aws.stage import STAGES, Stage, load_stage
from infra.bundle.images import DIGEST, PROXY, Images, images_of, reference
from infra.bundle.writing import write_bundle

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"


def main(arguments: Sequence[str] | None = None, stages: Path = STAGES, folder: Path = DIST) -> int:
    """Write a bundle and print where it is; 2 is the exit code of one that could not be written."""
    parser = argparse.ArgumentParser(prog="python -m infra.bundle", description=__doc__)
    parser.add_argument("service", help="such as todos")
    parser.add_argument("stage", help="a file of infra/stages/, such as live")
    parser.add_argument("--commit", help="in 40 digits; HEAD if absent")
    parser.add_argument(
        "--role", choices=("web", "worker"), default="web", help="worker: the environment of workers"
    )
    parser.add_argument("--digest", help="of the service's image, sha256:…; ECR is asked if absent")
    parser.add_argument("--proxy-digest", help="of the proxy's image, sha256:…; ECR is asked if absent")
    given = parser.parse_args(arguments)
    try:
        stage = load_stage(given.stage, stages)
        commit = given.commit or _head()
        images = _images(stage, given.service, commit, given.digest, given.proxy_digest)
        folder.mkdir(parents=True, exist_ok=True)
        print(write_bundle(stage, given.service, commit, images, folder, given.role))
    except AwsError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    return 0


def _images(stage: Stage, service: str, commit: str, digest: str | None, proxy: str | None) -> Images:
    if service not in stage.services:
        raise AwsError(
            f"SERVICE={service} is none of {', '.join(sorted(stage.services))}, which {stage.name} has."
        )
    if digest is None and proxy is None:
        return images_of(Aws(stage.region), stage, service, commit)
    for option, told in (("--digest", digest), ("--proxy-digest", proxy)):
        if told is None or not DIGEST.fullmatch(told):
            raise AwsError(f"{option} must be sha256: and 64 digits; ECR is asked where neither is given.")
    return Images(reference(stage, service, str(digest)), reference(stage, PROXY, str(proxy)))


def _head() -> str:
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise AwsError("git does not tell the commit: give --commit.")
    return done.stdout.strip()
