"""Profiles: made by services, seen and changed by their owners only."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.api import models
from libs.service import Running
from libs.service.testing import bearer

Create = Callable[..., Any]
Headers = dict[str, str]


@pytest.fixture
def user() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def owner(user: str, create: Create) -> Headers:
    """The headers of a user that has a profile."""
    assert create(profile_id=user, name="Ada").status_code == 201
    return bearer(user, audience="profiles")


def test_a_service_creates_a_profile(create: Create, user: str) -> None:
    answer = create(profile_id=user, name="Ada")
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/profiles/{user}"
    body = answer.get_json()
    assert (body["profile_id"], body["name"], body["bio"]) == (user, "Ada", "")
    assert body["created_at"] == body["updated_at"]


def test_a_profile_is_created_once(create: Create, client: FlaskClient, user: str, owner: Headers) -> None:
    answer = create(profile_id=user, name="Eve")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "RESOURCE_EXISTS")
    assert client.get("/profiles/me", headers=owner).get_json()["name"] == "Ada"


def test_users_create_no_profiles(client: FlaskClient, user: str) -> None:
    answer = client.post(
        "/profiles", json={"profile_id": user, "name": "Ada"}, headers=bearer(user, audience="profiles")
    )
    assert (answer.status_code, answer.get_json()["code"]) == (403, "FORBIDDEN")


@pytest.mark.parametrize("name", ["me", None])
def test_one_sees_ones_profile_under_its_id_and_as_me(
    client: FlaskClient, user: str, owner: Headers, name: str | None
) -> None:
    answer = client.get(f"/profiles/{name or user}", headers=owner)
    assert (answer.status_code, answer.get_json()["profile_id"]) == (200, user)


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_of_somebody_elses_profile_nobody_learns_whether_it_is_there(
    client: FlaskClient, user: str, owner: Headers, method: str
) -> None:
    stranger = bearer("stranger", audience="profiles")
    bodies = []
    for profile in (user, "nobody"):
        answer = client.open(f"/profiles/{profile}", method=method, json={"bio": "x"}, headers=stranger)
        assert answer.status_code == 404
        body = answer.get_json()
        bodies.append({key: body[key] for key in body if key not in ("request_id", "instance")})
    assert bodies[0] == bodies[1]
    assert client.get("/profiles/me", headers=owner).get_json()["bio"] == ""


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_a_profile_that_is_not_there_yet_is_not_found_and_not_made(
    client: FlaskClient, user: str, method: str
) -> None:
    headers = bearer(user, audience="profiles")
    answer = client.open("/profiles/me", method=method, json={"bio": "x"}, headers=headers)
    assert answer.status_code == 404
    assert not models.profiles.Profile.exists(user)


def test_only_the_sent_fields_are_changed(client: FlaskClient, user: str, owner: Headers) -> None:
    before = client.get("/profiles/me", headers=owner).get_json()
    answer = client.patch("/profiles/me", json={"bio": "Poetical science 🌍"}, headers=owner)
    assert answer.status_code == 200
    after = client.get("/profiles/me", headers=owner).get_json()
    assert answer.get_json() == after
    assert (after["name"], after["bio"]) == ("Ada", "Poetical science 🌍")
    assert after["created_at"] == before["created_at"]
    assert after["updated_at"] > before["updated_at"]
    client.patch("/profiles/me", json={"name": "Countess"}, headers=owner)
    assert client.get("/profiles/me", headers=owner).get_json()["bio"] == "Poetical science 🌍"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"name": ""}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"bio": "x" * 2001}, "/bio"),
        ({"bio": None}, "/bio"),
        ({"profile_id": "other"}, "/profile_id"),
        ({"created_at": "2026-01-01T00:00:00Z"}, "/created_at"),
    ],
)
def test_what_breaks_the_contract_is_refused(
    client: FlaskClient, owner: Headers, body: dict[str, object], pointer: str
) -> None:
    answer = client.patch("/profiles/me", json=body, headers=owner)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, pointer)


def test_a_long_or_empty_id_is_refused(create: Create) -> None:
    for profile_id in ("", "x" * 65):
        assert create(profile_id=profile_id, name="Ada").status_code == 422


def test_the_contract_alone_says_which_table_there_is(running: Running) -> None:
    names = [model.Meta.table_name for model in running.database.models]
    assert names == [f"{running.settings.table_prefix}profiles-profiles"]
