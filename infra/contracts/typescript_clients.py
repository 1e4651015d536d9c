"""TypeScript: the types of a service's operations by openapi-typescript, to be used with openapi-fetch."""

import json
import shutil
import tempfile
from pathlib import Path

from infra.contracts.programs import ensure_programs, start
from infra.local.errors import LocalError


def write(documents: list[Path], folder: Path, samples: Path) -> None:
    """Write ``<service>.ts`` for each document, and check them.

    :raises LocalError: if a document cannot be written as types, or the types or the sample do not compile.
    """
    folder.mkdir(parents=True)
    for document in documents:
        types = folder / f"{document.stem}.ts"
        done = start("openapi-typescript/bin/cli.js", document, "--output", types)
        if done.returncode != 0 or not types.is_file():
            raise LocalError(f"no TypeScript client of {document.name}:\n{done.stderr.strip()}")
    check(folder, samples / "program.ts")


def check(folder: Path, program: Path) -> None:
    """Compile the types in `folder`, and a program that uses them, with ``tsc --strict``.

    :raises LocalError: with what tsc said.
    """
    modules = ensure_programs()
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        shutil.copy(program, scratch)
        options = {
            "strict": True,
            "exactOptionalPropertyTypes": True,
            "noUncheckedIndexedAccess": True,
            "noEmit": True,
            "skipDefaultLibCheck": True,  # those of TypeScript itself: a third of the time
            "target": "es2022",
            "lib": ["es2022", "dom"],
            "module": "esnext",
            "moduleResolution": "bundler",
            "types": [],
            "paths": {
                "openapi-fetch": [str(modules / "openapi-fetch")],
                "clients/*": [str(folder / "*")],
            },
        }
        settings = {"compilerOptions": options, "files": [program.name, *map(str, folder.glob("*.ts"))]}
        Path(scratch, "tsconfig.json").write_text(json.dumps(settings))
        done = start("typescript/bin/tsc", "--project", scratch)
    if done.returncode != 0:
        raise LocalError(f"the TypeScript clients do not compile:\n{done.stdout.strip()}")
