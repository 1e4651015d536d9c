"""The tokens of other programs, at the one operation of ours that takes them."""

from libs.jwt import Caller, TokenVerifier
from libs.service.identity import refuse_actor
from services.auth.keys import TokenKeys
from services.auth.sessions.revocations import RevokedTokens
from services.auth.tokens import USERINFO


class UserinfoTokens(TokenVerifier):
    """Verify tokens for the audience `userinfo`."""

    def __init__(self, keys: TokenKeys, issuer: str, revoked: RevokedTokens) -> None:
        super().__init__(keys, issuer=issuer, audience=USERINFO, revocations=revoked)

    def verify(self, token: str) -> Caller:
        """Return who `token` stands for.

        :raises Forbidden: ACTOR_REFUSED, if it is a service that acts for them.
        """
        return refuse_actor(super().verify(token))
