"""Settings: read once, checked at start, every fault named at once.

A setting is a field of a class in `topics`, or of a service's own subclass of `Settings`, made by `setting`.
"""

from libs.service.settings.declaring import PREFIX, Secret, SettingsError, setting
from libs.service.settings.every_service import Settings
from libs.service.settings.loading import load_settings
from libs.service.settings.validators import (
    HTTP_URL,
    read_queues,
    readable,
    redis_address,
    service_url,
    strong_secret,
)

__all__ = [
    "HTTP_URL",
    "PREFIX",
    "Secret",
    "Settings",
    "SettingsError",
    "load_settings",
    "read_queues",
    "readable",
    "redis_address",
    "service_url",
    "setting",
    "strong_secret",
]
