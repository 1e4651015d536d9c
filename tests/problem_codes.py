"""Which codes of problems the source raises: found by reading it, not by running it."""

import ast
import builtins
import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from libs.errors import Problem
from libs.service.problems.codes import Code

ROOT = Path(__file__).parents[1]
CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
NO_PROBLEMS = {"RemoteDetails"}
"""What takes a `code` and makes no problem of it."""


@dataclass(frozen=True)
class Raised:
    """A code where it stands in the source.

    :param status: what it is answered with; None where a function, and not a class, makes the problem.
    """

    code: str
    status: int | None
    where: str


def sources() -> list[Path]:
    """Return the files of the libraries and services, without their tests."""
    found = [*(ROOT / "libs").rglob("*.py"), *(ROOT / "services").rglob("*.py")]
    return sorted(path for path in found if "tests" not in path.parts)


def problem_classes(paths: list[Path]) -> dict[str, type[Problem]]:
    """Return the classes of problems by name, all modules that define one having been imported."""
    for path in paths:
        if re.search(r"^class \w+\(", path.read_text(), re.MULTILINE) and path.name != "__main__.py":
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    found: dict[str, type[Problem]] = {}
    waiting: list[type[Problem]] = [Problem]
    while waiting:
        one = waiting.pop()
        if one.__module__.split(".")[0] in ("libs", "services") and ".tests." not in one.__module__:
            found[one.__name__] = one
        waiting.extend(one.__subclasses__())
    return found


def raised(path: Path, classes: dict[str, type[Problem]]) -> Iterator[Raised]:
    """Yield the codes that a file gives to problems: of its classes, and where it makes one.

    Where a name is given as code, it is the parameter of a function, and stands where that is called.

    :raises ValueError: for a code that cannot be read off the source.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.ClassDef) and node.name in classes:
            kind = classes[node.name]
            if "code" in vars(kind):
                yield Raised(kind.code, kind.status, where)
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = next((one.value for one in node.keywords if one.arg == "code"), None)
            if given is None or name in NO_PROBLEMS or hasattr(builtins, name):
                continue
            kind_made = classes.get(name)
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                if CODE.fullmatch(given.value):
                    yield Raised(given.value, kind_made and kind_made.status, where)
                elif kind_made is not None:
                    raise ValueError(f"{where}: {given.value!r} is no code: write it as NOT_FOUND")
            elif kind_made is not None and not isinstance(given, ast.Name):
                raise ValueError(f"{where}: a code has to stand there as it is")


def faults(declared: Mapping[str, Code], found: Iterable[Raised]) -> list[str]:
    """Return what is wrong between the codes that are declared and those that are raised."""
    told, places = [], dict[str, list[Raised]]()
    for one in found:
        places.setdefault(one.code, []).append(one)
        code = declared.get(one.code)
        if code is not None and one.status not in (None, code.status):
            told.append(f"{one.where}: {one.code} is a {one.status} here, and declared as {code.status}")
    for name, raises in places.items():
        code = declared.get(name)
        if code is None:
            told.append(
                f"{raises[0].where}: declare {name} in a problems.yaml beside it, see CONTRIBUTING.md"
            )
        elif not any(one.where.startswith(f"{code.room}/") for one in raises):
            told.append(f"{code.room}/problems.yaml: {name} is not raised there, but in {raises[0].where}")
    told += [
        f"{code.room}/problems.yaml: {name} is raised nowhere"
        for name, code in declared.items()
        if name not in places
    ]
    return told
