from pathlib import Path

import pytest

from infra.local.logs import Tail, follow


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_whole_lines_only(tmp_path: Path):
    log = tmp_path / "a.log"
    log.write_text("before\n")
    tail = Tail(log)
    assert tail.new_lines() == []
    append(log, "one\ntw")
    assert tail.new_lines() == ["one"]
    append(log, "o\n")
    assert tail.new_lines() == ["two"]


def test_a_file_that_appears_later_and_one_that_is_rotated(tmp_path: Path):
    log = tmp_path / "a.log"
    tail = Tail(log)
    append(log, "one\n")
    assert tail.new_lines() == ["one"]
    append(log, "last of the old file\n")
    log.rename(tmp_path / "a.log.1")
    append(log, "first of the new\n")
    assert tail.new_lines() == ["last of the old file", "first of the new"]
    append(log, "and on\n")
    assert tail.new_lines() == ["and on"]


def test_a_file_that_is_emptied_in_place(tmp_path: Path):
    log = tmp_path / "a.log"
    append(log, "a long line before\n")
    tail = Tail(log)
    log.write_text("new\n")
    assert tail.new_lines() == ["new"]


def test_each_line_says_whose_it_is(tmp_path: Path):
    append(tmp_path / "todos.log", "old\n")
    rounds = iter([lambda: append(tmp_path / "todos-worker.log", "hello\n")])

    def pause() -> None:
        for step in rounds:
            return step()
        raise KeyboardInterrupt

    written: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        follow(tmp_path, ["todos", "todos-worker"], written.append, pause)
    assert written == ["todos        | old", "todos-worker | hello"]
