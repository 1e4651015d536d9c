"""Migrations: pages, positions, and what changes or fails meanwhile."""

import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session
from pynamodb.attributes import (
    BinaryAttribute,
    DiscriminatorAttribute,
    NumberAttribute,
    UnicodeAttribute,
    VersionAttribute,
)
from pynamodb.models import Model

from libs.dynamodb import Database
from libs.errors import Conflict
from libs.tasks import Operation, TaskRuntime
from libs.tasks.migrations import Edit, Migration, migration, running
from libs.tasks.migrations.commands import read_arguments, run
from libs.tasks.migrations.progress import Part

Start = Callable[..., None]


class Thing(Model):
    """Something that is to have a size."""

    class Meta:
        table_name = "things"

    owner = UnicodeAttribute(hash_key=True)
    id = BinaryAttribute(range_key=True, legacy_encoding=False)
    name = UnicodeAttribute()
    size = NumberAttribute(null=True)
    version = VersionAttribute()


class Plain(Model):
    """The same without a version."""

    class Meta:
        table_name = "plain"

    id = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute(null=True)
    size = NumberAttribute(null=True)


class Pet(Model):
    """What shares a table with others, and says what it is."""

    class Meta:
        table_name = "pets"

    id = UnicodeAttribute(hash_key=True)
    kind = DiscriminatorAttribute()
    size = NumberAttribute(null=True)
    version = VersionAttribute()


class Cat(Pet, discriminator="cat"):
    pass


class Dog(Pet, discriminator="dog"):
    pass


class Line(Plain):
    """What shares a table with another, and does not say which it is."""


SEEN: list[str] = []
FAULTS: dict[str, Exception] = {}
MEANWHILE: dict[str, Callable[[], Any]] = {}


def _size(thing: Thing) -> Edit | None:
    SEEN.append(thing.name)
    MEANWHILE.pop(thing.name, lambda: None)()
    if error := FAULTS.get(thing.name):
        raise error
    return Edit(Thing.size.set(len(thing.name))) if thing.size is None else None


fill = migration(Thing, page_items=3, pages_per_second=1000)(_size)
side_by_side = Migration(_size, Thing, parts=3, page_items=2, pages_per_second=1000)


@pytest.fixture(scope="module")
def stored() -> Iterator[Database]:
    database = Database(
        [Thing, Plain, Line, Cat, Dog],
        region="eu-west-1",
        endpoint=os.environ["TEST_DYNAMODB_ENDPOINT"],
        table_prefix=f"test-{uuid.uuid4().hex}-",
    )
    database.create_tables()
    yield database
    database.delete_tables()


@pytest.fixture(autouse=True)
def things(stored: Database) -> Iterator[list[str]]:
    """Ten things without a size."""
    names = [f"thing {number}" for number in range(10)]
    for name in names:
        Thing(f"owner {len(name)}", name.encode(), name=name).save()
    yield names
    for model in (Thing, Plain, Cat, Dog):
        with model.batch_write() as rows:
            for row in model.scan():
                rows.delete(row)
    SEEN.clear()
    FAULTS.clear()
    MEANWHILE.clear()


@pytest.fixture
def runtime(runtime_of: Callable[..., TaskRuntime]) -> TaskRuntime:
    return runtime_of(fill)


@pytest.fixture
def work(broker: Any) -> Callable[[TaskRuntime], list[str]]:
    """Do what was published, as a worker does; return the codes of what has failed, in order."""

    def work(runtime: TaskRuntime) -> list[str]:
        failed = []
        while broker.published:
            _, operation_id = broker.published.pop(0)
            runtime.run(operation_id)
            row = Operation.get(operation_id, consistent_read=True)
            if row.problem:
                failed.append(row.problem["code"])
        return failed

    return work


def start(runtime: TaskRuntime, database: Database, one: Migration = fill, **how: Any) -> None:
    with runtime.active():
        one.start(database, **how)


def sizes() -> list[int | None]:
    return [None if row.size is None else int(row.size) for row in Thing.scan(consistent_read=True)]


def counts(one: Migration = fill) -> tuple[str, int, int, int]:
    parts = one.found()
    assert len({part.state for part in parts}) == 1
    return (
        parts[0].state,
        sum(part.pages for part in parts),
        sum(part.examined for part in parts),
        sum(part.changed for part in parts),
    )


