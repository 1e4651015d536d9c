"""Where contracts are."""

import pytest

from libs.api.document.errors import ContractError
from libs.api.document.files import APIS, contract_names, contract_path, read_published

CONTRACT = "openapi: 3.1.0\n"


@pytest.fixture
def folder(written):
    return written({
        "auth.yaml": CONTRACT,
        "shop.yml": "# comment\nswagger: '2.0'\n",
        "more/books.json": '{\n "openapi": "3.0.0"}',
        "more/one-line.json": '{"info": {}, "openapi": "3.0.0"}',
        "more/parts.yaml": "Book: {type: object}\n",
        "published/auth.json": '{"openapi": "3.1.0"}',
        "published/gone.json": '{"openapi": "3.1.0"}',
        ".#auth.yaml": CONTRACT,
        "#auth.yaml": CONTRACT,
        "notes.txt": CONTRACT,
        "both/auth2.yaml": CONTRACT,
    }).parent  # fmt: skip


def test_contracts_are_all_files_that_say_so_in_folders_below_too(folder):
    assert contract_names(folder) == ["auth", "auth2", "books", "one-line", "shop"]


def test_a_contract_is_found_by_its_name(folder):
    assert contract_path("auth", folder) == folder / "auth.yaml"
    assert contract_path("books", folder) == folder / "more" / "books.json"
    assert contract_path("parts", folder) == folder / "more" / "parts.yaml"


def test_a_contract_that_is_not_there_is_told_with_a_near_miss(folder):
    with pytest.raises(ContractError) as caught:
        contract_path("shpo", folder)
    said = str(caught.value)
    assert said.endswith("(did you mean 'shop'?); there are auth, auth2, books, one-line, shop")
    for name in ("gone", "", "../auth", "*"):
        with pytest.raises(ContractError, match="there is no such contract"):
            contract_path(name, folder)


def test_two_contracts_of_one_name_are_told(folder):
    (folder / "both" / "auth.json").write_text('{"swagger": "2.0"}')
    with pytest.raises(ContractError, match=r"/auth.yaml and .*/both/auth.json have the same name"):
        contract_path("auth", folder)


def test_the_contracts_of_this_repository_are_found():
    assert set(contract_names()) >= {"auth", "profiles", "todos"}
    assert contract_path("todos") == APIS / "todos.yaml"


def test_a_published_document_that_cannot_be_read_is_told_with_what_writes_it():
    assert read_published("todos")["openapi"].startswith("3.1")
    with pytest.raises(
        ContractError, match=r"apis/published/none.json cannot be read: .*; `make contracts` writes it"
    ):
        read_published("none")
