"""Two services for test_calls.py, of which one calls the other."""

from typing import Any

from libs.api import Clients
from libs.errors import NotFound, current_request_id, current_trace
from libs.jwt import Caller


def tell(caller: Caller) -> dict[str, Any]:
    """Tell who calls, as the service that is called sees it."""
    return {"caller": caller.subject, "request_id": current_request_id(), "trace": dict(current_trace())}


def refuse() -> None:
    """Refuse with what is nobody else's business."""
    raise NotFound("hunter2", code="HUNTER2")


def ask(clients: Clients) -> Any:
    """Return what the other service tells."""
    return clients["back"]["tell"]()


def ask_in_vain(clients: Clients) -> Any:
    """Be refused."""
    return clients["back"]["refuse"]()