def test_every_item_is_changed_page_by_page(runtime: TaskRuntime, database: Database, work: Any) -> None:
    assert fill.found() == []
    start(runtime, database)
    assert counts() == ("running", 0, 0, 0)
    assert work(runtime) == []
    assert sizes() == [7] * 10
    assert counts() == ("done", 4, 10, 10)
    assert sorted(SEEN) == sorted(f"thing {number}" for number in range(10)), "each was looked at once"


def test_parts_of_the_table_are_done_side_by_side(
    runtime_of: Callable[..., TaskRuntime], database: Database, work: Any, broker: Any
) -> None:
    runtime = runtime_of(side_by_side)
    start(runtime, database, side_by_side)
    assert len(broker.published) == 3
    assert work(runtime) == []
    assert sizes() == [7] * 10
    assert counts(side_by_side)[::2] == ("done", 10)
    assert len(SEEN) == 10


def test_what_is_done_is_not_started_again_but_if_that_is_asked(
    runtime: TaskRuntime, database: Database, work: Any
) -> None:
    start(runtime, database)
    work(runtime)
    with pytest.raises(Conflict) as caught:
        start(runtime, database)
    assert caught.value.code == "MIGRATION_DONE"
    start(runtime, database, again=True)
    assert counts() == ("running", 0, 0, 0)
    work(runtime)
    assert counts() == ("done", 4, 10, 0)


def test_a_version_is_looked_at_and_raised(runtime: TaskRuntime, database: Database, work: Any) -> None:
    start(runtime, database)
    work(runtime)
    assert {int(row.version) for row in Thing.scan(consistent_read=True)} == {2}


def test_an_item_that_was_changed_meanwhile_is_looked_at_again(
    runtime: TaskRuntime, database: Database, work: Any, things: list[str]
) -> None:
    row = Thing.get("owner 7", b"thing 4", consistent_read=True)
    MEANWHILE["thing 4"] = lambda: row.update([Thing.name.set("thing four")])
    start(runtime, database)
    assert work(runtime) == []
    found = Thing.get("owner 7", b"thing 4", consistent_read=True)
    assert (found.name, int(found.size)) == ("thing four", 10)
    assert counts()[3] == 10


def test_an_item_that_was_deleted_meanwhile_does_not_come_back(
    runtime: TaskRuntime, database: Database, work: Any
) -> None:
    MEANWHILE["thing 4"] = Thing.get("owner 7", b"thing 4", consistent_read=True).delete
    start(runtime, database)
    assert work(runtime) == []
    assert sizes() == [7] * 9
    assert counts() == ("done", 4, 10, 9)


def test_a_function_that_fails_stops_it_where_it_is_and_it_goes_on_there(
    runtime: TaskRuntime, database: Database, work: Any, caplog: pytest.LogCaptureFixture
) -> None:
    FAULTS["thing 7"] = ValueError("the secret of an item")
    start(runtime, database)
    assert work(runtime) == ["MIGRATION_FAILED"]
    assert counts() == ("failed", 2, 6, 6)
    assert "a migration has failed" in caplog.text
    FAULTS.clear()
    SEEN.clear()
    start(runtime, database)
    assert work(runtime) == []
    assert counts() == ("done", 4, 10, 9), "what was changed in the page that failed needs no change"
    assert sizes() == [7] * 10
    assert sorted(SEEN) == ["thing 6", "thing 7", "thing 8", "thing 9"], "that page, and the rest"


def test_a_database_that_is_away_costs_the_page(
    runtime: TaskRuntime, database: Database, work: Any, monkeypatch: pytest.MonkeyPatch, broker: Any
) -> None:
    send, scans = URLLib3Session.send, list[str]()

    def losing(self: URLLib3Session, request: Any) -> Any:
        if "DynamoDB_20120810.Scan" in str(request.headers.get("X-Amz-Target")):
            scans.append("scan")
            if len(scans) == 2:
                FAULTS["away"] = ValueError()
            if "away" in FAULTS and len(scans) < 10:
                raise ReadTimeoutError(endpoint_url=request.url)
        return send(self, request)

    start(runtime, database)
    (_, operation_id), *_ = broker.published
    monkeypatch.setattr(URLLib3Session, "send", losing)
    runtime.run(operation_id)
    monkeypatch.undo()
    row = Operation.get(operation_id, consistent_read=True)
    assert (row.status, row.history[-1]["code"]) == ("queued", "SERVICE_UNAVAILABLE")
    assert counts() == ("running", 1, 3, 3)
    row.update([Operation.not_before.set(0)])
    runtime.run(operation_id)
    assert counts() == ("done", 4, 10, 10)


