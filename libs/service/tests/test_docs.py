"""/docs without a browser: what is served, how long it may be kept, and what its policy lets in."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate

from libs.api import Models, read_document
from libs.jwt import FixedKeySet
from libs.service import Service
from libs.service import service as service_module
from libs.service.docs.documents import to_yaml
from libs.service.docs.menu import read_menu
from libs.service.testing import KEY, environment

PROBE = Service("probe", keys=lambda _: FixedKeySet([KEY.jwk]))
DOCUMENT = "openapi: 3.1.0\ninfo: {title: Probe, version: 1.0.0}\nsecurity: [{bearer: []}]\npaths: {}\n"
MENU = "auth=http://127.0.0.1:8101,probe=https://probe.example.com,todos=https://example.com/todos/"
LOGIN = "http://login.example.com:81/auth/login"


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Start the service with settings of the test's own; returns a client of it."""
    monkeypatch.setattr(service_module, "APIS", tmp_path)
    monkeypatch.setattr(service_module, "models", Models(tmp_path))
    (tmp_path / "probe.yaml").write_text(DOCUMENT)

    def started(**settings: str) -> FlaskClient:
        service = PROBE.start(PROBE.load_settings(environment("probe", **settings)))
        return service.web_app().test_client()

    return started


@pytest.fixture
def client(start: Any) -> FlaskClient:
    client: FlaskClient = start(docs_services=MENU, docs_login_url=LOGIN)
    return client


def files_of(page: str) -> list[str]:
    return re.findall(r'(?:src|href)="(docs/[^"]+)"', page)


def test_everything_the_page_loads_is_served_by_us_and_may_be_kept(client: FlaskClient) -> None:
    page = client.get("/docs")
    assert page.content_type == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    files = files_of(page.text)
    assert [re.sub(r"\.[0-9a-f]{16}\.", ".", file) for file in files] == [
        "docs/favicon-32x32.png",
        "docs/swagger-ui.css",
        "docs/page.css",
        "docs/swagger-ui-bundle.js",
        "docs/page.js",
    ]
    types = {"png": "image/png", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
    for file in files:
        answer = client.get(f"/{file}")
        assert (answer.status_code, answer.content_type) == (200, types[file.rpartition(".")[2]])
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "://" not in file
    assert "//" not in page.text.replace(LOGIN, "").replace("http://127.0.0.1:8101", "").replace(
        "https://example.com/todos", ""
    ).replace("</", "")


def test_the_policy_lets_in_our_own_files_and_the_services_of_the_menu(client: FlaskClient) -> None:
    headers = client.get("/docs").headers
    policy = dict(one.split(" ", 1) for one in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert not {"script-src", "style-src", "worker-src"} & policy.keys(), (
        "what stands there may be less strict"
    )
    assert policy["connect-src"].split() == [
        "'self'",
        "http://127.0.0.1:8101",
        "https://probe.example.com",
        "https://example.com",
        "http://login.example.com:81",
    ]
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_the_menu_has_this_service_beside_the_page_and_the_others_where_they_are(client: FlaskClient) -> None:
    page = client.get("/docs").text
    assert re.findall(r'<option value="(.*?)" data-document="(.*?)"( selected)?>', page) == [
        ("auth", "http://127.0.0.1:8101/openapi.json", ""),
        ("probe", "openapi.json", " selected"),
        ("todos", "https://example.com/todos/openapi.json", ""),
    ]
    assert f'data-login="{LOGIN}"' in page


def test_without_settings_the_page_is_about_this_service_alone(start: Any) -> None:
    answer = start().get("/docs")
    assert re.findall(r"<option .*?>", answer.text) == [
        '<option value="probe" data-document="openapi.json" selected>'
    ]
    assert 'data-login=""' in answer.text
    assert "connect-src 'self';" in answer.headers["Content-Security-Policy"]


def test_it_can_be_turned_off(start: Any, client: FlaskClient) -> None:
    (file, *_) = files_of(client.get("/docs").text)
    off = start(docs="off")
    assert off.get("/docs").status_code == off.get(f"/{file}").status_code == 404
    assert off.get("/openapi.json").status_code == 200


@pytest.mark.parametrize(
    "file",
    ["page.js", "page.0000000000000000.js", "page.html", "..%2F__init__.py", "page.py", "%2Fetc%2Fpasswd"],
)
def test_no_other_file_is_served(client: FlaskClient, file: str) -> None:
    assert client.get(f"/docs/{file}").status_code == 404


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/openapi.yaml", None])
def test_what_one_has_is_not_sent_again(client: FlaskClient, path: str | None) -> None:
    path = path or "/" + files_of(client.get("/docs").text)[-1]
    first = client.get(path)
    tag = first.headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.get_data(), again.headers["ETag"]) == (304, b"", tag)
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    assert client.get(path, headers={"If-None-Match": '"other"'}).get_data() == first.get_data()


def test_a_page_with_another_menu_is_another_page(start: Any, client: FlaskClient) -> None:
    assert start().get("/docs").headers["ETag"] != client.get("/docs").headers["ETag"]


def test_both_documents_are_the_same_and_valid(client: FlaskClient, tmp_path: Path) -> None:
    as_json, as_yaml = client.get("/openapi.json"), client.get("/openapi.yaml")
    assert as_yaml.content_type == "application/yaml"
    assert as_json.headers["ETag"] != as_yaml.headers["ETag"]
    document = as_json.get_json()
    validate(document)
    assert yaml.safe_load(as_yaml.text) == document
    (tmp_path / "served.yaml").write_text(as_yaml.text)
    assert read_document(tmp_path / "served.yaml") == document


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"])) | st.sampled_from(
    ["1e3", "0o17", "0x1f", "1_000", "+1", ".5", "-.inf", "12:30:45", "2026-01-01", "yes", "no", "on", "null",
     "~", "true", "=", "<<", "", " a ", "a: b", "a\nb", "a\n", "\n", " \n", "a #b", "*a", "&a", "!a", "%a",
     "@a", "`a", "'", '"'],
)  # fmt: skip
VALUES = st.recursive(
    SCALARS | TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20
)


