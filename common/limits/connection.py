"""How Redis is spoken to where somebody waits for an answer: within 50 ms, and once."""

from typing import Any

from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_S = 0.05

CONNECTION: dict[str, Any] = {
    "socket_timeout": TIMEOUT_S,
    "socket_connect_timeout": TIMEOUT_S,
    "retry": Retry(NoBackoff(), 0),
}
