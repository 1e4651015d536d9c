"""How often somebody may ask: limits of the contract (`x-rate-limit`), and counting for all processes."""

from libs.service.limits.counters import Counters, digest, network
from libs.service.limits.rate_limits import RateLimits

__all__ = ["Counters", "RateLimits", "digest", "network"]
