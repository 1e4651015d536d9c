"""Settings: read once, checked at start, every fault named at once.

A setting is a field of a class in `topics`, or of a service's own subclass of `Settings`, made by `setting`.
"""

from libs.service.settings.declaring import PREFIX, Secret, SettingsError, SettingsUnavailable, setting
from libs.service.settings.every_service import Settings
from libs.service.settings.loading import Reading, load_settings, read_settings
from libs.service.settings.validators import (
    http_url,
    over_tls,
    read_queues,
    readable,
    redis_address,
    service_url,
    strong_secret,
)

__all__ = [
    "PREFIX",
    "Reading",
    "Secret",
    "Settings",
    "SettingsError",
    "SettingsUnavailable",
    "http_url",
    "load_settings",
    "over_tls",
    "read_queues",
    "read_settings",
    "readable",
    "redis_address",
    "service_url",
    "setting",
    "strong_secret",
]
