"""No request whatsoever, however odd, is answered with a fault of ours; each refusal is a problem."""

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.service import Running
from libs.service.testing import bearer


@settings(max_examples=120)
@given(data=st.data())
def test_no_request_is_a_fault_of_ours(
    data: st.DataObject, running: Running, client: FlaskClient, any_request: Callable[..., Any]
) -> None:
    request = data.draw(any_request(running.contract, ["unknown"]))
    request.send(client, bearer("ada", audience="auth"))
