"""Where everything is, for clients: RFC 8414, and OpenID Connect Discovery 1.0."""

from typing import Any

from libs.jwt.service_account import ON_BEHALF_GRANT
from services.auth.clients.registry import GRANTS
from services.auth.keys import TokenKeys
from services.auth.tokens import IDENTITY_SCOPES


class Discovery:
    """The documents that tell it.

    :param issuer: the `iss` of tokens, which is the address of this service as clients know it.
    """

    def __init__(self, keys: TokenKeys, issuer: str) -> None:
        self._keys = keys
        self.issuer = issuer

    @property
    def signs_for_clients(self) -> bool:
        """Whether clients can verify what is signed: not where one secret signs."""
        return self._keys.ring is not None

    def oauth(self) -> dict[str, Any]:
        """Return the metadata of RFC 8414 section 2."""
        base = self.issuer.rstrip("/")
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{base}/auth/authorize",
            "token_endpoint": f"{base}/auth/token",
            "jwks_uri": f"{base}/.well-known/jwks.json",
            "scopes_supported": sorted(IDENTITY_SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [*GRANTS, ON_BEHALF_GRANT],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }

    def openid(self) -> dict[str, Any]:
        """Return the metadata of OpenID Connect Discovery section 3.

        RS256, which that asks every provider for, is not among the algorithms: see docs/tokens.md.
        """
        algorithms = {key["alg"] for key in self._keys.jwks()}
        return {
            **self.oauth(),
            "userinfo_endpoint": f"{self.issuer.rstrip('/')}/auth/userinfo",
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": sorted(algorithms),
            "claims_supported": [
                "aud",
                "auth_time",
                "email",
                "email_verified",
                "exp",
                "iat",
                "iss",
                "nonce",
                "sub",
            ],
            "claims_parameter_supported": False,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
        }
