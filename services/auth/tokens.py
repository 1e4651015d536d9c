"""How long tokens live, and where they are good."""

ACCESS_TOKEN_SECONDS = 900
AUDIENCE = ("auth", "profiles", "todos")
"""The services that take the tokens of our own users."""
USERINFO = "userinfo"
"""The audience of the one operation of ours that takes the tokens of other programs. They are not good at the
service itself: nobody lets a program end sessions or change passwords by logging in to it."""
NOBODY_ACTS_AT = frozenset({"auth", USERINFO})
"""Where a user's own token is asked for, and none that a service acts for them with."""
IDENTITY_SCOPES = frozenset({"openid", "email"})
"""What any client may ask for: who somebody is, and the e-mail (OpenID Connect Core section 5.4)."""
