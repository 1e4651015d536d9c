"""The settings that every service has."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from libs.service.settings.topics.calls import CallSettings
from libs.service.settings.topics.identity import IdentitySettings
from libs.service.settings.topics.named_secrets import NamedSecretSettings
from libs.service.settings.topics.process import ProcessSettings
from libs.service.settings.topics.protection import ProtectionSettings
from libs.service.settings.topics.stores import StoreSettings
from libs.service.settings.topics.tasks import TaskSettings
from libs.service.settings.topics.tracing import TracingSettings
from libs.service.settings.topics.watching import WatchingSettings
from libs.service.settings.topics.web import WebSettings


# The topic that comes last comes first in `fields`, and in docs/settings.md.
@dataclass(frozen=True, kw_only=True)
class Settings(
    TaskSettings,
    CallSettings,
    IdentitySettings,
    StoreSettings,
    TracingSettings,
    WatchingSettings,
    ProtectionSettings,
    WebSettings,
    NamedSecretSettings,
    ProcessSettings,
):
    """What every service can be told; each setting `x` is the environment variable ``APP_X``.

    ``APP_X_FILE`` names a file that holds the value instead, as containers are given secrets.
    """

    one_of: ClassVar[Collection[tuple[str, ...]]] = ()
    """Names of settings of which exactly one must be given."""
    together: ClassVar[Collection[tuple[str, ...]]] = (("client_id", "client_secret", "token_url"),)
    """Names of settings that must all be given, or none."""
