"""A service is asked under its public name at an address that is another's: by testaccept, by the watch."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from infra.aws.stage import STAGES, load_stage
from infra.deploy.probe import ask_ready
from infra.standin.servers import serving
from testaccept import deployment
from testaccept.browser import open_browser
from testaccept.test_readme import run


@dataclass
class Seen:
    """What a server was asked, and under which name."""

    hosts: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    status: str = "200 OK"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.hosts.append(environ["HTTP_HOST"])
        self.paths.append(environ["RAW_URI"])
        start_response(self.status, [("Content-Length", "0")])
        return [b""]


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - its name there
        pass


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def secured(seen: Seen, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server with that certificate, at 127.0.0.1, and clients that trust it."""
    import threading

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda socket, name, _: seen.names.append(name)
    server = make_server("127.0.0.1", 0, seen, threaded=True, request_handler=Quiet, ssl_context=context)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(deployment, "_trusted_certificates", lambda: trusting)
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_only_the_connection_goes_elsewhere(
    seen: Seen, secured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TODOS_URL", "https://todos.example.com")
    monkeypatch.setenv("TODOS_CONNECT_TO", secured)
    with deployment.open_client("todos") as client:
        answer = client.post("/todos", json={"title": "x"}, params={"a": "b c"})
        client.get(client.base_url.copy_with(raw_path=b"/%zz"))
    assert seen.hosts == ["todos.example.com"] * 2
    assert set(seen.names) == {"todos.example.com"}
    assert seen.paths == ["/todos?a=b+c", "/%zz"], "as it was sent"
    assert answer.request.url == "https://todos.example.com/todos?a=b+c"


def test_a_certificate_of_another_name_is_not_taken(secured: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TODOS_URL", "https://todos.elsewhere.org")
    monkeypatch.setenv("TODOS_CONNECT_TO", secured)
    with deployment.open_client("todos") as client, pytest.raises(httpx.ConnectError, match="CERTIFICATE"):
        client.get("/ping")


def test_curl_goes_elsewhere_as_well(
    seen: Seen, secured: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TODOS_URL", "https://todos.example.com")
    monkeypatch.setenv("TODOS_CONNECT_TO", secured)
    monkeypatch.setenv("CURL_CA_BUNDLE", str(certificate))
    run("curl -sS --noproxy '*' https://todos.example.com/todos?a=b")
    assert (seen.hosts, seen.names, seen.paths) == (
        ["todos.example.com"],
        ["todos.example.com"],
        ["/todos?a=b"],
    )


def test_a_browser_goes_elsewhere_as_well(
    seen: Seen, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(seen) as port:
        for service, url in (("AUTH", "http://example.com:81"), ("TODOS", "http://example.com:82")):
            monkeypatch.setenv(f"{service}_URL", url)
        monkeypatch.setenv("AUTH_CONNECT_TO", "127.0.0.1:1")
        monkeypatch.setenv("TODOS_CONNECT_TO", f"127.0.0.1:{port}")
        with open_browser(tmp_path) as browser:
            browser.get("http://example.com:82/docs")
    assert (seen.hosts[0], seen.paths[0]) == ("example.com:82", "/docs")


def test_without_it_a_client_goes_where_the_url_says(seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TODOS_CONNECT_TO", raising=False)
    with serving(seen) as port:
        monkeypatch.setenv("TODOS_URL", f"http://127.0.0.1:{port}")
        with deployment.open_client("todos") as client:
            client.get("/ping")
    assert seen.hosts == [f"127.0.0.1:{port}"]


def test_the_watch_asks_under_the_public_name(seen: Seen, tmp_path: Path) -> None:
    text = (STAGES / "live.yaml").read_text()
    lines = ["certificate: null" if line.startswith("certificate:") else line for line in text.splitlines()]
    (tmp_path / "live.yaml").write_text("\n".join(lines))
    stage = load_stage("live", tmp_path)
    with serving(seen) as port:
        assert ask_ready(stage, "todos", f"127.0.0.1:{port}") is None
        seen.status = "503 Service Unavailable"
        assert ask_ready(stage, "todos", f"127.0.0.1:{port}") == "/health/ready answers 503"
    assert seen.hosts == ["todos.example.com"] * 2
    assert seen.paths == ["/health/ready"] * 2
    assert ask_ready(stage, "todos", f"127.0.0.1:{port}") == "/health/ready does not answer (ConnectError)"