def test_a_pause_ends_it_after_the_page_and_a_start_goes_on(
    runtime: TaskRuntime, database: Database, work: Any
) -> None:
    MEANWHILE["thing 4"] = lambda: fill.stop("paused")
    start(runtime, database)
    assert work(runtime) == []
    assert counts() == ("paused", 2, 6, 6)
    start(runtime, database)
    assert work(runtime) == []
    assert counts() == ("done", 4, 10, 10)
    assert len(SEEN) == 10


def test_a_run_of_an_earlier_turn_stops_after_its_page(
    runtime: TaskRuntime, database: Database, work: Any
) -> None:
    MEANWHILE["thing 4"] = lambda: fill.start(database)
    start(runtime, database)
    assert work(runtime) == []
    assert counts() == ("done", 4, 10, 7), "the page was done again, which had nothing left to change"
    assert len(SEEN) == 13


def test_a_long_one_is_handed_from_operation_to_operation(
    runtime: TaskRuntime, database: Database, broker: Any, work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "SLICE_SECONDS", 0)
    start(runtime, database)
    ran = 0
    while broker.published:
        _, operation_id = broker.published.pop(0)
        runtime.run(operation_id)
        ran += 1
    assert ran == 4
    assert counts() == ("done", 4, 10, 10)


@pytest.mark.parametrize("meanwhile", ["paused", "done"])
def test_what_was_paused_or_done_while_it_was_handed_over_stays_so(
    runtime: TaskRuntime, database: Database, broker: Any, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    next_turn = Part.next_turn

    def late(part: Part, **how: Any) -> Any:
        write = next_turn(part, **how)
        assert part.done(0, 0, None) if meanwhile == "done" else part.stop(meanwhile)
        return write

    monkeypatch.setattr(running, "SLICE_SECONDS", 0)
    start(runtime, database)
    monkeypatch.setattr(Part, "next_turn", late)
    [(_, operation_id)] = broker.published
    runtime.run(operation_id)
    assert Operation.get(operation_id, consistent_read=True).status == "succeeded"
    assert fill.found()[0].state == meanwhile
    assert len(broker.published) == 1, "nobody goes on"


def test_it_can_be_begun_anew_in_fewer_parts_and_in_more(
    runtime_of: Callable[..., TaskRuntime], database: Database, work: Any, broker: Any
) -> None:
    def in_parts(parts: int) -> Migration:
        return Migration(_size, Thing, parts=parts, page_items=2, pages_per_second=1000)

    three, one = in_parts(3), in_parts(1)
    start(runtime_of(three), database, three)
    start(runtime_of(one), database, one, again=True)
    rows = [Part.find(three.name, number) for number in range(3)]
    assert [row.state for row in rows if row] == ["running", "paused", "paused"]
    again = runtime_of(three)
    start(again, database, three, again=True)
    assert work(again) == []
    assert sizes() == [7] * 10
    assert counts(three)[::2] == ("done", 10)


def test_rows_without_a_version_want_a_condition(
    runtime_of: Callable[..., TaskRuntime], database: Database, work: Any
) -> None:
    def careless(row: Plain) -> Edit:
        return Edit(Plain.size.set(1))

    def careful(row: Plain) -> Edit:
        row_now = Plain.size.does_not_exist() & (Plain.name == row.name)
        return Edit(Plain.size.set(len(row.name)), condition=row_now)

    Plain("a", name="abc").save()
    one, other = (Migration(change, Plain, pages_per_second=1000) for change in (careless, careful))
    runtime = runtime_of(one, other)
    start(runtime, database, one)
    assert work(runtime) == ["MIGRATION_FAILED"]
    start(runtime, database, other)
    assert work(runtime) == []
    assert Plain.get("a", consistent_read=True).size == 3


def test_a_row_without_a_version_that_was_deleted_meanwhile_does_not_come_back(
    runtime_of: Callable[..., TaskRuntime], database: Database, work: Any
) -> None:
    def deleting(row: Plain) -> Edit:
        row.delete()
        return Edit(Plain.size.set(1), condition=Plain.size.does_not_exist())

    Plain("a", name="abc").save()
    one = Migration(deleting, Plain, pages_per_second=1000)
    runtime = runtime_of(one)
    start(runtime, database, one)
    assert work(runtime) == []
    assert list(Plain.scan(consistent_read=True)) == []


def test_items_of_other_models_in_its_table_are_left_alone(
    runtime_of: Callable[..., TaskRuntime], stored: Database, work: Any
) -> None:
    seen: list[str] = []

    def measure(cat: Cat) -> Edit:
        seen.append(cat.id)
        return Edit(Cat.size.set(4))

    Cat("Tom").save()
    Dog("Spike").save()
    one = Migration(measure, Cat, pages_per_second=1000)
    runtime = runtime_of(one)
    start(runtime, stored, one)
    assert work(runtime) == []
    assert seen == ["Tom"]
    assert Dog.get("Spike", consistent_read=True).size is None
    assert counts(one) == ("done", 1, 2, 1)


def test_where_nothing_tells_its_items_from_others_it_says_which_or_is_not_started(
    runtime_of: Callable[..., TaskRuntime], stored: Database, work: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def fill_in(row: Plain) -> Edit | None:
        return Edit(Plain.size.set(1), condition=Plain.size.does_not_exist())

    def is_plain(item: Any) -> bool:
        return bool(item["id"]["S"].startswith("plain:"))

    Plain("plain:1").save()
    Line("line:1").save()
    careless = Migration(fill_in, Plain, pages_per_second=1000)
    assert command(runtime_of(careless), stored, "start", "fill_in") == 1
    assert "The table of Plain is that of Line, too: say which items are meant" in capsys.readouterr().err
    assert careless.found() == []
    careful = Migration(fill_in, Plain, pages_per_second=1000, belongs=is_plain)
    runtime = runtime_of(careful)
    start(runtime, stored, careful)
    assert work(runtime) == []
    assert Plain.get("plain:1", consistent_read=True).size == 1
    assert Line.get("line:1", consistent_read=True).size is None


def test_it_keeps_to_its_pace(
    runtime_of: Callable[..., TaskRuntime], database: Database, work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(running.time, "sleep", waits.append)
    slow = Migration(_size, Thing, page_items=3, pages_per_second=0.01)
    runtime = runtime_of(slow)
    start(runtime, database, slow)
    assert work(runtime) == []
    assert len([one for one in waits if 90 < one <= 100]) >= 3


@pytest.mark.parametrize("how", [{"parts": 0}, {"parts": 41}, {"page_items": 0}, {"pages_per_second": 0}])
def test_numbers_that_make_no_sense_are_refused(how: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a migration has 1 to 40 parts"):
        Migration(_size, Thing, **how)


def command(runtime: TaskRuntime, database: Database, *arguments: str) -> int:
    return run(read_arguments(arguments), runtime, database)


def test_an_operator_sees_starts_and_pauses_it(
    runtime: TaskRuntime, database: Database, work: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(runtime, database, "list") == 0
    assert "not started" in capsys.readouterr().out
    assert command(runtime, database, "start", "_size") == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:5] == ["0", "running", "0", "0", "0"]
    assert command(runtime, database, "pause", fill.name) == 0
    assert work(runtime) == []
    assert "paused" in capsys.readouterr().out
    assert command(runtime, database, "start", "_size") == 0
    assert work(runtime) == []
    capsys.readouterr()
    assert command(runtime, database, "status", "_size", "--json") == 0
    assert '"state": "done"' in capsys.readouterr().out
    assert command(runtime, database, "start", "_size") == 1
    assert capsys.readouterr().err == "All of it is done. From the beginning: --again. (MIGRATION_DONE)\n"
    assert command(runtime, database, "list") == 0
    line = capsys.readouterr().out.splitlines()[1].split()
    assert line[:7] == [fill.name, "done", "1", "of", "1", "10", "10"]
    assert command(runtime, database, "start", "other") == 2
    assert f"other is not one of the migrations of this service: {fill.name}" in capsys.readouterr().err
