"""What becomes of a call when the peer hangs, breaks off, trickles or lies, over real connections."""

import contextlib
import os
import socket
import struct
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from libs.api import InvalidAnswer, Timeouts
from libs.api.tests.books import connect, token
from libs.api.tests.clients.conftest import answer, request_of
from libs.api.tests.conftest import Serving
from libs.errors import ServiceUnavailable
from libs.resilience.breaker import CircuitBreaker

SHORT = Timeouts(connect=0.5, read=0.2, total=0.6)


@pytest.fixture
def unavailable(reach):
    """Call the service at an address, which does not answer in time; return the cause."""

    def unavailable(url, timeouts=SHORT, operation="get_status", **arguments):
        client = reach(url, timeouts=timeouts)
        started = time.monotonic()
        with pytest.raises(ServiceUnavailable) as caught:
            client[operation](**arguments)
        assert time.monotonic() - started < 20
        assert caught.value.detail == "The books service does not answer. Try again."
        return caught.value.__cause__

    return unavailable


def hold(connection):
    """Take what comes and say nothing, until the client goes away."""
    while connection.recv(65536):
        pass


def test_where_nobody_listens(unavailable):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        cause = unavailable(f"http://127.0.0.1:{holder.getsockname()[1]}")
    assert isinstance(cause, httpx.ConnectError)


def test_a_peer_that_never_accepts(unavailable):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        # A full queue: the connections after it are not even answered to.
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        cause = unavailable(f"http://127.0.0.1:{address[1]}", Timeouts(0.2, 60.0, 60.0))
        assert isinstance(cause, httpx.ConnectTimeout)
        for one in waiting:
            one.close()


@pytest.fixture
def resolve(monkeypatch):
    """Have any name looked up by a function, and addresses by the real resolver."""
    real = socket.getaddrinfo

    def resolve(look_up):
        def resolver(host, port, *args, flags=0, **options):
            if flags & socket.AI_NUMERICHOST or host == "127.0.0.1":
                return real(host, port, *args, flags=flags, **options)
            return look_up(host, port)

        monkeypatch.setattr(socket, "getaddrinfo", resolver)

    return resolve


