"""No request whatsoever, however odd, is answered with a fault of ours; each refusal is a problem."""

import uuid
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
    data: st.DataObject,
    running: Running,
    client: FlaskClient,
    create: Callable[..., Any],
    any_request: Callable[..., Any],
) -> None:
    user = uuid.uuid4().hex
    create(profile_id=user, name="Ada")
    request = data.draw(any_request(running.contract, ["me"]))
    request.send(client, bearer(user, audience="profiles", scopes=("profiles:create",)))
