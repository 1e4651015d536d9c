"""How long tokens live, and where they are good."""

ACCESS_TOKEN_SECONDS = 900
AUDIENCE = ("auth", "profiles", "todos")
"""The services that take the tokens of our own users."""
IDENTITY_SCOPES = frozenset({"openid", "email"})
"""What any client may ask for: who somebody is, and the e-mail (OpenID Connect Core section 5.4)."""
