"""What is an address of a service."""

import pytest

from libs.api.tests.books import connect


@pytest.mark.parametrize(
    "url",
    [
        "books:8080",
        "ftp://books",
        "http://",
        "http:///x",
        "http://user:pw@books",
        "http://books?a=b",
        "http://books#a",
        "http://books /x",
        "http://[::1",
        "http://books:port",
        "",
        "http://books\n",
        "http://books:0",
        "http://books:65536",
        "http://books..test",
        f"http://{'b' * 64}.test",
    ],
)
def test_what_is_no_address_of_a_service(url):
    with pytest.raises(ValueError, match="the address of books") as caught:
        connect(url)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://books",
        "http://books_1.test.:65535",
        "https://books.test:8443/",
        "http://127.0.0.1:1/proxied",
        "http://[::1]:80",
        "http://bücher.test",
    ],
)
def test_what_is_one(url):
    connect(url)
