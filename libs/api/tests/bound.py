"""Functions, and things that are none, that the contracts of test_contract*.py are bound to."""

from pathlib import Path

from libs.api import Contribution
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


def needs_nobody(item_id, nobody: Nobody, path: Path):
    return nobody


def takes_too_little():
    return None


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
        return Contribution({path: {"get": listing}}, {"list_items": nothing}, {"Item": {"type": "object"}})


class Demanding:
    def __init__(self, nobody: Nobody) -> None:
        pass


NUMBER = 5
