"""The tokens of other programs, at the one operation of ours that takes them."""

from libs.jwt import TokenVerifier
from services.auth.keys import TokenKeys
from services.auth.oauth.scopes import USERINFO
from services.auth.sessions.revocations import RevokedTokens


class UserinfoTokens(TokenVerifier):
    """Verify tokens for the audience `userinfo`."""

    def __init__(self, keys: TokenKeys, issuer: str, revoked: RevokedTokens) -> None:
        super().__init__(keys, issuer=issuer, audience=USERINFO, revocations=revoked)
