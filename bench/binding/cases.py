"""The cases of binding and validation: a row of their own, for they have services of their own."""

from bench.binding.apps import BROKEN, NOTE, by_contract, by_hand, by_hand_logged
from bench.cases import Case, expecting
from bench.item import WrongAnswer
from bench.wsgi import Request

BINDING = "POST ten fields"
PLAIN, LOGGED, BOUND = "plain Flask", "plain Flask, logged", "by a contract"


def binding_cases() -> list[Case]:
    """Return a case for each service, which takes a note; the one with a contract refuses a broken one.

    :raises WrongAnswer: if it does not.
    """
    bound = by_contract()
    if Request(bound, "POST", "/notes", body=BROKEN).sender()().status != 422:
        raise WrongAnswer("a broken note is taken")
    apps = {PLAIN: by_hand(), LOGGED: by_hand_logged(), BOUND: bound}
    return [
        Case(BINDING, name, expecting(204, Request(app, "POST", "/notes", body=NOTE).sender()))
        for name, app in apps.items()
    ]
