"""A contract with one operation, to be spoiled, and what is told of it."""

import re

import pytest

from libs.api import Contract, ContractError, Dependencies
from libs.api.tests.bound import Shop

BOUND = "libs.api.tests.bound."
HEAD = """\
openapi: 3.1.0
info: {title: Shop, version: '1'}
components:
  securitySchemes:
    bearer: {type: http, scheme: bearer}
    key: {type: apiKey, in: header, name: X-API-Key}
    basic: {type: http, scheme: basic}
"""
LINES = HEAD.count("\n") + 1  # that of `paths:`, where there is nothing between


def faults(write, paths, *, top="security: []\n", contributions=(), dependencies=None):
    """Return the faults of a contract as they are told: `<line>: <text>`, the line `paths:` being 0.

    :param paths: what stands there, in YAML; $B is the module of the functions.
    """
    text = HEAD + top + "paths:\n" + re.sub("^", "  ", paths.strip("\n"), flags=re.MULTILINE)
    path = write(text.replace("$B", BOUND[:-1]).replace("OK", "{'200': {description: Good.}}"))
    with pytest.raises(ContractError) as caught:
        Contract.load(path, dependencies or Dependencies([Shop()]), contributions)
    found = []
    for fault in caught.value.faults:
        file, line, told = fault.split(":", 2)
        assert file == "shop.yaml"
        found.append(f"{int(line) - LINES - top.count(chr(10))}:{told}")
    return found


ONE = """
/x:
  get:
    operationId: an_id
    x-bind-server: $B.nothing
    responses: OK
"""
"""A good operation, to be spoiled: the path is line 1."""


def spoiled(old, new):
    assert old in ONE
    return ONE.replace(old, new)


def bound(name, more=""):
    """Return the operation with another function, and further members."""
    return spoiled("nothing", name) + more


SIGNATURE = "; the contract gives it"
