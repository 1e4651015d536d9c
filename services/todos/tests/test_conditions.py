"""Versions: what was changed meanwhile is not overwritten, what is known already is not sent again."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.todos.tests.conftest import Todos

STALE = ['"2"', 'W/"1"', '"x"', '"2", "3"', '"1x"']


@pytest.mark.parametrize("if_match", ['"1"', "*", '"7", "1"'])
def test_what_is_as_it_was_seen_is_changed(todos: Todos, if_match: str) -> None:
    for method in ("PATCH", "PUT", "DELETE"):
        path = f"/{todos.create()['id']}"
        answer = todos.send(method, path, json={"title": "y"}, headers={"If-Match": if_match})
        assert answer.status_code == (204 if method == "DELETE" else 200), answer.text
        assert answer.headers.get("ETag", "")[:3] == ("" if method == "DELETE" else '"2.')


@pytest.mark.parametrize("if_match", STALE)
def test_what_was_changed_meanwhile_stays_as_it_is(todos: Todos, if_match: str) -> None:
    todo = todos.create()
    for method in ("PATCH", "PUT", "DELETE"):
        refused = todos.refused(method, f"/{todo['id']}", json={"title": "y"}, headers={"If-Match": if_match})
        assert refused == (412, "PRECONDITION_FAILED")
    assert todos.ask(f"/{todo['id']}") == todo


def test_a_condition_that_is_none_is_refused(todos: Todos) -> None:
    path = f"/{todos.create()['id']}"
    for header in ("1", '"1', ""):
        refused = todos.refused("PATCH", path, json={"title": "y"}, headers={"If-Match": header})
        assert refused == (400, "INVALID_PARAMETERS")


def test_of_many_that_change_the_same_version_one_does(todos: Todos) -> None:
    path = f"/{todos.create()['id']}"

    def change(number: int) -> int:
        body, match = {"title": f"{number}"}, {"If-Match": '"1"'}
        return todos.send("PATCH", path, json=body, headers=match).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(change, range(4))) == [200, 412, 412, 412]
    assert todos.ask(path)["version"] == 2


def test_changes_without_a_condition_are_all_made(todos: Todos) -> None:
    path = f"/{todos.create()['id']}"
    with ThreadPoolExecutor(4) as pool:
        bodies = [{"notes": "n"}, {"priority": 1}, {"estimate": 5}, {"due_at": "2026-03-01T00:00:00Z"}]
        answers = list(pool.map(lambda body: todos.send("PATCH", path, json=body), bodies))
    assert [answer.status_code for answer in answers] == [200] * 4, [answer.text for answer in answers]
    found = todos.ask(path)
    assert found["version"] == 5
    assert all(found[name] == value for body in bodies for name, value in body.items())


def test_what_is_known_is_not_sent_again(todos: Todos) -> None:
    path = f"/{todos.create()['id']}"
    tag = todos.send("GET", path).headers["ETag"]
    for known in (tag, f"W/{tag}", "*", f'"0", {tag}'):
        for method in ("GET", "HEAD"):
            answer = todos.send(method, path, headers={"If-None-Match": known})
            assert (answer.status_code, answer.get_data()) == (304, b"")
            assert answer.headers["ETag"] == tag
    todos.send("PATCH", path, json={"done": True})
    answer = todos.send("GET", path, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.headers["ETag"][:3]) == (200, '"2.')


def test_head_is_get_without_the_body(todos: Todos) -> None:
    todo = todos.create()
    for below in ("", f"/{todo['id']}", "/group/done", "/stats?fields=estimate", "/unknown"):
        got, head = todos.send("GET", below), todos.send("HEAD", below)
        assert (head.status_code, head.get_data()) == (got.status_code, b"")
        for name in ("Content-Type", "Content-Length", "ETag", "Link"):
            if below != "/unknown" or name != "Content-Length":
                assert head.headers.get(name) == got.headers.get(name)
