"""Signing up, logging in, and the keys that the tokens are verified with."""

from collections.abc import Callable

import httpx
import jwt
import pytest

from testaccept import accounts
from testaccept.accounts import confirm, log_in
from testaccept.conftest import Eventually, SignUp
from testaccept.deployment import SERVICES, Clients, User
from testaccept.problems import assert_problem, assert_refused, without_request

PASSWORD = "correct horse battery"
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}  # RFC 7518, 6.2.2, 6.3.2, 6.4; RFC 8037, 2


def test_sign_up_answers_with_the_account(anyone: Clients, email: str, confirming: bool) -> None:
    response = anyone.auth.post("/auth/signup", json={"email": email, "password": PASSWORD})
    if confirming:
        assert (response.status_code, response.json()) == (202, {"email": email})
        return
    assert response.status_code == 201
    assert response.json() == {"user_id": response.json()["user_id"], "email": email}
    assert response.json()["user_id"]


def assert_taken(response: httpx.Response, email: str, confirming: bool) -> None:
    """Assert that a taken address is refused, or where it is a secret who has an account, answered as any."""
    if confirming:
        assert (response.status_code, response.json()) == (202, {"email": email})
    else:
        assert_problem(response, 409, "EMAIL_TAKEN")


def test_an_email_signs_up_once(anyone: Clients, email: str, confirming: bool) -> None:
    body = {"email": email, "password": PASSWORD}
    first = anyone.auth.post("/auth/signup", json=body)
    assert first.status_code == (202 if confirming else 201)
    assert_taken(anyone.auth.post("/auth/signup", json=body), email, confirming)


def test_an_email_in_another_case_is_the_same_email(anyone: Clients, user: User, confirming: bool) -> None:
    again = {"email": user.email.upper(), "password": user.password}
    assert_taken(anyone.auth.post("/auth/signup", json=again), user.email, confirming)
    assert log_in(anyone.auth, user.email.upper(), user.password)["user_id"] == user.user_id


def test_a_refused_sign_up_leaves_the_password_alone(anyone: Clients, user: User, confirming: bool) -> None:
    thief = {"email": user.email, "password": "another password"}
    assert_taken(anyone.auth.post("/auth/signup", json=thief), user.email, confirming)
    assert_problem(anyone.auth.post("/auth/login", json=thief), 401, "INVALID_CREDENTIALS")


def test_nobody_logs_in_before_the_address_is_confirmed(
    anyone: Clients, email: str, confirming: bool
) -> None:
    if not confirming:
        pytest.skip("the deployment lets people in at once")
    body = {"email": email, "password": PASSWORD}
    assert anyone.auth.post("/auth/signup", json=body).status_code == 202
    assert_problem(anyone.auth.post("/auth/login", json=body), 403, "EMAIL_NOT_VERIFIED")
    confirm(anyone.auth, email)
    assert log_in(anyone.auth, email, PASSWORD)["user_id"]


@pytest.mark.parametrize("length", [12, 256])
@pytest.mark.usefixtures("visitor")
def test_passwords_at_the_limits_work(anyone: Clients, email: str, length: int) -> None:
    password = "".join(chr(33 + number % 90) for number in range(length))
    accounts.sign_up(anyone.auth, email, password)
    assert log_in(anyone.auth, email, password)["user_id"]


@pytest.mark.parametrize(
    "password", ["", "x" * 11, "x" * 257, None, 123456789012], ids=lambda value: repr(value)[:20]
)
def test_a_weak_password_is_refused(anyone: Clients, email: str, password: object) -> None:
    response = anyone.auth.post("/auth/signup", json={"email": email, "password": password})
    assert_refused(response, 422, "INVALID_BODY", "/password")


@pytest.mark.parametrize("password", ["password1234", "x" * 12, "QwertyQwerty"])
def test_a_password_that_is_tried_first_is_refused(anyone: Clients, email: str, password: str) -> None:
    response = anyone.auth.post("/auth/signup", json={"email": email, "password": password})
    assert_refused(response, 422, "PASSWORD_REFUSED", "/password")


