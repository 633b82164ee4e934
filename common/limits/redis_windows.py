"""Windows in Redis, for all processes together: one round trip, on Redis's own clock.

They lie in the storage of the `limits` library, as lists of times with the newest in front, which
is the form of its moving window. The library asks twice for a decision and what is left, and goes
by each caller's clock; the script here does both at once, by one clock.
"""

from collections.abc import Sequence
from typing import Any

from limits.storage import RedisStorage

from common.limits.connection import CONNECTION
from common.limits.port import Decision, Policy, decide

PREFIX = "limits"

_TAKE = b"""
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local allowed = 1
for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local oldest = redis.call('LINDEX', key, -1)
  while oldest and now - oldest >= window do
    redis.call('RPOP', key)
    oldest = redis.call('LINDEX', key, -1)
  end
  if redis.call('LLEN', key) >= limit then allowed = 0 end
end
local answer = {now, allowed}
for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  if allowed == 1 then
    redis.call('LPUSH', key, string.format('%.0f', now))
    redis.call('PEXPIRE', key, window / 1000)
  end
  local count = redis.call('LLEN', key)
  local place = -1
  if count > limit then place = math.max(1, limit) - 1 end
  local limiting = redis.call('LINDEX', key, place)
  answer[#answer + 1] = count
  answer[#answer + 1] = tonumber(limiting) or now
end
return answer
"""


class RedisWindows(RedisStorage):
    """Exact windows that all processes share."""

    def __init__(self, url: str) -> None:
        super().__init__(url, key_prefix=PREFIX, **CONNECTION)
        self._take = self.get_connection().register_script(_TAKE)

    def take(self, key: str, policies: Sequence[Policy]) -> list[Decision]:
        """Count one more under all policies, or under none (see the port).

        Raises:
            RedisError: Redis gave no answer in time, or takes no writes.
        """
        keys = [self.prefixed_key(f"{policy.name}:{key}") for policy in policies]
        spans = [(policy.limit, policy.window_s * 1_000_000) for policy in policies]
        answer: Any = self._take(keys, [figure for span in spans for figure in span])
        now_us, allowed, *rest = answer
        return [
            decide(
                policy, is_allowed=bool(allowed), count=count, limiting_us=limiting, now_us=now_us
            )
            for policy, count, limiting in zip(policies, rest[::2], rest[1::2], strict=True)
        ]
