"""Contracts of every kind and version load, and are valid OpenAPI 3.1 then."""

import json

import openapi_spec_validator
import orjson
import pytest

from libs.api.document.references import reference_faults
from libs.api.tests.document.contracts import ALL


@pytest.mark.parametrize("name", ALL)
def test_it_loads_as_valid_openapi_3_1(name, read):
    document = read(ALL[name]).document
    openapi_spec_validator.OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")
    assert reference_faults(document) == []
    assert orjson.loads(orjson.dumps(document)) == document


@pytest.mark.parametrize("name", ALL)
def test_it_is_the_same_in_json(name, read, written):
    from libs.api.document.files import parse
    from libs.api.document.places import Places
    from libs.api.document.source import read_document

    plain = parse(written({"shop.yaml": ALL[name]}), "shop.yaml", Places())
    assert read_document(written({"shop.json": json.dumps(plain)})) == read(ALL[name]).document
