"""The operations of apis/profiles.yaml."""

from contextlib import suppress
from datetime import UTC, datetime

from libs.api import Result, models
from libs.errors import Conflict, NotFound
from libs.jwt import Caller


def create_profile(body: models.profiles.NewProfile) -> Result:
    """Create a user's profile, once.

    :raises Conflict: RESOURCE_EXISTS.
    """
    now = datetime.now(UTC)
    profile = models.profiles.Profile(
        profile_id=body.profile_id, name=body.name, bio="", created_at=now, updated_at=now
    )
    profile.create(conflict=Conflict("This user has a profile.", code="RESOURCE_EXISTS"))
    return Result(profile, headers={"Location": f"/profiles/{profile.profile_id}"})


def get_profile(profile_id: str, caller: Caller) -> models.profiles.Profile:
    """Return one's profile.

    :raises NotFound: if it is not there yet, or somebody else's.
    """
    return models.profiles.Profile.load(own(profile_id, caller))


def update_profile(
    profile_id: str, body: models.profiles.ProfileChanges, caller: Caller
) -> models.profiles.Profile:
    """Change the sent fields, and no others.

    :raises NotFound: if it is not there yet, or somebody else's.
    """
    changes = {**body.to_json(), "updated_at": datetime.now(UTC)}
    return models.profiles.Profile.update(own(profile_id, caller), changes)


def delete_profile(profile_id: str) -> None:
    """Delete a user's profile, if there is one.

    None is no error: a 404 could be anybody's, a proxy's that does not find the service.
    """
    with suppress(NotFound):
        models.profiles.Profile.delete(profile_id)


def own(profile_id: str, caller: Caller) -> str:
    """Return the caller's own id, which `profile_id` must be or stand for by ``me``.

    :raises NotFound: for anybody else's, so that nobody learns who has a profile.
    """
    if profile_id not in ("me", caller.subject):
        raise NotFound
    return caller.subject