@pytest.mark.parametrize(
    "bad_email",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada lovelace@example.com",
        "a@b@example.com",
        f"{'a' * 250}@example.com",
        5,
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_bad_email_is_refused(anyone: Clients, bad_email: object) -> None:
    response = anyone.auth.post("/auth/signup", json={"email": bad_email, "password": PASSWORD})
    assert_refused(response, 422, "INVALID_BODY", "/email")


def test_all_faults_of_a_sign_up_are_listed(anyone: Clients) -> None:
    response = anyone.auth.post(
        "/auth/signup", json={"email": "ada", "password": "short", "name": "", "age": 36}
    )
    assert_refused(response, 422, "INVALID_BODY", "/email", "/password", "/name", "/age")


@pytest.mark.parametrize("path", ["/auth/signup", "/auth/login"])
def test_missing_fields_are_named(anyone: Clients, path: str) -> None:
    assert_refused(anyone.auth.post(path, json={}), 422, "INVALID_BODY", "/email", "/password")


def test_a_refused_password_is_not_repeated(anyone: Clients, email: str) -> None:
    secret = "hush-hush"
    response = anyone.auth.post("/auth/signup", json={"email": email, "password": secret})
    assert_refused(response, 422, "INVALID_BODY", "/password")
    assert secret not in response.text


def test_log_in_answers_with_a_token(anyone: Clients, user: User) -> None:
    response = anyone.auth.post("/auth/login", json={"email": user.email, "password": user.password})
    assert response.status_code == 200
    body = response.json()
    tokens = {"access_token", "token_type", "expires_in", "scope", "refresh_token", "refresh_expires_in"}
    assert set(body) == {*tokens, "user_id"}
    assert (body["token_type"], body["user_id"]) == ("Bearer", user.user_id)
    assert 0 < body["expires_in"] < body["refresh_expires_in"]
    # RFC 6749, 5.1: no cache may keep a token.
    assert response.headers.get("Cache-Control") == "no-store"


@pytest.mark.parametrize("service", SERVICES)
def test_a_token_works_at_every_service(user: User, service: str) -> None:
    assert user.of(service).get("/auth/version").status_code == 200


def test_wrong_password_and_unknown_user_get_the_same_answer(anyone: Clients, user: User, email: str) -> None:
    def refusal(who: str) -> dict[str, object]:
        response = anyone.auth.post("/auth/login", json={"email": who, "password": "not the password"})
        return without_request(assert_problem(response, 401, "INVALID_CREDENTIALS"))

    assert refusal(user.email) == refusal(email)


@pytest.mark.parametrize(
    "change", [str.upper, lambda word: word + " ", lambda word: word[:-1]], ids=["case", "space", "cut"]
)
def test_a_password_is_compared_exactly(anyone: Clients, user: User, change: Callable[[str], str]) -> None:
    body = {"email": user.email, "password": change(user.password)}
    assert_problem(anyone.auth.post("/auth/login", json=body), 401, "INVALID_CREDENTIALS")


def test_only_public_keys_are_published(anyone: Clients) -> None:
    response = anyone.auth.get("/.well-known/jwks.json")
    assert response.status_code == 200
    keys = response.json()["keys"]
    assert keys
    for key in keys:
        assert not PRIVATE_MEMBERS & set(key)
        assert key["kty"] in {"OKP", "EC", "RSA"}, "a symmetric key has no public half"
        assert {"kid", "alg", "use"} <= set(key)
    assert len({key["kid"] for key in keys}) == len(keys)


def test_the_published_keys_verify_a_token(anyone: Clients, user: User) -> None:
    header = jwt.get_unverified_header(user.token)
    keys = {key["kid"]: key for key in anyone.auth.get("/.well-known/jwks.json").json()["keys"]}
    key = keys[header["kid"]]
    claims = jwt.decode(user.token, jwt.PyJWK.from_dict(key), [key["alg"]], audience="todos")
    assert claims["sub"] == user.user_id
    assert header["typ"] == "at+jwt"  # RFC 9068, 2.1
    assert set(SERVICES) <= set(claims["aud"])
    assert {"iss", "iat", "exp", "jti"} <= set(claims)


def test_a_token_says_when_it_expires(anyone: Clients, user: User) -> None:
    body = log_in(anyone.auth, user.email, user.password)
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == body["expires_in"]


def test_a_profile_appears_with_the_name(sign_up: SignUp, eventually: Eventually) -> None:
    user = sign_up("Ada Lovelace")

    def profile_name() -> object:
        response = user.profiles.get("/profiles/me")
        assert response.status_code == 200, response.text
        return response.json()["name"]

    assert eventually(profile_name) == "Ada Lovelace"


@pytest.mark.usefixtures("visitor")
def test_without_a_name_the_profile_starts_with_the_email(
    anyone: Clients, email: str, eventually: Eventually
) -> None:
    accounts.sign_up(anyone.auth, email, PASSWORD)
    token = log_in(anyone.auth, email, PASSWORD)["access_token"]

    def profile_name() -> object:
        response = anyone.profiles.get("/profiles/me", headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 200, response.text
        return response.json()["name"]

    assert eventually(profile_name) == email.partition("@")[0]
