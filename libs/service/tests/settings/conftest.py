"""A config/ of a test's own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from libs.service import Secret, Settings, setting
from libs.service.settings import Reading, read_settings

ENVIRON = {"APP_SERVICE": "todos", "APP_ENVIRONMENT": "test", "APP_JWT_ISSUER": "https://auth.test"}
NOTHING = "all: {dynamodb_region: eu-west-1}"


@dataclass(frozen=True, kw_only=True)
class OwnSettings(Settings):
    """With settings of its own."""

    password: Secret | None = setting(None, help="What opens it.")
    share: float = setting(0.5, help="How much of it.")


Read = Callable[..., Reading[OwnSettings]]


@pytest.fixture
def read(tmp_path: Path) -> Iterator[Read]:
    """Read settings from the texts of default.yaml and of another file, and from an environment."""

    def read(
        default: str | bytes = NOTHING, over: str = "", *, file: str = "test", fetch: bool = True, **told: str
    ) -> Reading[OwnSettings]:
        folder = tmp_path / "config"
        folder.mkdir(exist_ok=True)
        (folder / "default.yaml").write_bytes(default if isinstance(default, bytes) else default.encode())
        (folder / f"{file}.yaml").write_text(over)
        environ = {**ENVIRON, "APP_ENVIRONMENT": file}
        environ |= {f"APP_{name.upper()}": text for name, text in told.items()}
        return read_settings(OwnSettings, environ, folder=folder, fetch=fetch)

    return read
