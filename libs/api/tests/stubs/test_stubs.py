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
from libs.api.stubs.annotations import Annotations
from libs.api.stubs.classes import ObjectStubs
from libs.api.stubs.operations import operation_lines
from libs.api.stubs.writing import STUB, stub, write

ROOT = Path(__file__).parents[4]
ODD = """
openapi: 3.1.0
info: {title: Odd, version: '1'}
security: []
paths:
  /days/{day}:
    post:
      operationId: list
      parameters:
        - {name: day, in: path, required: true, schema: {$ref: '#/components/schemas/Day'}}
        - {name: self, in: query, schema: {type: array, items: {type: string}}}
        - {name: price, in: query, schema: {type: number}}
      requestBody:
        content:
          application/json: {schema: {type: object, properties: {born: {$ref: '#/components/schemas/Day'}}}}
      responses:
        '200':
          description: Good.
          content: {application/json: {schema: {$ref: '#/components/schemas/Periods'}}}
        '201':
          description: Good.
          content: {application/json: {schema: {type: object, properties: {n: {type: integer}}}}}
  /uploads:
    post:
      operationId: upload
      requestBody: {content: {multipart/form-data: {schema: {$ref: '#/components/schemas/Upload'}}}}
      responses: {'204': {description: Good.}}
components:
  schemas:
    Day: {type: string, format: date}
    Upload:
      type: object
      properties:
        photo: {type: string, format: binary}
        more: {type: array, items: {type: string, contentMediaType: image/png}}
        told: {type: string}
    Periods: {type: array, items: {$ref: '#/components/schemas/Period'}}
    Period:
      type: object
      properties:
        str: {type: string, enum: ['a str here', b]}
        name: {type: string}
        inl: {type: object, properties: {n: {type: integer}}}
    Period_inl: {type: object, properties: {other: {type: string}}}
    weird-Name: {type: object, properties: {of: {$ref: '#/components/schemas/weird.Name'}}}
    weird.Name: {type: object, properties: {a: {type: string}}}
    class: {type: object, properties: {a: {type: string}}}
    names: {type: object, properties: {a: {type: string}}}
    ApiObject: {type: object, properties: {a: {type: string}}}
"""
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
    status: str = clients.todos.wait(clients.todos.export_todos(), seconds=5).status
    other = clients.profiles.NewProfile(profile_id="1", name="x")
    return f"{title}{status}{body.to_json()}{body.clone().name}{when}{other.name}"


def wrong(body: models.profiles.NewProfile, clients: Clients) -> None:
    models.profiles.NewProfile(profile_id=5, name="x")  # wrong: arg-type
    models.profiles.NewProfile(profile_id="x")  # wrong: call-arg
    models.profiles.NewProfile(profile_id="x", name="y", nme="x")  # wrong: call-arg
    body.nme  # wrong: attr-defined
    body.name = 5  # wrong: assignment
    models.profiles.Prfile  # wrong: attr-defined
    models.auth.KeySet_keys  # wrong: attr-defined
    models.profils.Profile  # wrong: attr-defined
    clients.profiles.get_profil(profile_id="x")  # wrong: attr-defined
    clients.profiles.get_profile(profile="x")  # wrong: call-arg
    clients.profiles.get_profile(profile_id=5)  # wrong: arg-type
    clients.profils  # wrong: attr-defined
    clients.todos.wait(5)  # wrong: call-overload
    clients.todos.wait(clients.todos.export_todos()).state  # wrong: attr-defined
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
    # With the settings of pyproject.toml, and so with what `make lint` has learnt of the modules used here.
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--show-error-codes", str(uses)],
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
        "inline: home._Person_inline | None",
        "deeper: home._Person_inline_deeper | None",
        "class_: str | None",
        "page_size_: int | None",
        "Figure: _t.TypeAlias = home.Circle | home.Square",
        "when: _datetime.datetime | int | None",
        "**further: _t.Any,",
    ):
        assert re.search(rf"^ *{re.escape(line)}$", text, re.MULTILINE), line


def test_a_contract_of_odd_names_and_schemas_without_any_has_types(tmp_path):
    for name in ("odd-shop", "property", "folder"):
        (tmp_path / f"{name}.yaml").write_text(ODD, encoding="utf-8")
    text = stub(Models(tmp_path))
    for scope in ast.walk(ast.parse(text)):
        if isinstance(scope, ast.ClassDef):
            names = [one.name for one in scope.body if isinstance(one, ast.ClassDef)]
            assert len(names) == len(set(names)), scope.name
    for line in (
        "def __getitem__(cls, api: _t.Literal['odd-shop']) -> type[_1_odd_shop]: ...",
        "def __getitem__(self, api: _t.Literal['odd-shop']) -> _1_odd_shop_client: ...",
        "@_b.property",
        "def property(self) -> _property_client: ...",
        "class _ApiObject(ApiObject):",
        "photo: _UploadedFile | None",
        "more: list[_UploadedFile] | None",
        "told: str | None",
        "photo: _t.Never = ...,",
        "class _class(ApiObject):",
        "of: _property._weird_Name_ | None",
        "inl: _property._Period_inl | None",
        "class _names(ApiObject):",
        "def __getitem__(cls, api: _t.Literal['folder']) -> type[_0_folder]: ...",
        "str: _t.Literal['a str here', 'b'] | None",
        "name: _b.str | None",
        "_self,",
        "day: _datetime.date | str,",
        "self: _abc.Sequence[str] | None = ...,",
        "price: float | None = ...,",
        "body: _abc.Mapping[str, _t.Any] = ...,",
        ") -> _b.list[_property.Period] | dict[str, _t.Any]: ...",
    ):
        assert re.search(rf"^ *{re.escape(line)}$", text, re.MULTILINE), line


def test_a_call_that_cannot_be_made_or_gives_nothing_says_so():
    document = read_document(HOME)
    nothing = {"responses": {"404": {"description": "Never there."}}}
    union = {"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}
    query = {"name": "q", "in": "query", "schema": union}
    document["paths"] = {
        "/a": {"get": {"operationId": "give_nothing", **nothing}},
        "/b": {"get": {"operationId": "cannot", "parameters": [query], **nothing}},
    }
    lines = list(operation_lines(document, Annotations(ApiModels(document, "home"), "home")))
    assert "".join(lines).replace(" ", "").startswith("defgive_nothing(")
    assert lines[-2].strip() == ") -> None: ..."
    assert lines[-1].strip() == "def cannot(self, **_: _t.Any) -> _t.Never: ..."


def test_calls_take_and_give_what_the_stub_says():
    models = ApiModels(read_document(HOME), "home")
    taken = Annotations(models, "home").of_schema({"$ref": "#/components/schemas/Scores"})
    assert taken.read == "home.Scores"
    inline = {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Address"}}
    assert Annotations(models, "home").of_schema(inline).read == "dict[str, home.Address]"
    assert type(models.wrap(inline, {"a": {"city": "Bath"}})["a"]) is models.Address
