"""Following an operation by server-sent events."""

import gc
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pynamodb.exceptions import GetError

from libs.errors import NotFound, ServiceUnavailable
from libs.jwt import Caller
from libs.tasks import Operation
from libs.tasks.following.events import EventStreams
from libs.tasks.following.handlers import get_operation

Store = Callable[..., Operation]

ADA = Caller("ada")


class Time:
    """A clock that is put on by who waits; while they do, one thing after the other happens."""

    def __init__(self, *happens: Callable[[], object]) -> None:
        self.now = 0.0
        self.waits: list[float] = []
        self._happens = list(happens)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.waits.append(seconds)
        if self._happens:
            self._happens.pop(0)()

    def streams(self, most: int = 1, **options: Any) -> EventStreams:
        return EventStreams(most, wait=self.wait, clock=lambda: self.now, **options)


def pieces(streams: EventStreams, operation: Operation, last: str | None = None) -> list[str]:
    """Return what is sent to who follows an operation, piece by piece."""
    body = streams.follow_operation(operation.id, ADA, last).body
    return [one.decode() for one in ([body] if isinstance(body, bytes) else body)]


def events(sent: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield id and data of each event of a stream, as a browser reads them."""
    for block in "".join(sent).split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":") and line)
        if "data" in fields:
            assert fields["event"] == "operation"
            yield fields["id"], json.loads(fields["data"])


def nothing() -> None:
    pass


def becomes(operation: Operation, **attributes: Any) -> Callable[[], object]:
    """Return what changes the row of an operation."""
    changes = [getattr(Operation, name).set(value) for name, value in attributes.items()]
    return lambda: Operation(operation.id).update(changes)


def test_the_owner_is_told_at_once_at_each_change_and_at_the_end(stored: Store) -> None:
    operation = stored(owner="ada")
    time = Time(
        becomes(operation, status="running"),
        nothing,
        becomes(operation, progress=0.5, message="Reading\ntodos"),
        becomes(operation, status="succeeded", result={"count": 1}),
    )
    answer = time.streams().follow_operation(operation.id, ADA)
    assert (answer.status, answer.media_type) == (200, "text/event-stream")
    assert answer.headers == {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    sent = [one.decode() for one in answer.body]
    assert sent[0] == "retry: 1000\n\n"
    told = [data for _, data in events(sent)]
    assert [one["status"] for one in told] == ["queued", "running", "running", "succeeded"]
    assert (told[2]["message"], told[3]["result"]) == ("Reading\ntodos", {"count": 1})
    assert time.waits == [1, 1, 1, 1], "it looks each second, and ends with the operation"
    assert sent[3] == ":\n\n", "where nothing has changed it shows that it is there"
    last = json.loads(json.dumps(get_operation(operation.id, ADA).body, default=str))
    assert told[3].keys() == last.keys()


def test_that_a_lease_is_prolonged_is_no_change(stored: Store) -> None:
    operation = stored(owner="ada", status="running", run_id="alive")
    prolonged: list[bool] = []
    time = Time(*[lambda: prolonged.append(operation.extend(30))] * 2)
    assert len(list(events(pieces(time.streams(seconds=2), operation)))) == 1
    assert prolonged == [True, True]


def test_who_comes_back_is_told_what_is_new_alone(stored: Store) -> None:
    operation = stored(owner="ada")
    first = pieces(Time().streams(seconds=1), operation)
    ((last, _),) = events(first)
    again = pieces(Time().streams(seconds=1), operation, last)
    assert again == ["retry: 1000\n\n", ":\n\n", ":\n\n"]
    becomes(operation, status="running")()
    ((_, told),) = events(pieces(Time().streams(seconds=1), operation, last))
    assert told["status"] == "running"


def test_who_was_told_of_the_end_need_not_come_back(stored: Store) -> None:
    operation = stored(owner="ada", status="succeeded", result=1)
    streams = Time().streams(0)  # no place is needed where there is nothing to wait for
    ((last, told),) = events(pieces(streams, operation))
    assert told["result"] == 1
    over = streams.follow_operation(operation.id, ADA, last)
    assert (over.status, over.body, over.media_type) == (204, None, None)
    assert streams.follow_operation(operation.id, ADA, "another").status == 200


def test_a_stream_ends_in_time_though_the_operation_goes_on(stored: Store) -> None:
    time = Time()
    sent = pieces(time.streams(every=10), stored(owner="ada"))
    assert time.waits == [10, 10, 5]
    assert len(list(events(sent))) == 1


def test_it_ends_when_the_process_is_to_stop(stored: Store) -> None:
    time = Time(nothing, lambda: streams.end_unless(lambda: False))
    streams = time.streams()
    pieces(streams, stored(owner="ada"))
    assert len(time.waits) == 2


@pytest.mark.parametrize("owner", ["ada", None])
def test_nobody_else_follows_it_or_learns_that_it_is_there(stored: Store, owner: str | None) -> None:
    operation, streams = stored(owner=owner), EventStreams(1)
    for operation_id in (operation.id, "unknown"):
        for _ in range(2):  # and it takes no place
            with pytest.raises(NotFound):
                streams.follow_operation(operation_id, Caller("eve"))


def test_there_are_so_many_at_once_and_whoever_leaves_makes_room(stored: Store) -> None:
    operation, streams = stored(owner="ada"), Time().streams(4)
    first, second = (streams.follow_operation(operation.id, ADA).body for _ in range(2))
    assert next(first) == b"retry: 1000\n\n"
    with pytest.raises(ServiceUnavailable) as refused:
        streams.follow_operation(operation.id, ADA)
    assert (refused.value.code, refused.value.headers) == ("TOO_MANY_STREAMS", {"Retry-After": "5"})
    first.close()
    first.close()  # which makes room for one
    third = streams.follow_operation(operation.id, ADA).body
    with pytest.raises(ServiceUnavailable):
        streams.follow_operation(operation.id, ADA)
    third.close()  # before it has begun
    del second  # as where its answer was never sent
    gc.collect()
    for _ in range(2):
        first = streams.follow_operation(operation.id, ADA).body, first


@pytest.mark.parametrize(("most", "of_one"), [(1, 1), (2, 1), (5, 2)])
def test_one_caller_leaves_half_of_the_places_to_others(stored: Store, most: int, of_one: int) -> None:
    streams = Time().streams(most)
    of_ada, of_eve = stored(owner="ada"), stored(owner="eve")
    held = [streams.follow_operation(of_ada.id, ADA).body for _ in range(of_one)]
    if most > of_one:
        with pytest.raises(ServiceUnavailable):
            streams.follow_operation(of_ada.id, ADA)
        held.append(streams.follow_operation(of_eve.id, Caller("eve")).body)
    held.pop(0).close()
    held.append(streams.follow_operation(of_ada.id, ADA).body)


def test_a_stream_ends_with_its_row(stored: Store) -> None:
    operation = stored(owner="ada")
    time = Time(operation.delete)
    pieces(time.streams(), operation)
    assert time.waits == [1]


def test_a_stream_ends_where_the_row_cannot_be_read(
    stored: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    operation = stored(owner="ada")

    def fail(*_: Any, **__: Any) -> None:
        raise GetError("the address of the database")

    time = Time(lambda: monkeypatch.setattr(Operation, "get", fail))
    assert len(pieces(time.streams(), operation)) == 2
    assert "its stream ends" in caplog.text
    assert "the address" not in caplog.text
