"""What the guides tell to type: calls of AWS that AWS knows, and commands that services have."""

import argparse
import os
import re
import shlex

import boto3
import botocore.session
import pytest
from botocore import xform_name

from infra.tables import cli
from infra.tables.copying import copy
from libs.service import Service
from libs.service.__main__ import main
from libs.service.settings import command as config
from libs.tasks.admin import commands as tasks
from libs.tasks.migrations import commands as migrations
from services.auth.clients.__main__ import _parser as clients
from services.auth.keys.__main__ import main as keys
from tests.services import environment_of
from tests.tables import DOCS

GLOBAL = {"query": True, "output": True, "region": True, "profile": True, "max-items": True}
"""What every command of the AWS CLI takes, and whether a value follows."""
NOT_OF_THE_API = {"s3", "configure", "sso", "wait"}
"""Commands the CLI has beside those of the API; of `wait`, see below."""
SESSION = botocore.session.get_session()


def lines():
    """Yield guide and command of each line of shell in the guides, with those that go on in the next line."""
    for path in sorted(DOCS.glob("*.md")):
        text = re.sub(r"^( {3})```(\w+)\n(.*?)^ {3}```$", _outdented, path.read_text(), flags=re.M | re.S)
        for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S):
            if language in ("sh", "bash"):
                joined = block.replace("\\\n", " ")
                yield from ((path.stem, one.strip()) for one in joined.splitlines() if one.strip())


def _outdented(found):
    return re.sub(r"^ {3}", "", found[0], flags=re.M)


AWS = sorted({line for _, line in lines() if line.startswith("aws ")})
PYTHON = ".venv/bin/python -m "
OURS = [line.removeprefix(PYTHON) for guide, line in lines() if guide == "runbook" and PYTHON in line]


def words(line):
    """Return the words of a command, without what its output goes to."""
    found = shlex.split(line, comments=True)
    end = next((at for at, word in enumerate(found) if word in ("|", ">", "&&", ";")), len(found))
    return found[:end]


def faults_of(line):
    """Return what AWS would not take of a call by its CLI."""
    _, service, operation, *given = words(line)
    if service in NOT_OF_THE_API:
        return []
    if service not in SESSION.get_available_services():
        return [f"there is no service {service}"]
    model = SESSION.get_service_model(service)
    if operation == "wait":
        waiter, *given = given
        waiters = SESSION.get_waiter_model(service)
        named = {xform_name(name, "-"): name for name in waiters.waiter_names}
        if waiter not in named:
            return [f"{service} waits for no {waiter}"]
        name = waiters.get_waiter(named[waiter]).operation
    else:
        operations = {xform_name(name, "-"): name for name in model.operation_names}
        if operation not in operations:
            return [f"{service} has no {operation}"]
        name = operations[operation]
    shape = model.operation_model(name).input_shape
    return list(_faults_of_options(shape, given))


def _faults_of_options(shape, given):
    members = {xform_name(name, "-"): one for name, one in (shape.members if shape else {}).items()}
    required = {xform_name(name, "-") for name in (shape.required_members if shape else ())}
    at, seen = 0, set()
    while at < len(given):
        option, at = given[at], at + 1
        name = option.removeprefix("--")
        values = []
        while at < len(given) and not given[at].startswith("--"):
            values.append(given[at])
            at += 1
        if name in GLOBAL:
            continue
        off = name.removeprefix("no-") if name not in members else name
        if not option.startswith("--") or off not in members:
            yield f"there is no {option}"
            continue
        seen.add(off)
        yield from _faults_of_value(option, members[off], values)
    yield from (f"--{one} is missing" for one in sorted(required - seen))


def _faults_of_value(option, shape, values):
    if shape.type_name == "boolean":
        if values:
            yield f"{option} takes no value"
    elif not values:
        yield f"{option} has no value"
    elif shape.type_name == "structure" and not values[0].startswith(("file://", "{")):
        names = [pair.partition("=")[0] for pair in values[0].split(",")]
        yield from (f"{option} has no {one}" for one in names if one not in shape.members)
    elif shape.type_name == "list" and shape.member.type_name == "structure" and "=" in values[0]:
        for value in values:
            names = [pair.partition("=")[0] for pair in value.split(",")]
            yield from (f"{option} has no {one}" for one in names if one not in shape.member.members)
    else:
        of = shape.member if shape.type_name == "list" else shape
        known = getattr(of, "enum", None) or []
        yield from (
            f"{option} is none of {', '.join(known)}: {one}"
            for one in values
            if known and not one.startswith("$") and one not in known
        )


@pytest.mark.parametrize("line", AWS)
def test_a_call_of_aws_is_one_that_aws_knows(line):
    assert faults_of(line) == []


