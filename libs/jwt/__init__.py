"""Tokens, the keys they are signed with, and who is calling."""

from libs.jwt.backend import backend_token
from libs.jwt.bearer import bearer_token
from libs.jwt.caller import Caller, acting_as, current_caller
from libs.jwt.calls import (
    Identity,
    generate_token,
    get_token_issuer,
    get_user_token,
    get_user_token_data,
    get_userid,
    load_auth_token,
    requires_auth,
    running_as,
    token_for_call,
    token_refused,
)
from libs.jwt.issuer import TokenIssuer
from libs.jwt.keys import SharedSecret, Signer, SigningKey
from libs.jwt.keyset import FixedKeySet, KeySet, RemoteKeySet
from libs.jwt.on_behalf import OnBehalf
from libs.jwt.revocations import RemoteRevocations, RevocationList, Revocations
from libs.jwt.service_account import ServiceAccount
from libs.jwt.verifier import TokenVerifier
from libs.jwt.weak_secrets import check_secret

__all__ = [
    "Caller",
    "FixedKeySet",
    "Identity",
    "KeySet",
    "OnBehalf",
    "RemoteKeySet",
    "RemoteRevocations",
    "RevocationList",
    "Revocations",
    "ServiceAccount",
    "SharedSecret",
    "Signer",
    "SigningKey",
    "TokenIssuer",
    "TokenVerifier",
    "acting_as",
    "backend_token",
    "bearer_token",
    "check_secret",
    "current_caller",
    "generate_token",
    "get_token_issuer",
    "get_user_token",
    "get_user_token_data",
    "get_userid",
    "load_auth_token",
    "requires_auth",
    "running_as",
    "token_for_call",
    "token_refused",
]
