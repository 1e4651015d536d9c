"""https: only who is vouched for is spoken to."""

import ssl
import time

import httpcore
import httpx
import pytest

from libs.api import Sender
from libs.api.clients.transport import PooledTransport, _Backend, until
from libs.api.tests.books import connect
from libs.api.tests.conftest import Serving
from libs.errors import ServiceUnavailable


@pytest.fixture
def secured(library, certificate):
    """The https address of `library`."""
    library.desk.answer = {}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Serving(library.wsgi, ssl_context=context) as server:
        yield f"https://127.0.0.1:{server.server_port}"


def call(url):
    """Call the service over TLS; return its answer."""
    transport = PooledTransport(max_connections=1, tls=True)
    try:
        return connect(url, transport=transport).get_status()
    finally:
        transport.close()


def test_a_certificate_that_is_trusted_is_good(secured, certificate, monkeypatch):
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **options: trusting)
    assert call(secured) == {}


def test_a_certificate_that_nobody_vouches_for_is_not(secured, library):
    with pytest.raises(ServiceUnavailable) as caught:
        call(secured)
    assert isinstance(caught.value.__cause__, httpx.ConnectError)
    assert library.last_request is None


def test_where_no_tls_is_spoken_nothing_is_sent(served, library):
    with pytest.raises(ServiceUnavailable):
        call(served.replace("http:", "https:"))
    assert library.last_request is None


def test_where_the_time_is_up_before_tls_the_connection_is_closed(served):
    port = int(served.rpartition(":")[2])
    with until(time.monotonic() + 60):
        stream = _Backend(1).connect_tcp("127.0.0.1", port)
    plain = stream.get_extra_info("socket")
    with until(time.monotonic() - 1), pytest.raises(httpcore.ConnectTimeout):
        stream.start_tls(ssl.create_default_context())
    assert plain.fileno() == -1


def test_a_sender_has_a_breaker_of_its_own():
    one, two = (Sender("books", httpx.MockTransport(lambda request: httpx.Response(200))) for _ in range(2))
    assert one.breaker is not two.breaker
