"""The images themselves: what is in them, and how they start and stop. `make testimage` runs this.

It builds images, which takes minutes where no layer of them is there, and so is no part of `make test`.
"""

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import tarfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement

from infra.image import prune, secrets
from infra.image.build import PROXY, build, parts
from infra.image.contents import inspect, opened
from infra.image.revision import Revision, read_revision
from infra.image.sbom import SCHEMA, sbom
from infra.local.paths import ROOT

if "TEST_IMAGES" not in os.environ:
    pytest.skip("`make testimage` runs them, where a Docker engine answers", allow_module_level=True)
SERVICES = [part for part in parts() if part != PROXY]
BYTES_BEYOND_THE_BASE = 200_000_000
USER = 10001
EPOCH = 315532800  # 1980-01-01
PACKAGES = "opt/venv/lib/python3.13/site-packages/"
COMPILERS = re.compile(r"(.*-)?(gcc|g\+\+|cc|c\+\+|clang|tcc|ld|as|make|cmake|rustc|go)(-[\d.]+)?")
INSTALLERS = re.compile(r"(pip|easy_install|uv|conda|npm)[\d.]*")
# Started without a database: readiness is not what is looked at here.
TOLD = {
    "APP_ENVIRONMENT": "local",
    "APP_CREATE_TABLES": "false",
    "APP_DYNAMODB_ENDPOINT": "http://127.0.0.1:1",
    "APP_JWT_ISSUER": "http://127.0.0.1:8101",
    "APP_JWKS_URL": "http://127.0.0.1:1/jwks.json",
    "APP_REVOCATIONS_URL": "http://127.0.0.1:1/revoked.json",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}


@dataclass(frozen=True)
class Image:
    """An image, and its files by name (without what is in them)."""

    service: str
    name: str
    told: dict[str, Any]
    files: dict[str, tarfile.TarInfo]


