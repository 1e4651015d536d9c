"""What auth does later."""

from libs.api import Clients, RemoteConflict
from libs.jwt import TokenIssuer, backend_token
from libs.tasks import asynctask


@asynctask(attempts=300)
def create_profile(user_id: str, name: str, clients: Clients, issuer: TokenIssuer) -> None:
    """Create the profile of a new user; 300 tries, in the end five minutes apart, outlast a day's outage."""
    profile = clients.profiles.NewProfile(profile_id=user_id, name=name)
    with backend_token(issuer, "auth", audience=["profiles"], scopes=["profiles:create"]):
        try:
            clients.profiles.create_profile(body=profile)
        except RemoteConflict as refused:
            # A try before this one got through and its answer was lost.
            if refused.problem.code != "RESOURCE_EXISTS":
                raise
