"""What tests/test_schemathesis.py stores before the first request, and schemathesis_hooks.py knows of."""

USER, OTHER = "ada", "grace"
"""Accounts of auth. The first is whose token is sent."""
PASSWORD = "correct horse battery"
CLIENT, SECRET_OF_CLIENT = "shop", "KNOWN_CLIENT_SECRET"
"""A client of OAuth, and the variable that its secret is in."""
WAITING, PARKED = "waiting", "parked"
"""Operations of the user: one that waits for a worker, and one that has failed for good."""
KNOWN = "known"
"""What else the user has one of is called: a todo, an export, a session."""
BACK = "https://shop.example.com/back"


def address_of(user: str) -> str:
    """Return the e-mail address of an account."""
    return f"{user}@example.com"
