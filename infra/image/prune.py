"""Remove from an environment what no service reads; the Dockerfile runs it: `prune.py /opt/venv`.

- botocore's descriptions of the parts of AWS that nothing here calls: 25 MB of 28. A service that begins to
  call another part needs its name in KEPT; a test compares it with what the code calls.
- what is for those who develop or compile against a package: its tests, its stubs, its C and Fortran sources.
- the shell scripts by which a person steps into an environment.

It needs nothing but the standard library.
"""

import shutil
import sys
from pathlib import Path

KEPT = frozenset({"dynamodb", "secretsmanager", "sqs", "ssm", "sso", "sso-oidc", "sts"})
"""The parts of AWS a service may call: its own calls, kombu's, and those botocore gets credentials with."""
TESTS = frozenset({"test", "tests"})
SOURCES = frozenset({".pyi", ".pyx", ".pxd", ".pxi", ".c", ".h", ".f", ".f90", ".a"})


def surplus(environment: Path) -> list[Path]:
    """Return the files and folders to remove, no one inside of another one."""
    (packages,) = environment.glob("lib/python3*/site-packages")
    parts = [path for path in (packages / "botocore" / "data").iterdir() if path.is_dir()]
    gone = {path for path in parts if path.name not in KEPT}
    gone |= {path for name in TESTS for path in packages.rglob(name) if path.is_dir()}
    gone |= {path for path in packages.rglob("*") if path.suffix in SOURCES and path.is_file()}
    gone |= set(environment.glob("bin/[Aa]ctivate*"))
    return sorted(path for path in gone if not gone & set(path.parents))


def main(arguments: list[str]) -> None:
    """Remove it."""
    for path in surplus(Path(arguments[0])):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
