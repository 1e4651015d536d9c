"""OAuth clients: the programs that may ask for tokens, in their own name or in a user's."""

from services.auth.clients.models import OAuthClient
from services.auth.clients.registry import authenticated, create, delete, find, replace_secret

__all__ = ["OAuthClient", "authenticated", "create", "delete", "find", "replace_secret"]
