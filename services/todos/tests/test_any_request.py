"""No request whatsoever is answered with a fault of ours."""

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.service import Running
from services.todos.models import Todo


@settings(max_examples=250)
@given(data=st.data())
def test_no_request_is_a_fault_of_ours(
    data: st.DataObject,
    running: Running,
    client: FlaskClient,
    any_request: Callable[..., Any],
    ada: dict[str, str],
) -> None:
    Todo("ada", "known", title="x").save()
    request = data.draw(any_request(running.contract, ["known", "export"]))
    request.send(client, ada)
