"""The path before the paths."""

import pytest

from libs.api.document.servers import base_path


@pytest.mark.parametrize(
    ("servers", "base"),
    [
        (None, ""),
        ([], ""),
        ([{"url": "/"}], ""),
        ([{"url": "/v1"}], "/v1"),
        ([{"url": "/v1/"}], "/v1"),
        ([{"url": "v1"}], "/v1"),
        ([{"url": "https://a.example"}], ""),
        ([{"url": "https://a.example/"}], ""),
        ([{"url": "https://a.example:8080/x/v1/"}], "/x/v1"),
        ([{"url": "//a.example/v1"}], "/v1"),
        ([{"url": "https://a.example/v1"}, {"url": "http://localhost/other"}], "/v1"),
        (
            [
                {
                    "url": "https://{host}/{base}",
                    "variables": {"host": {"default": "a.example"}, "base": {"default": "v2"}},
                }
            ],
            "/v2",
        ),
        ([{"url": "{all}", "variables": {"all": {"default": "https://a.example/v3"}}}], "/v3"),
    ],
)
def test_the_path_of_the_first_server_stands_before_every_path(servers, base):
    assert base_path({} if servers is None else {"servers": servers}) == base


def test_the_innermost_servers_count():
    document, item, operation = ({"servers": [{"url": f"/{name}"}]} for name in ("all", "item", "one"))
    assert base_path(document, item, operation) == "/one"
    assert base_path(document, item, {}) == "/item"
    assert base_path(document, {}, {}) == "/all"


def test_a_variable_without_a_default_is_a_fault_of_the_contract(faults):
    found = faults("""
        openapi: 3.1.0
        info: {title: S, version: '1'}
        servers:
          - url: https://a.example/{base}
        paths: {}
    """)
    assert found == ["shop.yaml:4: the server's {base} has no default in variables:"]