def docker(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def revision() -> Revision:
    return read_revision()


@pytest.fixture(scope="module", params=SERVICES)
def image(request: pytest.FixtureRequest, revision: Revision) -> Iterator[Image]:
    """The image of each service in turn."""
    name = build(request.param, revision, name=f"polymacaron/{request.param}:test-{uuid.uuid4().hex[:8]}")
    try:
        with opened(name) as tar:
            files = {member.name.removeprefix("./").rstrip("/"): member for member in tar}
        yield Image(request.param, name, inspect(name), files)
    finally:
        docker("rmi", name)


def test_it_says_what_it_is(image: Image, revision: Revision) -> None:
    config = image.told["Config"]
    labels = {key.rpartition(".")[2]: value for key, value in config["Labels"].items()}
    assert labels["title"] == f"polymacaron-{image.service}"
    assert (labels["revision"], labels["version"]) == (revision.commit, revision.version)
    assert (labels["created"], labels["source"]) == (revision.created, revision.source)
    assert labels["licenses"] == "MIT"
    assert {"description", "name"} <= set(labels)
    assert config["User"] == f"{USER}:{USER}"
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"][0] == "CMD"
    environment = dict(pair.split("=", 1) for pair in config["Env"])
    assert (environment["APP_SERVICE"], environment["APP_COMMIT"]) == (image.service, revision.commit)


def test_it_is_small(image: Image) -> None:
    """The first layer is the base image's; the sizes are those of the files."""
    sizes = docker(
        "history", "--no-trunc", "--human=false", "--format", "{{.Size}}\t{{.CreatedBy}}", image.name
    )
    copied = [
        int(line.split("\t")[0]) for line in sizes.splitlines() if line.split("\t")[1].startswith("COPY")
    ]
    assert len(copied) == 3
    assert sum(copied[:-1]) < BYTES_BEYOND_THE_BASE


def test_nothing_that_builds_or_installs_is_in_it(image: Image) -> None:
    programs = {
        Path(name).name
        for name, member in image.files.items()
        if not member.isdir() and re.fullmatch(r"(.*/)?s?bin/[^/]+", name)
    }
    assert "python3" in programs
    assert {name for name in programs if COMPILERS.fullmatch(name) or INSTALLERS.fullmatch(name)} == set()
    modules = {"pip", "ensurepip", "setuptools", "wheel", "idlelib"}
    assert {name for name in image.files if Path(name).name in modules} == set()


def test_nothing_in_it_gives_privileges(image: Image) -> None:
    given = {
        name
        for name, member in image.files.items()
        if member.isfile()
        and (
            member.mode & (stat.S_ISUID | stat.S_ISGID)
            or "SCHILY.xattr.security.capability" in member.pax_headers
        )
    }
    assert given == set()


def test_the_service_owns_nothing_but_the_folder_of_its_secrets(image: Image) -> None:
    own = {name for name, member in image.files.items() if USER in (member.uid, member.gid)}
    assert own == {"secrets", *(f"secrets/{Path(file).parent}" for file in secrets.SECRETS)}
    writable = {
        name
        for name, member in image.files.items()
        if member.mode & stat.S_IWOTH and (member.isfile() or member.isdir()) and not name.startswith("dev/")
    }
    assert writable <= {"tmp", "var/tmp", "run/lock"}


def test_everything_can_be_read_by_the_service(image: Image) -> None:
    for name, member in image.files.items():
        if name.startswith(("app/", "opt/")) and not member.issym():
            needed = stat.S_IROTH | (stat.S_IXOTH if member.isdir() else 0)
            assert member.mode & needed == needed, name


def test_it_holds_one_service_and_no_tests(image: Image) -> None:
    services = {name for name in image.files if re.fullmatch(r"app/services/[a-z0-9]+", name)}
    assert services == {f"app/services/{image.service}"}
    ours = {name.split("/")[1] for name in image.files if name.startswith("app/")}
    assert ours == {"apis", "config", "infra", "libs", "services"}
    code = [name for name in image.files if name.startswith(("app/", PACKAGES))]
    assert [name for name in code if Path(name).name in prune.TESTS and image.files[name].isdir()] == []
    assert [name for name in code if Path(name).suffix in prune.SOURCES] == []
    assert not any(
        part.startswith(".") for name in code if name.startswith("app/") for part in name.split("/")
    )
    infra = {name for name in image.files if name.startswith("app/infra/") and name.endswith(".py")}
    assert infra == {"app/infra/image/healthcheck.py", "app/infra/image/secrets.py"}


def test_of_aws_it_knows_what_services_call(image: Image) -> None:
    data = re.compile(rf"{PACKAGES}botocore/data/([^/]+)/.*")
    assert {found[1] for name in image.files if (found := data.fullmatch(name))} == prune.KEPT


def test_all_code_is_compiled(image: Image) -> None:
    """What is not is compiled by each process, at each start."""
    sources = {name for name in image.files if name.startswith(("app/", PACKAGES)) and name.endswith(".py")}
    compiled = {
        name.replace("__pycache__/", "").replace(".cpython-313.pyc", ".py")
        for name in image.files
        if name.endswith(".pyc")
    }
    assert sources
    assert sources - compiled == set()


def test_all_files_have_one_time(image: Image) -> None:
    """But for those an engine puts into every container."""
    engines = {
        ".dockerenv",
        "etc",
        "etc/hostname",
        "etc/hosts",
        "etc/mtab",
        "etc/resolv.conf",
        "dev",
        "proc",
        "sys",
    }
    others = {name for name, member in image.files.items() if member.mtime != EPOCH}
    assert {name for name in others - engines if not name.startswith("dev/")} == set()


@pytest.mark.parametrize("image", ["todos"], indirect=True)
def test_another_clone_makes_the_same_layers_without_a_cache(
    image: Image, revision: Revision, tmp_path: Path
) -> None:
    """A clone at another place and time, by a user whose files nobody else may read."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
            (tmp_path / name).chmod(0o600)
    other = build("todos", revision, root=tmp_path, name=f"{image.name}-again", cache=False)
    try:
        for ours, theirs in zip(layers(image.name, tmp_path), layers(other, tmp_path), strict=True):
            assert {name for name in ours | theirs if ours.get(name) != theirs.get(name)} == set()
    finally:
        docker("rmi", other)


def layers(image: str, folder: Path) -> list[dict[str, tuple[Any, ...]]]:
    """What is in each layer of an image, by the name of the entry: all that a tar tells of it, and a digest.

    Not the digests of the layers: an engine whose cache holds the same lower layer twice may write the
    entries of the next one in another order (Docker 20.10: ``a.yaml`` before the files of ``a/``, or behind).
    """
    saved = folder / "image.tar"
    docker("save", "--output", str(saved), image)
    found = []
    with tarfile.open(saved) as outer:
        (manifest,) = json.load(member(outer, "manifest.json"))
        for name in manifest["Layers"]:
            with tarfile.open(fileobj=member(outer, name)) as layer:
                found.append({entry.name: everything(layer, entry) for entry in layer})
    saved.unlink()
    return found


def member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    found = tar.extractfile(name)
    assert found is not None
    return found


def everything(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> tuple[Any, ...]:
    content = tar.extractfile(entry) if entry.isreg() else None
    digest = hashlib.file_digest(content, "sha256").hexdigest() if content else None
    owner = (entry.uid, entry.gid, entry.uname, entry.gname)
    device = (entry.devmajor, entry.devminor)
    return (entry.type, entry.mode, owner, entry.mtime, entry.linkname, device, entry.pax_headers, digest)


@pytest.mark.parametrize("image", ["todos"], indirect=True)
def test_the_list_of_parts_has_what_was_pinned(image: Image) -> None:
    content = sbom(image.name)
    assert JsonStrictValidator(SCHEMA).validate_str(content.decode()) is None
    parts = {(part["bom-ref"], part["version"]) for part in json.loads(content)["components"]}
    pins = re.findall(
        r"^([a-z][^\\\n]*?) ?\\?$", (ROOT / "requirements/runtime.txt").read_text(), re.MULTILINE
    )
    wanted = [Requirement(line) for line in pins if "==" in line]
    here = {
        "python_version": "3.13",
        "python_full_version": "3.13.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
    }
    pinned = {
        (f"pypi:{one.name}", str(one.specifier).removeprefix("=="))
        for one in wanted
        if one.marker is None or one.marker.evaluate({**here, "extra": ""})
    }
    assert {part for part in parts if part[0].startswith("pypi:")} == pinned
    assert {"python", "deb:libc6"} <= {
        name.removesuffix(":amd64").removesuffix(":arm64") for name, _ in parts
    }


@pytest.fixture
def container(image: Image) -> Iterator[str]:
    """A web process, confined as compose confines it, and without a network; it is healthy."""
    confined = ["--read-only", "--tmpfs", "/tmp:size=64m", "--cap-drop", "ALL", "--network", "none"]  # noqa: S108
    confined += ["--security-opt", "no-new-privileges", "--memory", "512m", "--init"]
    told = [word for name, value in TOLD.items() for word in ("--env", f"{name}={value}")]
    name = docker("create", *confined, *told, image.name)
    try:
        with subprocess.Popen(
            ["docker", "events", "--filter", f"container={name}", "--format", "{{.Action}}"],
            stdout=subprocess.PIPE,
            text=True,
        ) as events:
            try:
                docker("start", name)
                assert events.stdout is not None
                for event in events.stdout:
                    if event.startswith("health_status"):
                        assert event.strip() == "health_status: healthy", docker("logs", name)
                        break
                    assert not event.startswith("die"), docker("logs", name, check=False)
            finally:
                events.kill()
        yield name
    finally:
        docker("rm", "--force", "--volumes", name)


@pytest.mark.parametrize("image", ["profiles"], indirect=True)
def test_it_starts_read_only_as_its_user_and_stops_gently(container: str) -> None:
    def inside(code: str) -> str:
        return docker("exec", container, "python", "-c", code)

    assert inside("import os; print(os.getuid(), os.getgid(), os.getgroups())") == f"{USER} {USER} [{USER}]"
    # Nothing can be written but what is meant to be, and nobody becomes somebody else.
    assert (
        inside("import os; print(os.access('/app', os.W_OK), os.access('/opt/venv', os.W_OK))")
        == "False False"
    )
    assert "Read-only file system" in inside("try: open('/secrets/x', 'w')\nexcept OSError as e: print(e)")
    assert inside("open('/tmp/x', 'w').write('x'); print('written')") == "written"
    assert inside("import pwd, os; print(pwd.getpwuid(os.getuid()).pw_name)") == "app"
    assert (
        inside("import importlib.util as u; print(u.find_spec('pip'), u.find_spec('ensurepip'))")
        == "None None"
    )
    docker("stop", "--time", "25", container)
    state = json.loads(docker("inspect", "--format", "{{json .State}}", container))
    assert (state["ExitCode"], state["OOMKilled"]) == (0, False), docker("logs", container)