def test_there_are_such_calls():
    assert len(AWS) >= 12


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("aws dynamo list-tables", "there is no service dynamo"),
        ("aws dynamodb list-table", "dynamodb has no list-table"),
        ("aws dynamodb wait table-is-there --table-name a", "dynamodb waits for no table-is-there"),
        ("aws dynamodb delete-table", "--table-name is missing"),
        ("aws dynamodb delete-table --table-name", "--table-name has no value"),
        ("aws dynamodb delete-table --table-name a --force", "there is no --force"),
        ("aws dynamodb scan --table-name a --select ALL", "--select is none of"),
        (
            "aws dynamodb update-time-to-live --table-name a --time-to-live-specification On=true",
            "--time-to-live-specification has no On",
        ),
        (
            "aws dynamodb update-table --table-name a --deletion-protection-enabled true",
            "--deletion-protection-enabled takes no value",
        ),
    ],
)
def test_a_wrong_call_is_found(line, fault):
    assert any(one.startswith(fault) for one in faults_of(line)), faults_of(line)


@pytest.mark.parametrize("line", [one for one in OURS if one.startswith("libs.service")])
def test_a_command_of_a_service_can_be_read(line):
    _, process, *rest = words(line)
    readers = {"tasks": tasks, "migrations": migrations, "config": config}
    if process in readers:
        readers[process].read_arguments(rest)
    else:
        assert (process, rest) == ("tables", [])


@pytest.fixture
def auth(monkeypatch):
    """The environment of an auth whose tables are there."""
    environ = environment_of("auth")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    service = Service.named("auth")
    database = service.database(service.load_settings(environ))
    database.create_tables()
    yield environ
    database.delete_tables()


def test_the_commands_of_keys_do_what_they_say(auth, capsys):
    asked = [words(one)[1:] for one in OURS if one.startswith("services.auth.keys")]
    assert [one[0] for one in asked] == ["list", "rotate", "retire", "reseal"]
    for one in asked:
        kid = capsys.readouterr().out.split()[:1] if "KID" in one else []
        told = keys([kid[0] if word == "KID" else word for word in one])
        assert told is None, told


def test_the_commands_of_clients_can_be_read():
    asked = [words(one)[1:] for one in OURS if one.startswith("services.auth.clients")]
    assert [clients().parse_args(one).command for one in asked] == ["list", "secret", "secret"]


def test_the_command_that_looks_at_tables_finds_them(auth, monkeypatch, capsys):
    monkeypatch.setattr("libs.service.__main__.DEVELOPMENT", frozenset())
    assert main(["tables"]) == os.EX_OK


def test_copying_is_asked_for_as_the_command_takes_it(monkeypatch):
    parsed: list[argparse.Namespace] = []
    monkeypatch.setattr(cli, "_copy", lambda given, _: parsed.append(given) or 0)
    asked = [words(one)[1:] for one in OURS if one.startswith("infra.tables")]
    assert [one[0] for one in asked] == ["copy", "copy"]
    assert [cli.main(one) for one in asked] == [0, 0]
    assert [one.where for one in parsed] == [[("owner", "01J0EXAMPLE")], []]


@pytest.fixture
def two_tables():
    """A table, and what was restored of it, with items."""
    client = boto3.client("dynamodb", "eu-west-1", endpoint_url=os.environ["TEST_DYNAMODB_ENDPOINT"])
    names = [f"test-{os.urandom(8).hex()}-{part}" for part in ("used", "restored")]
    for name in names:
        client.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": one, "AttributeType": "S"} for one in ("owner", "id")],
            KeySchema=[
                {"AttributeName": "owner", "KeyType": "HASH"},
                {"AttributeName": "id", "KeyType": "RANGE"},
            ],
        )
    stored = ({"ada 1": "new"}, {"ada 1": "old", "ada 2": "old", "eve 1": "old"})
    for name, items in zip(names, stored, strict=True):
        for key, text in items.items():
            owner, number = key.split()
            item = {"owner": {"S": owner}, "id": {"S": number}, "text": {"S": text}, "raw": {"B": b"\xff"}}
            client.put_item(TableName=name, Item=item)
    yield client, *names
    for name in names:
        client.delete_table(TableName=name)
    client.close()


def texts(client, table):
    items = client.scan(TableName=table)["Items"]
    return {f"{one['owner']['S']} {one['id']['S']}": one["text"]["S"] for one in items}


@pytest.mark.parametrize(
    ("how", "expected", "counts"),
    [
        ({}, {"ada 1": "new", "ada 2": "old", "eve 1": "old"}, (3, 2, 1)),
        ({"where": {"owner": "ada"}}, {"ada 1": "new", "ada 2": "old"}, (2, 1, 1)),
        ({"overwrite": True}, {"ada 1": "old", "ada 2": "old", "eve 1": "old"}, (3, 3, 0)),
    ],
)
def test_what_was_restored_is_copied_back(two_tables, how, expected, counts):
    client, used, restored = two_tables
    done = copy(client, restored, used, **how)
    assert (done.read, done.written, done.left) == counts
    assert texts(client, used) == expected
    assert copy(client, restored, used, **how).read == done.read
    assert texts(client, used) == expected
