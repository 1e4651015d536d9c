"""What auth does later."""

from libs.api import RemoteProblem, models
from libs.jwt import TokenIssuer
from libs.tasks import asynctask
from services.auth.clients import Profiles


@asynctask(attempts=300)
def create_profile(user_id: str, name: str, profiles: Profiles, issuer: TokenIssuer) -> None:
    """Create the profile of a new user; 300 tries, in the end five minutes apart, outlast a day's outage."""
    token = issuer.issue("service:auth", audience=["profiles"], scopes=["profiles:create"], expires_in=60)
    profile = models.profiles.NewProfile(profile_id=user_id, name=name)
    try:
        profiles.create_profile(body=profile, auth=token)
    except RemoteProblem as problem:
        # A try before this one got through and its answer was lost.
        if problem.remote_code != "RESOURCE_EXISTS":
            raise
