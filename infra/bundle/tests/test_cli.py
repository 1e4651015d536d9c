import re
from pathlib import Path

import pytest

from infra.bundle.cli import main
from infra.bundle.tests.conftest import COMMIT

DIGEST = f"sha256:{'a' * 64}"
DIGESTS = ["--digest", DIGEST, "--proxy-digest", DIGEST]


def test_a_bundle_is_written_without_credentials(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["todos", "live", "--commit", COMMIT, *DIGESTS], folder=tmp_path) == 0
    zipped = Path(capsys.readouterr().out.strip())
    assert zipped.parent == tmp_path
    text = (zipped.with_suffix("") / "docker-compose.yml").read_text()
    assert f"111122223333.dkr.ecr.eu-west-1.amazonaws.com/polymacaron/todos@{DIGEST}" in text


def test_the_commit_is_that_of_the_tree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["todos", "live", *DIGESTS], folder=tmp_path) == 0
    assert re.search(r"todos-live-[0-9a-f]{12}\.zip", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["todos", "production", *DIGESTS], "STAGE=production is none of live, staging"),
        (["shop", "live", *DIGESTS], "SERVICE=shop is none of auth, profiles, todos"),
        (["todos", "live", "--digest", "latest", "--proxy-digest", DIGEST], "--digest must be sha256:"),
        (["todos", "live", "--digest", DIGEST], "--proxy-digest must be sha256:"),
        (["todos", "live", "--commit", "main", *DIGESTS], "'main' is no commit"),
    ],
)
def test_misuse_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(arguments, folder=tmp_path) == 2
    told = capsys.readouterr().err
    assert told.startswith("Error: ")
    assert said in told
    assert told.count("\n") == 1
