"""The commands on the README's first screen, as they stand there."""

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from testaccept import accounts
from testaccept.deployment import DEFAULT_URLS, Clients, User, connect_to, service_url

ROOT = Path(__file__).parents[1]
PASSWORD = "correct horse battery"
SEED = re.compile(r"TOKEN=\$\(make seed [^)]*\)")


def block(name: str) -> str:
    """The shell commands under the mark `name`, sent to the deployment under test."""
    found = re.search(rf"<!-- {name} -->\n```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found, f"README.md has no {name}"
    commands = found[1]
    for service, url in DEFAULT_URLS.items():
        commands = commands.replace(url.replace("http://127.0.0.1", "localhost"), service_url(service))
    assert "localhost" not in commands
    return commands


def led() -> str:
    """Have curl connect to where the services under test are, and send auth the key of these tests."""
    options = [
        f"--connect-to {url.hostname}:{url.port or ''}:{address if ':' in address else f'{address}:'}"
        for service in DEFAULT_URLS
        if (address := connect_to(service)) and (url := urlsplit(service_url(service)))
    ]
    return f"""curl() {{
        local key=()
        if [[ "${{TESTACCEPT_KEY:-}}" && "$*" = */auth/* ]]; then
            key=(-H "Acceptance-Key: $TESTACCEPT_KEY")
        fi
        command curl {" ".join(options)} "${{key[@]}}" "$@"
    }}
"""


def run(commands: str) -> list[dict[str, Any]]:
    """What they print, line by line."""
    done = subprocess.run(  # noqa: S603
        ["bash", "-euc", led() + commands],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def test_the_walk_of_the_readme(anyone: Clients, email: str, confirming: bool) -> None:
    if confirming:  # else there is nobody to log in as, and whoever signs up again is told the same
        accounts.sign_up(anyone.auth, email, PASSWORD)
    said = run("TOKEN=\n" + block("walk").replace("ada@example.com", email))

    account, todo, todos, operation, exported, profile, changed = said
    assert account["email"] == email
    assert todos["items"] == [todo]
    assert todos["meta"]["next"] is None
    assert todo["title"] == "Water the plants"
    assert operation["status"] == "succeeded"
    assert exported == todo
    assert profile["profile_id"] == accounts.log_in(anyone.auth, email, PASSWORD)["user_id"]
    assert confirming or profile["profile_id"] == account["user_id"]
    assert changed["bio"] == "First programmer"


def seed(user: User) -> None:
    """Give the user the todos of `make seed`, due as long before and after now."""
    for body in json.loads((ROOT / "infra/local/seed.json").read_text()):
        if (hours := body.pop("due_in_hours", None)) is not None:
            body["due_at"] = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
        response = user.todos.post("/todos", json=body)
        assert response.status_code == 201, response.text


def test_every_question_of_the_readme_has_an_answer(user: User) -> None:
    seed(user)
    commands = block("ask")
    assert len(SEED.findall(commands)) == 1, "the questions are about what `make seed` makes"
    api = re.search(r"^api\(\) .*$", block("walk"), re.MULTILINE)
    assert api
    said = run(f"{api[0]}\n{SEED.sub('TOKEN=' + user.token, commands)}")

    assert len(said) == len(re.findall(r"^api ", commands, re.MULTILINE))
    overdue, upcoming, several, near, tags, stats, sample, explained = said
    assert titles(overdue) == ["Return the books", "Call Grace"]
    assert titles(upcoming) == ["Look at apis/todos.yaml", "Buy bread", "Export these todos"]
    assert upcoming["meta"]["next"]
    assert len(several["items"]) == several["meta"]["total"] == 5
    assert [todo["priority"] for todo in several["items"]] == [3, 2, 1, 1, 1]
    assert sorted(titles(near)) == ["Buy bread", "Return the books"]
    assert tags["items"][0] == {"value": "weekly", "count": 2}
    assert len(tags["items"]) == 3
    assert stats["stats"]["estimate"]["count"] == 9
    assert stats["stats"]["due_at"]["min"] < stats["stats"]["due_at"]["max"]
    assert [todo["state"] for todo in sample["items"]] == ["someday"]
    assert explained["items"]
    assert explained["meta"]["explain"]["index"] == "by-priority"


def titles(page: dict[str, Any]) -> list[str]:
    return [todo["title"] for todo in page["items"]]
