"""The other services that auth calls."""

from libs.api import ApiClient


class Profiles(ApiClient, api="profiles"):
    """The profiles service, as apis/published/profiles.json describes it."""
