"""Cross-origin requests: what an allowed page sees, and that nobody else sees anything."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from libs.service.protection.cors import Cors, read_origins

APP = "https://app.example.com"
EVIL = "https://evil.example.com"


@pytest.fixture
def client(make_app: Callable[..., Flask]) -> FlaskClient:
    return make_app(cors=Cors([APP])).test_client()


def preflight(origin: str, method: str = "POST", headers: str = "") -> dict[str, str]:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    return {**asked, "Access-Control-Request-Headers": headers} if headers else asked


@pytest.mark.parametrize(
    ("path", "status"),
    [("/things", 200), ("/private", 401), ("/nowhere", 404), ("/refuse", 409), ("/fail", 500)],
)
def test_an_allowed_page_sees_every_answer_and_its_headers(
    client: FlaskClient, path: str, status: int
) -> None:
    answer = client.get(path, headers={"Origin": APP})
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert answer.headers.getlist("Vary") == ["Origin"]
    shown = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert "X-Request-ID" in shown
    assert ("WWW-Authenticate" in shown) == (status == 401)
    assert not {"Content-Type", "Vary", "Access-Control-Allow-Origin"} & set(shown)
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "", APP.upper(), f"{APP}:443", f"{APP}.evil.com", f"{APP}/", None]
)
@pytest.mark.parametrize("path", ["/things", "/fail"])
def test_any_other_page_sees_nothing(client: FlaskClient, path: str, origin: str | None) -> None:
    answer = client.get(path, headers={} if origin is None else {"Origin": origin})
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]
    assert answer.headers["Vary"] == "Origin"


def test_a_preflight_tells_the_methods_of_the_path_and_allows_the_headers(client: FlaskClient) -> None:
    answer = client.options("/things", headers=preflight(APP, headers="authorization,content-type"))
    assert (answer.status_code, answer.get_data()) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS, POST"
    assert answer.headers["Access-Control-Allow-Headers"] == "authorization, content-type"
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Access-Control-Max-Age"] == "3600"
    assert {one.strip() for one in answer.headers["Vary"].split(",")} == {
        "Origin",
        "Access-Control-Request-Method",
        "Access-Control-Request-Headers",
    }


@pytest.mark.parametrize("path", ["/nowhere", "//", "/%00"])
def test_a_page_is_let_through_to_a_404(client: FlaskClient, path: str) -> None:
    answer = client.options(path, headers=preflight(APP, "DELETE"))
    assert answer.status_code == 204
    assert "DELETE" in answer.headers["Access-Control-Allow-Methods"]
    assert client.options(path).status_code == 404


@pytest.mark.parametrize(
    "headers", [preflight(EVIL), {"Origin": APP}, {"Access-Control-Request-Method": "GET"}]
)
def test_what_is_no_preflight_of_an_allowed_page_is_an_ordinary_options(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    answer = client.options("/things", headers=headers)
    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert "Access-Control-Allow-Methods" not in answer.headers


def test_header_names_that_are_none_are_not_allowed(client: FlaskClient) -> None:
    answer = client.options("/things", headers=preflight(APP, headers="x-a, b c,<script>, ,x-d"))
    assert answer.headers["Access-Control-Allow-Headers"] == "x-a, x-d"


def test_without_the_setting_there_is_no_cors(make_app: Callable[..., Flask]) -> None:
    client = make_app().test_client()
    answer = client.get("/things", headers={"Origin": APP})
    assert not {"Vary", "Access-Control-Allow-Origin"} & set(answer.headers.keys())
    assert client.options("/things", headers=preflight(APP)).headers["Allow"]


def test_what_varies_already_goes_on_to() -> None:
    headers = [("Vary", "Accept-Encoding"), ("ETag", '"1"'), ("vary", "Accept"), ("Set-Cookie", "a=1")]
    assert Cors([APP]).completed(APP, headers) == [
        ("ETag", '"1"'),
        ("Set-Cookie", "a=1"),
        ("Vary", "Accept-Encoding, Accept, Origin"),
        ("Access-Control-Allow-Origin", APP),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Expose-Headers", "ETag"),
    ]


def test_origins_are_read() -> None:
    text = "https://app.example.com, http://localhost:3000,http://[::1]:8101,http://127.0.0.1:443"
    assert read_origins(text) == {
        "https://app.example.com",
        "http://localhost:3000",
        "http://[::1]:8101",
        "http://127.0.0.1:443",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        "", "*", "https://*.example.com", "null", "example.com", "https://app.example.com/", "https://app.example.com/x",
        "https://App.example.com", "https://user@app.example.com", "https://app.example.com:443", "http://a:80",
        "http://a:0", "http://a:65536", "ftp://a", "http://a http://b", "http://ä.example", "http://a?x",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(wrong: str) -> None:
    for text in (wrong, f"http://localhost:1,{wrong}"):
        with pytest.raises(ValueError, match=r"Number \d|would allow every site") as caught:
            read_origins(text)
        assert "user@" not in str(caught.value)
