"""A contract that somebody made to keep us busy is refused in good time, and clearly."""

import json
import time

import pytest

from libs.api.document import building
from libs.api.document.errors import MAX_FAULTS, suggestion
from libs.api.document.files import contract_names

HEAD = "openapi: 3.1.0\ninfo: {title: Shop, version: '1'}\npaths: {}\ncomponents:\n  schemas:\n"
MANY = 5000


@pytest.fixture(autouse=True)
def in_good_time():
    started = time.process_time()
    yield
    assert time.process_time() - started < 30


def schemas(made, count=MANY):
    return HEAD + "".join(f"    S{number}: {made(number)}\n" for number in range(count))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda n: "{type: objekt}", "'type' has to be array, boolean"),
        (lambda n: "{tpye: object}", "'tpye' is not known in a schema"),
        (lambda n: f"{{$ref: 'none{n}.yaml#/A'}}", "leads nowhere: there is no such file"),
        (lambda n: f"{{$ref: '#/components/schemas/S{(n + 1) % MANY}'}}", "comes after 20 others"),
        (lambda n: f"{{$ref: '#none{n}'}}", "leads nowhere: no schema has the `$anchor`"),
    ],
    ids=["wrong", "unknown", "nowhere", "circle", "anchors"],
)
def test_of_many_faults_some_are_told(faults, made, told):
    found = faults(schemas(made))
    assert len(found) == MAX_FAULTS
    assert all(told in one for one in found)


def test_of_many_parameters_that_lead_nowhere_some_are_told(faults):
    text = HEAD.replace("schemas", "parameters") + "".join(
        f"    P{n}: {{$ref: '#/components/parameters/Q{n}'}}\n" for n in range(MANY)
    )
    assert len(faults(text)) == MAX_FAULTS


def test_a_row_of_references_may_be_long_enough_for_people(read, faults):
    def row(number):
        return f"{{$ref: '#/components/schemas/S{number + 1}'}}"

    assert read(schemas(row, 20) + "    S20: {}\n").document["components"]["schemas"]["S20"] == {}
    assert "S21'" in faults(schemas(row, 21) + "    S21: {}\n")[0]


def test_many_anchors_are_found(read):
    text = HEAD + "".join(f"    A{n}: {{$anchor: a{n}}}\n    R{n}: {{$ref: '#a{n}'}}\n" for n in range(3000))
    assert read(text).document["components"]["schemas"]["R2999"] == {"$ref": "#/components/schemas/A2999"}


def test_many_parts_of_one_name_are_brought_in(read):
    parts = "x-parts: {" + ", ".join(f"a{n}: {{X: {{title: t{n}}}}}" for n in range(MANY)) + "}\n"
    text = parts + schemas(lambda n: f"{{$ref: '#/x-parts/a{n}/X'}}")
    found = read(text).document["components"]["schemas"]
    assert len({found[f"S{n}"]["$ref"] for n in range(MANY)}) == MANY
    assert found[found["S7"]["$ref"].rpartition("/")[-1]] == {"title": "t7"}


@pytest.mark.parametrize("name", ["shop.yaml", "shop.json"])
def test_a_file_holds_no_more_values_than_a_contract_has(faults, name, monkeypatch):
    monkeypatch.setattr(building, "MAX_VALUES", 1000)
    text = json.dumps({"openapi": "3.1.0", "x-a": [0] * 1000})
    assert faults(text, name) == [f"{name}:1: the file up to here holds more than 1,000 values"]


def test_an_alias_of_a_long_text_stands_for_more_than_one_value(faults):
    text = 'openapi: 3.1.0\nx-a: &a "' + "x" * 1_000_000 + '"\nx-b: [' + ",".join(["*a"] * 30) + "]\n"
    assert faults(text) == ["shop.yaml:3: the aliases up to here stand for more than 200,000 values"]


def test_a_file_of_empty_lines_is_no_contract(tmp_path):
    (tmp_path / "empty.yaml").write_text("\n" * 100_000)
    (tmp_path / "braces.yaml").write_text("{ " * 100_000)
    (tmp_path / "shop.yaml").write_text('\n{\n  "openapi": "3.1.0"}')
    assert contract_names(tmp_path) == ["shop"]


@pytest.mark.parametrize("end", ["\x0c", "\u00a0", "\u2028"])
def test_other_blanks_than_those_of_json_are_told(faults, end):
    assert faults("{}" + end, "shop.json") == [f"shop.json:1: {end!r} is no JSON here"]


def test_a_near_miss_is_looked_for_among_so_many_names(faults):
    assert suggestion("petz", (f"name{n}" for n in range(10**6))) == ""
    assert suggestion("petz", ["pets"]) == " (did you mean 'pets'?)"


def test_a_default_that_makes_no_url_is_told(faults):
    text = "openapi: 3.1.0\ninfo: {title: Shop, version: '1'}\npaths: {}\nservers:\n"
    text += "  - url: https://{host}/v1\n    variables: {host: {default: '['}}\n"
    assert faults(text) == ["shop.yaml:5: 'https://{host}/v1' is no URL"]
