"""The keys that access tokens are signed with: made, kept sealed, and changed while the service runs."""

from services.auth.keys.ring import KeyRing
from services.auth.keys.sealing import WrongSecret
from services.auth.keys.token_keys import TokenKeys, check_secret

__all__ = ["KeyRing", "TokenKeys", "WrongSecret", "check_secret"]
