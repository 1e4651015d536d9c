"""Functions, and things that are none, that the contracts of tests/binding are bound to."""

from functools import wraps
from pathlib import Path

from werkzeug import Request

from libs.api import Contribution, before_validation, models
from libs.jwt import Caller


class Shop:
    """What `Dependencies` provides in these tests."""


class Nobody:
    """What nobody provides."""


def get_item(item_id):
    return {"item_id": item_id}


def add_item(body):
    return body


def nothing():
    return None


def anything(**arguments):
    return arguments


def needs_nobody(item_id, nobody: Nobody, path: Path):
    return nobody


def asks_for_the_request(request: Request):
    return request.path


def wants_data(page: int | None, body: models.profiles.NewProfile):
    return page, body


def takes_misspelt(body: "models.profiles.NewProfle"):
    return body


def takes_too_little():
    return None


async def takes_its_time():
    return None


def takes_by_position(item_id, /):
    return item_id


def asks_who_calls(caller: Caller):
    return caller.subject


def may_ask_who_calls(caller: Caller | None):
    return caller and caller.subject


class Items:
    """A resource: brings one operation of its own."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def contribution(self, path):
        answer = {"200": {"description": "All."}}
        listing = {"operationId": "list_items", "responses": answer}
        reading = {"operationId": "where_they_are", "responses": answer}
        paths = {path: {"get": listing}, f"{path}/where": {"get": reading}}
        functions = {"list_items": nothing, "where_they_are": lambda: path}
        return Contribution(paths, functions, {"Item": {"type": "object"}})


class Demanding:
    def __init__(self, nobody: Nobody) -> None:
        pass


NUMBER = 5


def shouts(handler):
    """Decorate a handler, and tell of the arguments."""

    @wraps(handler)
    def shouting(**arguments):
        return {"shouted": handler(**arguments), "arguments": sorted(arguments)}

    return shouting


@before_validation
def looks_first(answer, shop: Shop):
    def looking(request):
        assert isinstance(shop, Shop)
        return answer(request)

    return looking


@before_validation
def asks_nobody(answer, nobody: Nobody):
    return answer


def decorates_nothing(handler):
    return None
