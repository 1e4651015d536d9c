"""The disk of the local stack is full: writes are refused, nothing that was written is lost, and it heals."""

import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PynamoDBException
from pynamodb.models import Model

from infra.local.packages import ensure_dynamodb, ensure_java
from infra.local.servers import dynamodb_answers, dynamodb_command
from infra.local.throwaway import reserved_port
from libs.dynamodb import Database, as_problem
from libs.service.testing import eventually

MEBIBYTES = 4
"""Of the disk; the tables take a little, and the ballast half of it."""
HEALS_WITHIN = 8.0
"""Seconds: the circuit is open for two, and the machine may be busy."""
MOUNTED = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
"""Runs a script that may mount what nobody else sees."""
SCRIPT = f"""
mount -t tmpfs -o size={MEBIBYTES}m tmpfs "$1"
head -c {MEBIBYTES * 1024 * 512} /dev/zero > "$1/ballast"
shift
exec "$@"
"""


class Page(Model):
    class Meta:
        table_name = "pages"

    number = UnicodeAttribute(hash_key=True)
    text = UnicodeAttribute()


def may_mount(folder):
    if shutil.which("unshare") is None:
        return False
    command = [*MOUNTED, 'mount -t tmpfs tmpfs "$1"', "sh", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def small_disk(folder):
    """Run DynamoDB Local on a disk of its own; yields its port, and its folder as it sees that."""
    with reserved_port() as port:
        command = dynamodb_command(port, folder, ensure_java(), ensure_dynamodb())
        with (folder.parent / "said").open("w+b") as output:
            process = subprocess.Popen(
                [*MOUNTED, SCRIPT, "sh", str(folder), *command],
                cwd=folder.parent,
                stdout=output,
                stderr=output,
            )
            try:
                eventually(lambda: process.poll() is not None or dynamodb_answers(port), seconds=60)
                yield port, Path(f"/proc/{process.pid}/root{folder}")
            finally:
                process.kill()
                process.wait()


def test_the_disk_of_the_local_stack_is_full(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    if not may_mount(folder):
        pytest.skip("nobody may mount here")
    with small_disk(folder) as (port, seen):
        database = Database([Page], region="eu-west-1", endpoint=f"http://127.0.0.1:{port}")
        database.create_tables()
        written, refused = [], None
        for number in range(200):
            try:
                Page(str(number), text="x" * 50_000).save()
            except PynamoDBException as error:
                refused = as_problem(error)
                break
            written.append(str(number))
        assert refused is not None, "all of that is more than the disk has"
        assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
        assert written
        for one in written:
            assert len(Page.get(one, consistent_read=True).text) == 50_000

        (seen / "ballast").unlink()

        def heals():
            try:
                Page(str(number), text="x" * 50_000).save()
            except PynamoDBException:
                return False
            return True

        eventually(heals, seconds=HEALS_WITHIN)
        kept = [one.number for one in Page.scan(consistent_read=True)]
        assert sorted(kept) == sorted([*written, str(number)])
