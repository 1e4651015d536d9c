"""Reading contracts: YAML as JSON has it, and one clear line for all that is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.api import ContractError, read_document

HEAD = "openapi: 3.1.0\n"


def told(path):
    """Return what is said of a document that cannot be read: one line that names it."""
    with pytest.raises(ContractError) as caught:
        read_document(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(str(path))
    return text.removeprefix(str(path))


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("a: 1\nb: 2\na: 3\n", 4, "a"),
        ("paths:\n  /x:\n    get: {}\n    post: {}\n    get: {}\n", 6, "get"),
        ("a: {b: 1, b: 2}\n", 2, "b"),
        ("200: a\n'200': b\n", 3, "200"),
        ("openapi: 3.1.0\n", 2, "openapi"),
        ("x:\n  - {c: 1}\n  - {c: 1,\n     c: 2}\n", 5, "c"),
    ],
)
def test_a_key_given_twice_is_an_error_that_names_its_line(text, line, key, write):
    assert told(write(HEAD + text)) == f":{line}: '{key}' stands here twice"


def test_the_same_key_in_two_places_is_fine(write):
    assert read_document(write(HEAD + "a: {x: 1}\nb: {x: 1}\n"))["b"] == {"x": 1}


def test_dates_stay_text_as_in_json(write):
    text = HEAD + "examples: [2026-01-02, 2026-01-02T03:04:05Z, '2026-01-02']\n"
    found = read_document(write(text))["examples"]
    assert found == ["2026-01-02", "2026-01-02T03:04:05Z", "2026-01-02"]


@pytest.mark.parametrize(
    "text", ["", "5", "[]", "a: 1", "openapi: 3.0.3", "openapi: 2", "swagger: '2.0'", "null"]
)
def test_anything_but_openapi_3_1_is_refused(text, write):
    assert told(write(text)) == ":1: not an OpenAPI 3.1 document (`openapi: 3.1.0` is missing)"


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1\nb: 2\n", 3), ("\ta: 1\n", 2), ("a: *x\n", 2), ("a: !!python/name:os.system x\n", 2)],
)
def test_a_fault_of_the_yaml_names_its_line(text, line, write):
    assert told(write(HEAD + text)).startswith(f":{line}: ")


@pytest.mark.parametrize("content", [b"\xff", b"\x00", b"a: \x07", b"? [a]\n: b\n", b"a: !!int x"])
def test_what_is_no_yaml_at_all_is_told_in_one_line(content, tmp_path):
    path = tmp_path / "shop.yaml"
    path.write_bytes(HEAD.encode() + content)
    assert told(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    assert told(tmp_path / "none.yaml") == ": cannot be read: No such file or directory"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("contracts") / "any.yaml"


@given(st.text(max_size=60) | st.text("abx:-?[]{}&*!|>%@'\"# \n0159.~", max_size=60), st.booleans())
def test_any_text_is_a_document_or_a_contract_error(scratch, text, headed):
    scratch.write_text(HEAD * headed + text, encoding="utf-8")
    try:
        assert read_document(scratch)["openapi"]
    except ContractError as error:
        assert str(error).startswith(str(scratch))  # noqa: PT017 - either outcome is good
