"""Typed access to the settings of `executor`."""

import hashlib
from datetime import timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings

from common.fetch import FetchPolicy

QUEUE_OF_COST = {"inline": "runs", "cpu": "runs", "gpu": "gpu", "remote": "remote", "wait": "runs"}
QUEUES = ("runs", "gpu", "remote")  # of tasks
ROLES = (*QUEUES, "deliveries", "upkeep")  # of worker processes

FETCH_DEADLINE_S = 60.0


def lease_s() -> int:
    """Seconds after which a silent worker's task is taken over."""
    return int(settings.LEASE_S)


def max_attempts() -> int:
    """Claims of a task without progress; then it is poison."""
    return int(settings.MAX_ATTEMPTS)


def sweep_s() -> float:
    """Seconds between two sweeps."""
    return float(settings.SWEEP_S)


def node_timeout_s(cost: str) -> float | None:
    """Seconds that one run of a node of this cost class may take; None: it ends by itself."""
    limits = {
        "inline": settings.INLINE_TIMEOUT_S,
        "cpu": settings.CPU_TIMEOUT_S,
        "gpu": settings.GPU_TIMEOUT_S,
    }
    return limits.get(cost)


def longest_timeout_s() -> float:
    """Seconds after which no node can still be at work."""
    return float(max(settings.INLINE_TIMEOUT_S, settings.CPU_TIMEOUT_S, settings.GPU_TIMEOUT_S))


def worker_threads() -> int:
    """Threads that run tasks in each worker process."""
    return int(settings.WORKER_THREADS)


def max_waiting_tasks() -> int:
    """Tasks that may wait before new runs are refused, playground runs last."""
    return int(settings.MAX_WAITING_TASKS)


def max_streams_of_caller() -> int:
    """Sockets and event streams that one user or key may have open in each process."""
    return int(settings.MAX_STREAMS_OF_CALLER)


def max_streams_of_workspace() -> int:
    """The same for a whole workspace."""
    return int(settings.MAX_STREAMS_OF_WORKSPACE)


def max_streams() -> int:
    """The same for everybody together."""
    return int(settings.MAX_STREAMS)


def metrics_token() -> str:
    """What must be sent to see the metrics; empty: nothing, from this machine."""
    return str(settings.METRICS_TOKEN)


def metrics_port() -> int:
    """Port at which a worker process shows its metrics; 0: none."""
    return int(settings.METRICS_PORT)


def metrics_dir() -> str:
    """Folder in which the processes of this host count together; empty: each by itself."""
    return str(settings.METRICS_DIR)


def redis_url() -> str:
    """Redis for the broker; empty when embedded."""
    return str(settings.REDIS_URL)


def is_postgres() -> bool:
    """Say whether the database has row locks (SQLite locks whole transactions instead)."""
    return "postgresql" in settings.DATABASES["default"]["ENGINE"]


def extra_adapters() -> list[type[Any]]:
    """Return the adapter classes of the installation's own modules, each of which has `ADAPTERS`."""
    return [
        adapter for name in settings.EXTRA_PROVIDERS for adapter in import_module(name).ADAPTERS
    ]


def remote_jobs() -> int:
    """How many providers' jobs one process follows at once."""
    return int(settings.REMOTE_JOBS)


def run_max_age() -> timedelta:
    """How long a run may be open."""
    return timedelta(seconds=settings.RUN_MAX_AGE_S)


def file_grace() -> timedelta:
    """How long the bytes of a deleted file stay; far longer than any transaction lasts."""
    return timedelta(seconds=settings.FILE_GRACE_S)


def public_url() -> str:
    """Where the site is reached from outside, without a slash at the end."""
    return str(settings.PUBLIC_URL)


def allowed_hosts() -> list[str]:
    """Host names under which the site answers."""
    return list(settings.ALLOWED_HOSTS)


def temporary_dir() -> Path:
    """Folder for uploads and downloads under way; on the same disk as the data."""
    path = Path(settings.DATA_DIR) / "tmp"
    path.mkdir(parents=True, exist_ok=True)
    return path


def fetch_policy() -> FetchPolicy:
    """Where the URL fetcher may go beside public addresses: nowhere, but in development."""
    return FetchPolicy(loopback_ports=frozenset(settings.FETCH_LOOPBACK_PORTS))


@cache
def media_secret() -> bytes:
    """Key of the media links' signatures, derived so that it signs nothing else."""
    return hashlib.sha256(b"media:" + settings.SECRET_KEY.encode()).digest()


@cache
def review_secret() -> bytes:
    """Key of the signatures of links to reviews."""
    return hashlib.sha256(b"review:" + settings.SECRET_KEY.encode()).digest()


@cache
def cursor_secret() -> bytes:
    """Key of the cursors' signatures."""
    return hashlib.sha256(b"cursor:" + settings.SECRET_KEY.encode()).digest()


def provider_accounts() -> dict[str, dict[str, str]]:
    """Return what is set of the platform's accounts by provider: `key`, `secret`, `base_url`."""
    return dict(settings.PROVIDER_ACCOUNTS)


def may_servers_be_private() -> bool:
    """Say whether workspaces may name servers of their own at addresses that are not public."""
    return bool(settings.PRIVATE_SERVERS)
