"""The lines that auditors ask for."""

import logging

import pytest

from libs.service.logs import configure_logs
from services.auth.audit import audit


@pytest.mark.parametrize("level", ["WARNING", "ERROR"])
def test_they_are_written_whatever_else_is(capsys: pytest.CaptureFixture[str], level: str) -> None:
    configure_logs("auth", log_format="json", level=level)
    logging.getLogger("services.auth").info("not this")
    audit("roles set", user="ada", by="boss")
    written = capsys.readouterr().out
    assert "roles set" in written
    assert "not this" not in written
