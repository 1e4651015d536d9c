"""The walk on the README's first screen, as it stands there."""

import json
import re
import subprocess
from pathlib import Path

from testaccept.deployment import DEFAULT_URLS, service_url

README = Path(__file__).parents[1] / "README.md"


def test_the_walk_of_the_readme(email: str) -> None:
    block = re.search(r"<!-- walk -->\n```sh\n(.*?)```", README.read_text(), re.DOTALL)
    assert block, "README.md has no walk"
    walk = block[1].replace("ada@example.com", email)
    for service, url in DEFAULT_URLS.items():
        walk = walk.replace(url.replace("http://127.0.0.1", "localhost"), service_url(service))
    assert "localhost" not in walk

    run = subprocess.run(  # noqa: S603
        ["bash", "-euc", "TOKEN=\n" + walk],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    said = [json.loads(line) for line in run.stdout.splitlines() if line.strip()]
    account, todo, todos, operation, exported, profile, changed = said
    assert account["email"] == email
    assert todos == {"items": [todo], "next": None}
    assert todo["title"] == "Water the plants"
    assert operation["status"] == "succeeded"
    assert exported == todo
    assert profile["profile_id"] == account["user_id"]
    assert changed["bio"] == "First programmer"
