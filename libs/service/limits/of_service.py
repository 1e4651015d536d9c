"""What counts the requests of a service, by its contract and settings."""

from collections.abc import Callable, Iterable

from libs.api import Operation
from libs.resilience import PoolWatcher
from libs.service.limits.counters import Counters
from libs.service.limits.rate_limits import RateLimits
from libs.service.settings import Settings, SettingsError


def rate_limits_of(
    name: str,
    settings: Settings,
    operations: Iterable[Operation],
    pool: Callable[[str, int | None], PoolWatcher],
) -> RateLimits | None:
    """Return what counts requests of the service `name`; None if none are limited, or that is switched off.

    :param pool: returns what watches the connections to Redis.
    :raises SettingsError: if there is no Redis to count in.
    """
    limited = next((one for one in operations if one.limits), None)
    if limited is None or not settings.rate_limits:
        return None
    if settings.redis_url is None:
        raise SettingsError(
            f"APP_REDIS_URL: Missing; {limited.method} {limited.path} has a limit (x-rate-limit)."
        )
    counters = Counters(settings.redis_url.reveal(), key_prefix=f"{settings.table_prefix}{name}:limits")
    counters.watch(pool("redis:limits", None))
    return RateLimits(counters)
