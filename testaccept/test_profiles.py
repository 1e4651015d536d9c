"""One's own profile: read it, change it, and see nobody else's."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from testaccept.conftest import Eventually, SignUp
from testaccept.deployment import Clients, User, mint_token
from testaccept.endpoints import UNKNOWN_ID
from testaccept.problems import assert_problem, assert_refused, without_request

Profile = dict[str, Any]


def profile_of(user: User, eventually: Eventually) -> Profile:
    """The user's profile, once a worker has made it."""

    def read() -> Profile:
        response = user.profiles.get("/profiles/me")
        assert response.status_code == 200, response.text
        profile: Profile = response.json()
        return profile

    return eventually(read)


@pytest.fixture
def profile(user: User, eventually: Eventually) -> Profile:
    return profile_of(user, eventually)


def test_me_and_ones_id_are_the_same_profile(user: User, profile: Profile) -> None:
    assert user.profiles.get(f"/profiles/{user.user_id}").json() == profile
    assert profile["profile_id"] == user.user_id


def test_a_new_profile(profile: Profile) -> None:
    assert set(profile) == {"profile_id", "name", "bio", "created_at", "updated_at"}
    assert (profile["name"], profile["bio"]) == ("Ada", "")
    created_at = datetime.fromisoformat(profile["created_at"])
    assert created_at.tzinfo is not None, "a time without its zone could mean any of 38"
    assert datetime.fromisoformat(profile["updated_at"]) >= created_at


@pytest.mark.parametrize("whose", ["me", "id"])
def test_changing_the_name(user: User, profile: Profile, whose: str) -> None:
    path = f"/profiles/{'me' if whose == 'me' else user.user_id}"
    response = user.profiles.patch(path, json={"name": "Countess Lovelace"})
    assert response.status_code == 200, response.text
    changed = response.json()
    assert changed == {**profile, "name": "Countess Lovelace", "updated_at": changed["updated_at"]}
    assert datetime.fromisoformat(changed["updated_at"]) > datetime.fromisoformat(profile["updated_at"])
    assert user.profiles.get("/profiles/me").json() == changed


def test_only_sent_fields_change(user: User, profile: Profile) -> None:
    assert user.profiles.patch("/profiles/me", json={"bio": "Analyst"}).status_code == 200
    assert user.profiles.patch("/profiles/me", json={"name": "Countess"}).status_code == 200
    now = user.profiles.get("/profiles/me").json()
    assert (now["name"], now["bio"]) == ("Countess", "Analyst")
    assert user.profiles.patch("/profiles/me", json={"bio": ""}).status_code == 200
    assert user.profiles.get("/profiles/me").json()["bio"] == ""


def test_text_of_any_script_survives(user: User, profile: Profile) -> None:
    text = {"name": "Ἁδα 爱达 👩🏽‍💻", "bio": 'line\nline\ttab "quote" \\ </script>'}
    assert user.profiles.patch("/profiles/me", json=text).status_code == 200
    now = user.profiles.get("/profiles/me").json()
    assert {"name": now["name"], "bio": now["bio"]} == text


def test_an_empty_change_is_refused(user: User, profile: Profile) -> None:
    assert_problem(user.profiles.patch("/profiles/me", json={}), 422, "INVALID_BODY")


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({"colour": "red"}, ["/colour"]),
        ({"profile_id": UNKNOWN_ID}, ["/profile_id"]),
        ({"name": "Countess", "created_at": "2020-01-01T00:00:00Z"}, ["/created_at"]),
        ({"name": ""}, ["/name"]),
        ({"name": "x" * 101}, ["/name"]),
        ({"name": None}, ["/name"]),
        ({"name": 5, "bio": ["x"], "colour": 1}, ["/name", "/bio", "/colour"]),
        ({"bio": "x" * 2001}, ["/bio"]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_changes_are_refused(user: User, profile: Profile, body: Profile, places: list[str]) -> None:
    assert_refused(user.profiles.patch("/profiles/me", json=body), 422, "INVALID_BODY", *places)
    assert user.profiles.get("/profiles/me").json() == profile, "a refused change changes nothing"


@pytest.mark.parametrize("body", [[], "name", 5, None, [{"name": "Ada"}]], ids=repr)
def test_a_body_that_is_no_object_is_refused(user: User, body: object) -> None:
    assert_problem(user.profiles.patch("/profiles/me", json=body), 422, "INVALID_BODY")


def test_others_do_not_see_a_profile(user: User, sign_up: SignUp, eventually: Eventually) -> None:
    other = sign_up("Grace")
    theirs = profile_of(other, eventually)
    path = f"/profiles/{other.user_id}"
    hidden = assert_problem(user.profiles.get(path), 404, "NOT_FOUND")
    unknown = assert_problem(user.profiles.get(f"/profiles/{UNKNOWN_ID}"), 404, "NOT_FOUND")
    assert without_request(hidden) == without_request(unknown), "the answer tells who exists"
    assert_problem(user.profiles.patch(path, json={"name": "Eve"}), 404, "NOT_FOUND")
    assert other.profiles.get("/profiles/me").json() == theirs


def test_users_cannot_create_profiles(user: User) -> None:
    response = user.profiles.post("/profiles", json={"profile_id": UNKNOWN_ID, "name": "Eve"})
    assert_problem(response, 403, "FORBIDDEN")


@pytest.mark.operator
def test_services_create_profiles_with_the_scope(anyone: Clients) -> None:
    profile_id = f"testaccept-{uuid4().hex}"
    service = mint_token("--subject", "testaccept", "--audience", "profiles", "--scope", "profiles:create")
    headers = {"Authorization": f"Bearer {service}"}
    new = {"profile_id": profile_id, "name": "Ada"}
    response = anyone.profiles.post("/profiles", json=new, headers=headers)
    assert response.status_code == 201, response.text
    assert {**response.json(), **new} == response.json()
    assert_problem(anyone.profiles.post("/profiles", json=new, headers=headers), 409, "RESOURCE_EXISTS")


@pytest.mark.operator
def test_other_scopes_do_not_do(anyone: Clients) -> None:
    scopes = "profiles:read profiles:created profiles create PROFILES:CREATE"
    token = mint_token("--subject", "testaccept", "--audience", "profiles", "--scope", scopes)
    headers = {"Authorization": f"Bearer {token}"}
    new = {"profile_id": UNKNOWN_ID, "name": "Eve"}
    assert_problem(anyone.profiles.post("/profiles", json=new, headers=headers), 403, "FORBIDDEN")
