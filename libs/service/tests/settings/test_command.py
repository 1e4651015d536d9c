"""``python -m libs.service config``: what it prints, and how it ends."""

import os

import pytest

from infra.local.throwaway import reserved_port
from libs.service.__main__ import main
from libs.service.settings.showing import MASK
from libs.service.testing import SECRET, environment


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Run the command in an environment; return its exit code, output and errors."""

    def run(environ: dict[str, str], *arguments: str) -> tuple[int, list[str], list[str]]:
        with monkeypatch.context() as patch:
            patch.setattr(os, "environ", environ)
            code = main(["config", *arguments])
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err.splitlines()

    return run


def test_it_prints_what_is_in_force_and_who_said_it(told) -> None:
    environ = environment("todos", cursor_secret=SECRET, redis_url="redis://:hunter2@redis")
    code, lines, errors = told(environ)
    assert (code, errors) == (0, [])
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in lines}
    assert rows["key"] == ["value", "from"]
    assert rows["cursor_secret"] == rows["redis_url"] == [MASK, "environment"]
    assert rows["web_threads"] == ["8", "default"]
    assert rows["create_tables"] == ["false", "default"]
    assert rows["commit"] == ["-", "default"]
    assert rows["validate_answers"][1].startswith("config/test.yaml:")
    assert "hunter2" not in str(lines)


def test_all_that_is_wrong_is_named_beside_what_is_in_force(told) -> None:
    environ = environment("todos", cursor_secret="hunter2", prot="1", port="x")
    code, lines, errors = told(environ)
    assert code == os.EX_CONFIG
    assert [line.split(": ")[:2] for line in errors] == [
        ["error", "APP_CURSOR_SECRET"],
        ["error", "APP_PORT"],
        ["error", "APP_PROT"],
    ]
    rows = {line.split()[0]: line.split(maxsplit=2)[1:] for line in lines}
    assert rows["port"] == rows["cursor_secret"] == ["(wrong)", "environment"]
    assert rows["web_threads"] == ["8", "default"]
    assert "hunter2" not in str([lines, errors])


def test_offline_it_fetches_nothing_and_warns_of_what_may_be_meant(told) -> None:
    code, lines, errors = told({"APP_SERVICE": "todos", "APP_ENVIRONMENT": "live"}, "--offline")
    assert code == 0
    assert errors == ["warning: APP_VERSION: Nobody can tell what is running."]
    (row,) = [line.split(maxsplit=1)[1] for line in lines if line.startswith("cursor_secret")]
    assert row.startswith("(not fetched)")


def test_where_aws_is_away_trying_again_may_help(told) -> None:
    with reserved_port() as port:
        away = {"secrets_endpoint": f"http://127.0.0.1:{port}", "cursor_secret": "aws-secret:todos"}
        code, _, errors = told({**os.environ, **environment("todos", **away)})
    assert code == os.EX_TEMPFAIL
    assert errors == ["error: APP_CURSOR_SECRET: aws-secret: EndpointConnectionError"]


@pytest.mark.parametrize("process", ["web", "worker", "tables"])
def test_so_it_is_for_every_process(
    process: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with reserved_port() as port, monkeypatch.context() as patch:
        away = {"secrets_endpoint": f"http://127.0.0.1:{port}", "cursor_secret": "aws-secret:todos"}
        patch.setattr(os, "environ", {**os.environ, **environment("todos", **away)})
        assert main([process]) == os.EX_TEMPFAIL
    assert capsys.readouterr().err == (
        "cannot start:\nAPP_CURSOR_SECRET: aws-secret: EndpointConnectionError\n"
    )


def test_a_service_has_to_be_named(told) -> None:
    assert told({}) == (
        os.EX_CONFIG,
        [],
        ["cannot start:", "APP_SERVICE: Missing data for required field."],
    )
