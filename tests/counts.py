"""What was counted against rate limits, forgotten."""

import redis
from django.conf import settings
from django.core.cache import caches

from common import conf
from common.limits import steady
from common.limits.port import RateLimiter

PATTERNS = ("limits:*", "*:rl:*")  # windows; django-ratelimit's


def count_in(limiter: RateLimiter) -> None:
    """Let this process count in a limiter of the test's own, until the test is over."""
    steady._limiters[conf.redis_url(), conf.web_processes()] = limiter


def forget_counts() -> None:
    """Begin anew with empty windows, wherever they are."""
    steady.forget_limiters()
    caches["guards"].clear()
    if settings.REDIS_URL:
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            names = [name for pattern in PATTERNS for name in client.scan_iter(pattern, 1_000)]
            if names:
                client.delete(*names)
