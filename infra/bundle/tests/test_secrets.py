"""No secret gets into a bundle, whatever whoever writes it has in the environment."""

from dataclasses import fields
from pathlib import Path

import pytest

from infra.bundle.cli import main
from infra.local.ports import SERVICES
from libs.service import Secret, Service

DIGEST = f"sha256:{'a' * 64}"


def secrets() -> dict[str, str]:
    """Each secret setting of all services, and AWS' own, with a value that is found again."""
    names = {
        one.name
        for service in SERVICES
        for one in fields(Service.named(service).settings_class)
        if one.type in (Secret, Secret | None)
    }
    assert {"key_secret", "cursor_secret", "redis_url", "smtp_url"} <= names
    told = {f"APP_{name.upper()}": f"hidden-{name}" for name in names}
    aws = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return told | {name: f"hidden-{name.lower()}" for name in aws}


def test_no_secret_is_in_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in secrets().items():
        monkeypatch.setenv(name, value)
    for service in SERVICES:
        arguments = [service, "live", "--commit", "0" * 40, "--digest", DIGEST, "--proxy-digest", DIGEST]
        assert main(arguments, folder=tmp_path) == 0
    texts = [file.read_text() for file in tmp_path.rglob("*") if file.is_file() and file.suffix != ".zip"]
    assert len(texts) == 5 * len(SERVICES)
    # Not even what names one: that stands in config/<stage>.yaml, which is in the image.
    for wanted in ("hidden-", "aws-secret:", "aws-parameter:", "arn:aws:secretsmanager"):
        assert [text for text in texts if wanted in text] == []
