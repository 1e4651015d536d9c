from pathlib import Path

import pytest

from infra.aws.errors import AwsError
from infra.aws.told import told

DEFAULT = "all: {dynamodb_region: eu-west-1}"


def files(folder: Path, live: str) -> Path:
    (folder / "default.yaml").write_text(DEFAULT)
    (folder / "live.yaml").write_text(live)
    return folder


def test_what_is_told_to_a_service_goes_over_what_is_told_to_all(tmp_path: Path) -> None:
    folder = files(tmp_path, "all: {table_prefix: live-}\ntodos: {table_prefix: live2-}")
    assert told("live", "todos", folder).table_prefix == "live2-"
    assert told("live", "auth", folder).table_prefix == "live-"


def test_without_a_prefix_it_is_the_one_that_the_service_has_then(tmp_path: Path) -> None:
    assert told("live", "todos", files(tmp_path, "all: {}")).table_prefix == "polymacaron-"


def test_what_is_fetched_is_read_as_the_service_reads_it(tmp_path: Path) -> None:
    folder = files(
        tmp_path, "todos: {cursor_secret: aws-secret:a/todos#one, redis_url: aws-parameter:/a/redis}"
    )
    assert told("live", "todos", folder).references == {
        ("aws-secret", "a/todos", "one"),
        ("aws-parameter", "/a/redis", ""),
    }


@pytest.mark.parametrize(
    ("live", "fault"),
    [
        ("todos: {cursor_secret: aws-secrets:todos}", r"live\.yaml:1: cursor_secret: Names nothing"),
        ("todos: {cursor_secret: 'aws-secret:todos#'}", r"live\.yaml:1: cursor_secret: aws-secret: names"),
        ("all: {table_prefix: 'live '}", r"live\.yaml:1: table_prefix: "),
        ("all: {table_prefix: test-}", r"table_prefix: Is that of a local stack"),
        ("all: {tabel_prefix: live-}", r"live\.yaml:1: unknown key tabel_prefix: did you mean table_prefix"),
    ],
)
def test_what_would_lead_to_other_tables_or_secrets_is_refused(tmp_path: Path, live: str, fault: str) -> None:
    with pytest.raises(AwsError, match=rf"todos what it needs at live:\n.*{fault}"):
        told("live", "todos", files(tmp_path, live))


def test_a_stage_without_a_file_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(AwsError, match=r"APP_ENVIRONMENT: Has no file in config/; give one of live\."):
        told("absent", "todos", files(tmp_path, "all: {}"))
