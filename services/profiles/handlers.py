"""The operations of apis/profiles.yaml."""

from datetime import UTC, datetime
from typing import Any

from pynamodb.exceptions import DoesNotExist, PutError, UpdateError

from libs.api import ApiObject, Result
from libs.dynamodb import is_condition_failure
from libs.errors import Conflict, NotFound
from libs.jwt import Caller
from services.profiles.models import Profile


def create_profile(body: ApiObject) -> Result:
    """Create a user's profile, once.

    :raises Conflict: RESOURCE_EXISTS.
    """
    now = datetime.now(UTC)
    profile = Profile(**body.to_json(), created_at=now, updated_at=now)
    try:
        profile.save(condition=Profile.profile_id.does_not_exist())
    except PutError as error:
        if is_condition_failure(error):
            raise Conflict("This user has a profile.", code="RESOURCE_EXISTS") from None
        raise
    return Result(represent(profile), headers={"Location": f"/profiles/{profile.profile_id}"})


def get_profile(profile_id: str, caller: Caller) -> dict[str, Any]:
    """Return one's profile.

    :raises NotFound: if it is not there yet, or somebody else's.
    """
    try:
        return represent(Profile.get(own(profile_id, caller), consistent_read=True))
    except DoesNotExist:
        raise NotFound from None


def update_profile(profile_id: str, body: ApiObject, caller: Caller) -> dict[str, Any]:
    """Change the sent fields, and no others.

    :raises NotFound: if it is not there yet, or somebody else's.
    """
    profile = Profile(own(profile_id, caller))
    changes = {**body.to_json(), "updated_at": datetime.now(UTC)}
    actions = [getattr(Profile, name).set(value) for name, value in changes.items()]
    try:
        profile.update(actions, condition=Profile.profile_id.exists())
    except UpdateError as error:
        if is_condition_failure(error):
            raise NotFound from None
        raise
    return represent(profile)


def own(profile_id: str, caller: Caller) -> str:
    """Return the caller's own id, which `profile_id` must be or stand for by ``me``.

    :raises NotFound: for anybody else's, so that nobody learns who has a profile.
    """
    if profile_id not in ("me", caller.subject):
        raise NotFound
    return caller.subject


def represent(profile: Profile) -> dict[str, Any]:
    """Return what the owner sees."""
    return dict(profile.attribute_values)
