"""Deleting a profile: for the service that deletes accounts, and for nobody else."""

import uuid

import pytest
from flask.testing import FlaskClient

from libs.service.testing import bearer

SERVICE = bearer("service:auth", audience="profiles", scopes=("profiles:create", "profiles:delete"))


@pytest.fixture
def profile_id(client: FlaskClient) -> str:
    made = uuid.uuid4().hex
    body = {"profile_id": made, "name": "Ada"}
    assert client.post("/profiles", json=body, headers=SERVICE).status_code == 201
    return made


def test_a_deleted_profile_is_gone(client: FlaskClient, profile_id: str) -> None:
    path, own = f"/profiles/{profile_id}", bearer(profile_id, audience="profiles")
    assert client.get(path, headers=own).status_code == 200
    assert client.delete(path, headers=SERVICE).status_code == 204
    assert client.get(path, headers=own).status_code == 404
    assert client.delete(path, headers=SERVICE).status_code == 204, "a 404 could be a proxy's"


def test_nobody_deletes_one_without_the_scope_not_even_its_owner(
    client: FlaskClient, profile_id: str
) -> None:
    path, own = f"/profiles/{profile_id}", bearer(profile_id, audience="profiles")
    assert client.delete(path, headers=own).status_code == 403
    assert client.delete(path, headers=bearer("eve", audience="profiles", scopes=("x",))).status_code == 403
    assert client.delete(path).status_code == 401
    assert client.delete("/profiles/me", headers=own).status_code == 403
    assert client.get(path, headers=own).status_code == 200