@given(VALUES)
def test_yaml_is_read_as_what_was_written(value: Any) -> None:
    assert yaml.safe_load(to_yaml({"value": value})) == {"value": value}


def test_text_that_looks_like_a_number_to_any_yaml_is_in_quotes_and_nothing_is_by_reference() -> None:
    shared = {"$ref": "#/a"}
    assert to_yaml({"a": "1e3", "b": "0o17", "1e3": [shared, shared], "c": 200}) == (
        "a: '1e3'\nb: '0o17'\n'1e3':\n- $ref: '#/a'\n- $ref: '#/a'\nc: 200\n"
    )


def test_a_menu_is_read() -> None:
    assert read_menu("auth=http://localhost:8001, my-todos=https://x.example/todos/") == {
        "auth": "http://localhost:8001",
        "my-todos": "https://x.example/todos",
    }


@pytest.mark.parametrize(
    "wrong",
    ["", "auth", "auth=", "auth=localhost:8001", "Auth=http://a", "auth=http://a?b", "auth=http://u:p@a", "auth=http://a,",
     "auth=http://a,auth=http://b", 'auth=http://a"', "auth=http://a;b", "auth=javascript://a", "auth=http://a:999999"],
)  # fmt: skip
def test_what_is_no_menu_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"Number \d"):
        read_menu(wrong)


def test_a_name_of_a_service_cannot_break_out_of_the_page(start: Any) -> None:
    # Settings refuse such addresses; the page escapes them all the same.
    from libs.service.docs.page import Page

    page = Page("<b>", menu={"<i>": 'http://a"><script>'}, login_url='"><script>')
    body = page.get(None).body
    assert body.count("<script") == 2
    assert not re.search(r"<[bi]>", body)
