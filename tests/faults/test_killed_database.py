"""DynamoDB Local with its data on disk is killed while it is written to: what it has answered is there."""

import itertools
import subprocess
import threading
from contextlib import contextmanager

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.models import Model

from infra.local.packages import ensure_dynamodb, ensure_java
from infra.local.servers import dynamodb_answers, dynamodb_command
from infra.local.throwaway import reserved_port
from libs.dynamodb import Database
from libs.service.testing import eventually

WRITERS = 4


class Note(Model):
    class Meta:
        table_name = "notes"

    writer = UnicodeAttribute(hash_key=True)
    number = NumberAttribute(range_key=True)


@contextmanager
def database_on(folder, port):
    """Run it for the length of a with-block, at whose end it is killed."""
    with (folder.parent / "said").open("ab") as output:
        command = dynamodb_command(port, folder, ensure_java(), ensure_dynamodb())
        process = subprocess.Popen(command, cwd=folder.parent, stdout=output, stderr=output)
        try:
            eventually(lambda: process.poll() is not None or dynamodb_answers(port), seconds=60)
            yield
        finally:
            process.kill()
            process.wait()


def write_until_it_fails(writer, answered):
    for number in itertools.count():
        try:
            Note(writer, number).save()
        except PynamoDBException:
            return
        answered.append((writer, number))


def test_what_was_answered_is_there_after_a_kill(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    answered = []
    with reserved_port() as port:
        database = Database([Note], region="eu-west-1", endpoint=f"http://127.0.0.1:{port}")
        with database_on(folder, port):
            database.create_tables()
            writers = [
                threading.Thread(target=write_until_it_fails, args=(str(one), answered))
                for one in range(WRITERS)
            ]
            for one in writers:
                one.start()
            eventually(lambda: len(answered) > 10 * WRITERS)
        for one in writers:
            one.join()
        with database_on(folder, port):
            eventually(lambda: database.connection.calls.state != "open")
            stored = {(one.writer, int(one.number)) for one in Note.scan(consistent_read=True)}
    assert set(answered) - stored == set()
    assert len(stored) <= len(answered) + WRITERS, "what had no answer may be there, too: one a writer"
