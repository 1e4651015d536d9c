"""The OpenAPI document, as it is served."""

import re

from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from libs.api import read_published
from libs.service import Running
from libs.service.testing import ROOT


def test_the_served_document_is_valid_openapi(client: FlaskClient) -> None:
    OpenAPIV31SpecValidator(client.get("/openapi.json").get_json()).validate()


def test_what_is_served_is_what_is_published(client: FlaskClient) -> None:
    assert client.get("/openapi.json").get_json() == read_published("todos"), "make contracts"


def test_every_operation_says_what_a_problem_looks_like(running: Running) -> None:
    for operation in running.contract.operations:
        node = running.contract.document["paths"][operation.path][operation.method.lower()]
        assert "application/problem+json" in node["responses"]["default"]["content"]


def test_the_resource_in_the_readme_is_the_resource() -> None:
    shown = re.search(
        r"^class TodoResource\(.*?^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert shown
    code = (ROOT / "services/todos/resources.py").read_text().splitlines()
    places = [code.index(line) for line in shown[0].splitlines()[:-1]]
    assert places == sorted(places)
