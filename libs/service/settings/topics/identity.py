"""Whose tokens are taken, and who the service itself is."""

from dataclasses import dataclass

from marshmallow.validate import Length, Range, Regexp

from libs.jwt import SharedSecret
from libs.service.settings.declaring import Secret, setting
from libs.service.settings.validators import over_tls, readable, service_url, strong_secret


@dataclass(frozen=True, kw_only=True)
class IdentitySettings:
    """Whose tokens are taken, and who the service itself is."""

    jwt_issuer: str = setting(
        validate=Regexp(r"\S(.*\S)?\Z", error="Is empty, or begins or ends with space."),
        deployed=over_tls,
        help="The `iss` of access tokens, the same for all services: the address of auth, as clients "
        "reach it.",
    )
    token_renew_after_seconds: int = setting(
        600,
        Range(0),
        help="How old a token is, in seconds, when answers begin to tell in "
        "[`X-Token-Expires-In`](http.md#tokens) how long it is still good.",
        unit="seconds",
    )
    jwks_url: str | None = setting(
        None,
        service_url,
        advised=over_tls,
        help="Where public keys are fetched; every service but auth needs it, or `APP_JWT_SECRET`. A "
        "URL without a query.",
    )
    jwt_secret: Secret | None = setting(
        None,
        readable(SharedSecret),
        help="For services on one box, instead of keys: one secret that signs and verifies (HS256), the "
        "same for all. At least 32 random bytes: `openssl rand -base64 48`. Whoever can verify "
        "with it can sign, too.",
    )
    revocations_url: str | None = setting(
        None,
        service_url,
        advised=over_tls,
        help="Where the list of what is over before it expires is fetched: auth's "
        "`/.well-known/revoked.json`. A URL without a query. Until it was fetched once no token is "
        "taken (503 `REVOCATIONS_UNKNOWN`) and the process is not ready. Without the setting a "
        "token is good until it expires, whatever became of its session.",
    )
    client_id: str | None = setting(
        None,
        Length(1),
        help="Who the service is to auth, if it calls others in its own name, or for users in tasks, "
        "and is not auth: `python -m services.auth.clients create`.",
    )
    client_secret: Secret | None = setting(None, strong_secret, help="Its secret.")
    token_url: str | None = setting(
        None,
        service_url,
        advised=over_tls,
        help="Where it exchanges the two for tokens: auth's `/auth/token`, a URL without a query. All "
        "three, or none.",
    )
