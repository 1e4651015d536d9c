"""Tokens, the keys they are signed with, and who is calling."""

from libs.jwt.backend import backend_token
from libs.jwt.bearer import bearer_token
from libs.jwt.caller import Caller, acting_as, current_caller
from libs.jwt.issuer import TokenIssuer
from libs.jwt.keys import SigningKey
from libs.jwt.keyset import FixedKeySet, KeySet, RemoteKeySet
from libs.jwt.verifier import TokenVerifier

__all__ = [
    "Caller",
    "FixedKeySet",
    "KeySet",
    "RemoteKeySet",
    "SigningKey",
    "TokenIssuer",
    "TokenVerifier",
    "acting_as",
    "backend_token",
    "bearer_token",
    "current_caller",
]
