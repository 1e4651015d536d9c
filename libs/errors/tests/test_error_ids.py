"""Which id a failure has."""

from libs.errors import InternalError, Problem, error_id_of


def identified(error_id: str, cause: BaseException | None = None) -> Problem:
    problem = InternalError()
    problem.error_id = error_id
    problem.__cause__ = cause
    return problem


def test_a_failure_nobody_has_named_gets_a_fresh_id() -> None:
    error = RuntimeError("x")
    first, second = error_id_of(error), error_id_of(error)
    assert first != second
    assert len(first) == 32


def test_the_first_failure_names_those_that_came_of_it() -> None:
    error = RuntimeError("x")
    error.__cause__ = identified("second-failure", identified("first-failure", ValueError("y")))
    assert error_id_of(error) == "first-failure"


def test_what_failed_while_another_failure_was_handled_is_another() -> None:
    error = RuntimeError("x")
    error.__context__ = identified("another-failure")
    assert error_id_of(error) != "another-failure"


def test_causes_in_a_ring_have_an_end() -> None:
    error = identified("first-failure")
    error.__cause__ = RuntimeError("x")
    error.__cause__.__cause__ = error
    assert error_id_of(error) == "first-failure"


def test_a_problem_tells_its_id_and_what_a_person_may_read() -> None:
    problem = Problem("For developers.", user_message="Für Menschen.")
    problem.error_id = "failure-1"
    told = problem.to_json()
    assert (told["error_id"], told["user_message"]) == ("failure-1", "Für Menschen.")
    assert {"error_id", "user_message"}.isdisjoint(Problem("For developers.").to_json())
