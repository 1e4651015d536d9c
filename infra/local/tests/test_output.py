from pathlib import Path

from infra.local.output import last_lines, next_commands, urls
from infra.local.ports import Ports


def test_the_table_says_where_everything_is():
    assert urls(Ports()).splitlines() == [
        "SERVICE   URL                       CONTRACT       HEALTH",
        "auth      http://127.0.0.1:8101     /openapi.json  /health/ready",
        "profiles  http://127.0.0.1:8102     /openapi.json  /health/ready",
        "todos     http://127.0.0.1:8103     /openapi.json  /health/ready",
        "dynamodb  http://127.0.0.1:8109",
        "redis     redis://127.0.0.1:8110/0",
    ]


def test_the_next_three_commands_are_targets_of_the_makefile():
    commands = [line.split()[1] for line in next_commands().splitlines() if line.startswith("  make ")]
    makefile = (Path(__file__).parents[3] / "Makefile").read_text()
    assert len(commands) == 3
    assert all(f"\n{command}: " in makefile for command in commands)


def test_last_lines_of_a_long_file_and_of_none(tmp_path: Path):
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n" for number in range(100_000)))
    assert last_lines(log, 2) == ["line 99998", "line 99999"]
    assert last_lines(tmp_path / "missing", 2) == []
