"""The types of objects and clients: libs/api/typed.pyi."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from libs.api.document.source import read_document
from libs.api.objects.folder import Models
from libs.api.objects.models import ApiModels
from libs.api.stubs.classes import ObjectStubs
from libs.api.stubs.writing import STUB, stub, write

ROOT = Path(__file__).parents[4]
HOME = Path(__file__).parents[1] / "objects" / "home.yaml"
USES = """\
import datetime

from libs.api.typed import Clients, models


def right(body: models.profiles.NewProfile, clients: Clients) -> str:
    when: datetime.datetime = clients.profiles.get_profile(profile_id="me", auth="token").created_at
    clients.profiles.create_profile(body=body)
    clients.profiles.create_profile(body={"profile_id": "u1", "name": "Ada"})
    body.name = "Eve"
    models["profiles"].names()
    todo = clients.todos.list_todos(limit=3).items[0]
    title: str = todo.title
    other = clients.profiles.NewProfile(profile_id="1", name="x")
    return f"{title}{body.to_json()}{body.clone().name}{when}{other.name}"


def wrong(body: models.profiles.NewProfile, clients: Clients) -> None:
    models.profiles.NewProfile(profile_id=5, name="x")  # wrong: arg-type
    models.profiles.NewProfile(profile_id="x")  # wrong: call-arg
    models.profiles.NewProfile(profile_id="x", name="y", nme="x")  # wrong: call-arg
    body.nme  # wrong: attr-defined
    body.name = 5  # wrong: assignment
    models.profiles.Prfile  # wrong: attr-defined
    models.profils.Profile  # wrong: attr-defined
    clients.profiles.get_profil(profile_id="x")  # wrong: attr-defined
    clients.profiles.get_profile(profile="x")  # wrong: call-arg
    clients.profiles.get_profile(profile_id=5)  # wrong: arg-type
    clients.profils  # wrong: attr-defined
"""


def test_the_stub_is_what_the_contracts_say():
    if STUB.read_text(encoding="utf-8") != stub(Models()):
        pytest.fail("libs/api/typed.pyi is not what apis/ says: run `make contracts`, look, commit")


def test_writing_changes_what_has_drifted(tmp_path):
    to = tmp_path / "typed.pyi"
    assert (write(to), write(to)) == (True, False)
    to.write_text("")
    assert write(to)
    assert to.read_text(encoding="utf-8") == STUB.read_text(encoding="utf-8")


def test_right_uses_pass_mypy_and_wrong_ones_do_not(tmp_path):
    uses = tmp_path / "uses.py"
    uses.write_text(USES, encoding="utf-8")
    options = ["--strict", "--explicit-package-bases", "--follow-imports=silent", "--show-error-codes"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, "--cache-dir", str(tmp_path / "cache"), str(uses)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = {int(m[1]): m[2] for m in re.finditer(r"uses\.py:(\d+): error: .*\[([\w-]+)\]", done.stdout)}
    expected = {
        number: line.partition("# wrong: ")[2]
        for number, line in enumerate(USES.splitlines(), 1)
        if "# wrong: " in line
    }
    assert told == expected, done.stdout + done.stderr


def test_every_kind_of_schema_has_a_type():
    home = ApiModels(read_document(HOME), "home")
    text = "class home:\n" + "\n".join(ObjectStubs(home, "home").lines())
    ast.parse(text)
    for line in (
        "address: home.Address | None",
        "office: home.Address | None",
        "born_at: _datetime.datetime | None",
        "born_at: _datetime.datetime | str = ...,",
        "price: _decimal.Decimal | None",
        "picture: bytes | None",
        "colour: _t.Literal['red', 'blue']",
        "others: _abc.MutableSequence[home.Address] | None",
        "grid: _abc.MutableSequence[_abc.MutableSequence[home.Address]] | None",
        "by_name: _abc.MutableMapping[str, home.Address] | None",
        "tags: list[str] | None",
        "inline: home.Person_inline | None",
        "deeper: home.Person_inline_deeper | None",
        "class_: str | None",
        "page_size_: int | None",
        "Figure: _t.TypeAlias = home.Circle | home.Square",
        "when: _datetime.datetime | int | None",
        "**further: _t.Any,",
    ):
        assert re.search(rf"^ *{re.escape(line)}$", text, re.MULTILINE), line
