"""A client library that we have not written (Authlib) finds its way: discovery, PKCE, refresh …."""

import re
import warnings
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import httpx
import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwt
from joserfc.jwk import KeySet

from libs.api import InProcess
from libs.service import Running
from libs.service.testing import ISSUER

BACK = "https://app.example.com/back?tenant=1"
PASSWORD = "correct horse battery"
Register = Callable[..., tuple[str, str | None]]


@pytest.fixture(autouse=True)
def insecure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Authlib take the issuer of the tests, which is no https URL."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "true")


@pytest.fixture
def browser(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(transport=InProcess(running.web_app())) as browser:
        yield browser


@pytest.fixture
def metadata(browser: httpx.Client) -> dict[str, Any]:
    return dict(browser.get(f"{ISSUER}/.well-known/openid-configuration").json())


@pytest.fixture
def stock(running: Running) -> Callable[..., Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it would rather have another HTTP library
        from authlib.integrations.httpx_client import OAuth2Client

    def made(client_id: str, secret: str | None, **options: Any) -> Any:
        transport = InProcess(running.web_app())
        return OAuth2Client(client_id, secret, transport=transport, code_challenge_method="S256", **options)

    return made


def log_in(browser: httpx.Client, url: str, email: str) -> str:
    """Do what somebody does at the page; return where the browser is sent then."""
    page = browser.get(url)
    assert page.status_code == 200
    assert re.search(r'<form method="post">', page.text), "it is sent to where the page is from"
    answer = browser.post(url, data={"email": email, "password": PASSWORD})
    assert answer.status_code == 303, answer.text
    return unescape(answer.headers["Location"])


@pytest.mark.filterwarnings(
    "ignore:EdDSA is deprecated"
)  # its key says which curve; PyJWT knows no other name
@pytest.mark.parametrize("way", ["client_secret_basic", "client_secret_post", "none"])
def test_a_stock_client_logs_in_asks_who_it_is_and_refreshes(
    register: Register,
    stock: Callable[..., Any],
    browser: httpx.Client,
    metadata: dict[str, Any],
    sign_up: Callable[..., Any],
    way: str,
) -> None:
    client_id, secret = register(
        grants=["authorization_code", "refresh_token"], redirect_uris=[BACK], public=way == "none"
    )
    email = f"{client_id}@example.com"
    user_id = sign_up(email).get_json()["user_id"]
    client = stock(
        client_id, secret, token_endpoint_auth_method=way, redirect_uri=BACK, scope="openid email profile"
    )
    verifier, nonce = generate_token(48), generate_token(20)
    url, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    location = log_in(browser, url, email)
    assert location.startswith(f"{BACK}&")
    token = client.fetch_token(
        metadata["token_endpoint"], authorization_response=location, state=state, code_verifier=verifier
    )
    keys = KeySet.import_key_set(browser.get(metadata["jwks_uri"]).json())
    signed = jwt.decode(token["id_token"], keys, algorithms=metadata["id_token_signing_alg_values_supported"])
    options = {"iss": {"value": ISSUER}, "aud": {"value": client_id}}
    id_token = CodeIDToken(signed.claims, signed.header, options, {"nonce": nonce, "client_id": client_id})
    id_token.validate()
    assert (id_token["sub"], signed.header["typ"]) == (user_id, "JWT")
    assert token["scope"] == "email openid", "what it may not have it does not get"

    told = client.get(metadata["userinfo_endpoint"]).json()
    assert told == {"sub": user_id, "email": email, "email_verified": False}
    refreshed = client.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    assert refreshed["refresh_token"] != token["refresh_token"]
    assert client.post(metadata["userinfo_endpoint"]).json()["sub"] == user_id


def test_a_stock_client_gets_a_token_in_its_own_name(
    register: Register, stock: Callable[..., Any], metadata: dict[str, Any]
) -> None:
    client = stock(*register())
    token = client.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert token["scope"] == "todos:read todos:write"
    with pytest.raises(OAuthError) as caught:
        client.fetch_token(metadata["token_endpoint"], grant_type="client_credentials", scope="all")
    assert caught.value.error == "invalid_scope"


def test_the_metadata_of_oauth_is_valid(browser: httpx.Client) -> None:
    found = browser.get(f"{ISSUER}/.well-known/oauth-authorization-server")
    assert found.headers["Cache-Control"] == "public, max-age=3600"
    AuthorizationServerMetadata(found.json()).validate()
    assert found.json()["issuer"] == ISSUER


def test_the_metadata_of_openid_is_valid_but_for_rs256(metadata: dict[str, Any]) -> None:
    class WithoutRsa(OpenIDProviderMetadata):  # type: ignore[misc]
        """Every provider has to offer RS256; ours has no RSA keys, and no client need take any."""

        def validate_id_token_signing_alg_values_supported(self) -> None:
            assert self["id_token_signing_alg_values_supported"] == ["EdDSA"]

    WithoutRsa(metadata).validate()
    with pytest.raises(ValueError, match="RS256"):
        OpenIDProviderMetadata(metadata).validate()


def test_whatever_the_metadata_name_is_there(metadata: dict[str, Any], browser: httpx.Client) -> None:
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        assert browser.get(metadata[name]).status_code != 404