def at(*addresses):
    """Return what a resolver tells of these addresses."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]


def test_all_addresses_of_a_name_share_the_time(resolve, unavailable):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as waiting:
        for _ in range(3):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        resolve(lambda host, port: at(*[full.getsockname()] * 8))
        cause = unavailable(f"http://books.test:{full.getsockname()[1]}")
    assert isinstance(cause, httpx.ConnectTimeout)


def test_where_one_address_does_not_answer_the_next_one_does(resolve, peer, reach):
    def speak(connection):
        request_of(connection)
        connection.sendall(answer())

    port = int(peer(speak).rpartition(":")[2])
    # ::1 does not listen there, or is not there at all.
    resolve(lambda host, _: [(socket.AF_INET6, 1, 6, "", ("::1", port, 0, 0)), *at(("127.0.0.1", port))])
    assert reach(f"http://books.test:{port}").get_status() == {}


def test_a_resolver_that_hangs_does_not_hold_the_call(resolve, unavailable):
    hanging = threading.Event()

    def look_up(host, port):
        hanging.wait(30)
        raise socket.gaierror("nobody knows")

    resolve(look_up)
    try:
        cause = unavailable("http://books.test")
        assert isinstance(cause, httpx.ConnectTimeout)
    finally:
        hanging.set()
    assert_gone("look up books.test")


def test_a_resolver_that_hangs_is_not_asked_without_end(resolve, reach):
    hanging, asked = threading.Event(), []

    def look_up(host, port):
        asked.append(host)
        hanging.wait(30)
        return at(("127.0.0.1", port))

    resolve(look_up)
    client = reach(
        "http://books.test",
        timeouts=Timeouts(connect=0.02, read=1, total=1),
        breaker=CircuitBreaker(least=10**9),
    )
    try:
        for _ in range(12):
            with pytest.raises(ServiceUnavailable):
                client.get_status()
        assert len(asked) == 4  # as many as there may be connections
    finally:
        hanging.set()
    assert_gone("look up books.test")


def assert_gone(name):
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(30)
            assert not thread.is_alive()


def test_a_name_nobody_knows(resolve, unavailable):
    def look_up(host, port):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    resolve(look_up)
    assert isinstance(unavailable("http://books.test"), httpx.ConnectError)


def test_a_forked_process_uses_no_connection_of_its_parent(peer, reach):
    seen = []
    told = [counting([answer(b'{"n": %d}' % (10 * of + n)) for n in range(3)], seen) for of in range(2)]
    client = reach(peer(*told))
    assert client.get_status() == {"n": 0}
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the threads there are here
        child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os.write(write, b"%d" % client.get_status()["n"])
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 10) == b"10"
    assert client.get_status() == {"n": 1}
    os.close(read)
    os.close(write)


def test_a_peer_that_accepts_and_says_nothing(peer, unavailable):
    assert isinstance(unavailable(peer(hold)), httpx.ReadTimeout)


def test_a_peer_that_says_a_byte_of_its_head_now_and_then(peer, unavailable):
    def trickle(connection):
        request_of(connection)
        for byte in answer(headers=b"X: %s" % (b"x" * 300)):
            connection.sendall(bytes([byte]))
            threading.Event().wait(0.1)

    assert isinstance(unavailable(peer(trickle)), httpx.ReadTimeout)


def test_a_peer_that_says_a_byte_of_its_body_now_and_then(peer, unavailable):
    def trickle(connection):
        request_of(connection)
        connection.sendall(answer(length=1000, body=b""))
        for _ in range(300):
            connection.sendall(b" ")
            threading.Event().wait(0.1)

    assert isinstance(unavailable(peer(trickle)), httpx.ReadTimeout)


def test_the_last_wait_ends_with_the_call_and_not_after_it(peer, unavailable):
    def begin(connection):
        request_of(connection)
        threading.Event().wait(0.3)
        connection.sendall(b"HTTP/1.1 200")
        hold(connection)

    unavailable(peer(begin), Timeouts(connect=60, read=60, total=0.5))


def test_a_peer_that_does_not_take_the_body(peer, unavailable):
    given_up = threading.Event()

    def deaf(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        given_up.wait(60)

    cover = b"x" * 30_000_000
    cause = unavailable(
        peer(deaf), operation="set_cover", book_id="b", body=[cover], media_type="image/png", auth=token()
    )
    given_up.set()
    assert isinstance(cause, httpx.WriteTimeout)


def test_a_call_may_be_given_more_time(peer, unavailable, reach):
    go_on = threading.Event()

    def slow(connection):
        request_of(connection)
        assert go_on.wait(60)
        connection.sendall(answer())

    url = peer(slow)
    unavailable(url)
    threading.Timer(0.4, go_on.set).start()
    assert reach(url, timeouts=SHORT).get_status(timeout=60) == {}


def test_a_peer_that_hangs_up_without_an_answer(peer, unavailable):
    def hang_up(connection):
        request_of(connection)
        connection.close()

    assert isinstance(unavailable(peer(hang_up)), httpx.RemoteProtocolError | httpx.ReadError)


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_a_peer_that_resets_in_the_middle_of_its_body(peer, unavailable):
    def break_off(connection):
        request_of(connection)
        connection.sendall(answer(b'{"a":', length=100))
        reset(connection)

    cause = unavailable(peer(break_off))
    assert isinstance(cause, httpx.ReadError | httpx.RemoteProtocolError)


def test_a_body_that_is_shorter_than_it_says_is_no_answer(peer, unavailable):
    def lie(connection):
        request_of(connection)
        connection.sendall(answer(b"{}", length=3))
        connection.close()

    assert isinstance(unavailable(peer(lie)), httpx.RemoteProtocolError)


def test_a_peer_that_breaks_off_once_is_asked_again(peer, reach):
    def break_off(connection):
        request_of(connection)
        reset(connection)

    def fine(connection):
        request_of(connection)
        connection.sendall(answer(b'{"a": 1}'))

    assert reach(peer(break_off, fine)).get_status() == {"a": 1}


@pytest.mark.parametrize(
    "garbage",
    [
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"\0" * 100,
        b"x" * 300_000,
    ],
)
def test_a_peer_that_speaks_no_http(peer, garbage, unavailable):
    def speak(connection):
        request_of(connection)
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        hold(connection)

    unavailable(peer(speak))


def counting(answers, seen):
    """Return a peer that answers each request of a connection with the next of `answers`."""

    def serve(connection):
        seen.append(connection)
        for one in answers:
            request_of(connection)
            connection.sendall(one)
        hold(connection)

    return serve


def test_a_connection_is_used_again(peer, reach):
    seen = []
    client = reach(peer(counting([answer(b'{"n": %d}' % n) for n in range(5)], seen)))
    assert [client.get_status()["n"] for _ in range(5)] == [0, 1, 2, 3, 4]
    assert len(seen) == 1


SMUGGLED = answer(b'{"whose": "another caller"}')


@pytest.mark.parametrize(
    "first",
    [
        answer(b'{"n": 0}' + SMUGGLED, length=8),
        answer(b"{}", length=2) + SMUGGLED,
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\n{}\r\n0\r\n\r\n" + SMUGGLED,
    ],
)
def test_what_comes_after_an_answer_is_not_the_answer_to_the_next_call(peer, first, reach):
    seen = []
    client = reach(peer(counting([first], seen), counting([answer(b'{"n": 1}')], seen)))
    client.get_status()
    assert client.get_status() == {"n": 1}
    assert len(seen) == 2


def test_a_body_of_an_answer_without_one_is_not_the_answer_to_the_next_call(peer, reach):
    seen = []
    gone = b"HTTP/1.1 204 No Content\r\n\r\n" + SMUGGLED
    client = reach(peer(counting([gone], seen), counting([answer(b'{"n": 1}')], seen)))
    assert client.remove_book(book_id="b", if_match="1", auth="t") is None
    assert client.get_status() == {"n": 1}


@pytest.mark.parametrize("told", [True, False])
def test_an_answer_that_is_too_long_is_not_read(peer, told, reach):
    sent = []

    def flood(connection):
        request_of(connection)
        if told:
            connection.sendall(answer(b"", length=10**12))
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
        while True:
            connection.sendall(b" " * 65536)
            sent.append(65536)

    client = reach(peer(flood), max_answer_bytes=1_000_000)
    with pytest.raises(InvalidAnswer, match=r"books.get_status answered 200 with more than 1000000 bytes"):
        client.get_status()
    assert sum(sent) < 20_000_000
    assert client._sender.breaker.state == "closed"


def test_an_answer_of_ten_megabytes_is_read_and_one_byte_more_is_not():
    for size, good in ((10 * 1024 * 1024, True), (10 * 1024 * 1024 + 1, False)):
        text = httpx.Response(200, content=b"x" * size, headers={"Content-Type": "text/plain"})
        client = connect("http://x", transport=httpx.MockTransport(lambda request, text=text: text))
        if good:
            assert len(client.read_book(book_id="b")) == size
        else:
            with pytest.raises(InvalidAnswer):
                client.read_book(book_id="b")


def test_a_compressed_answer_that_nobody_asked_for_is_refused(peer, reach):
    def bomb(connection):
        assert b"Accept-Encoding: identity" in request_of(connection)
        connection.sendall(answer(headers=b"Content-Encoding: gzip\r\nContent-Type: application/json"))

    with pytest.raises(InvalidAnswer, match="Content-Encoding"):
        reach(peer(bomb)).get_status()


def test_at_most_so_many_connections_and_who_waits_too_long_is_told(peer, reach):
    seen, all_in = [], threading.Semaphore(0)

    def hang(connection):
        seen.append(connection)
        request_of(connection)
        all_in.release()
        hold(connection)

    client = reach(peer(hang), timeouts=Timeouts(connect=0.2, read=2.0, total=2.0))

    def call(_):
        with pytest.raises(ServiceUnavailable) as caught:
            client.add_book(body={"title": "Emma", "password": "correct horse"})
        return type(caught.value.__cause__)

    with ThreadPoolExecutor(6) as pool:
        causes = list(pool.map(call, range(6)))
    assert sorted(cause.__name__ for cause in causes) == ["PoolTimeout"] * 2 + ["ReadTimeout"] * 4
    assert len(seen) == 4


def test_threads_share_a_client_and_each_gets_its_own_answer(over_network, library):
    library.desk.handle = lambda **arguments: {"book_id": arguments["book_id"], "title": "t"}

    def ask(number):
        return over_network.get_book(book_id=f"b{number}", auth=token()).book_id

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(200))) == [f"b{number}" for number in range(200)]


def test_a_server_of_these_tests_leaves_nothing_behind(library):
    with contextlib.ExitStack() as clients:
        with Serving(library.wsgi) as server:
            client = clients.enter_context(socket.create_connection(server.server_address))
            client.sendall(b"GET /status HTTP/1.1\r\n")  # and no more
            while not server._accepted:
                time.sleep(0.01)
        assert [one.fileno() for one in server._accepted] == [-1]
