"""Typed access to the settings of `executor`."""

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings

from common.fetch import FetchPolicy

QUEUE_OF_COST = {"inline": "runs", "cpu": "runs", "gpu": "gpu", "remote": "remote", "wait": "runs"}
QUEUES = ("runs", "gpu", "remote")

FETCH_DEADLINE_S = 60.0


def lease_s() -> int:
    """Seconds after which a silent worker's task is taken over."""
    return int(settings.LEASE_S)


def sweep_s() -> float:
    """Seconds between two sweeps."""
    return float(settings.SWEEP_S)


def worker_threads() -> int:
    """Threads that run tasks in each worker process."""
    return int(settings.WORKER_THREADS)


def redis_url() -> str:
    """Redis for the broker; empty when embedded."""
    return str(settings.REDIS_URL)


def is_postgres() -> bool:
    """Say whether the database has row locks (SQLite locks whole transactions instead)."""
    return "postgresql" in settings.DATABASES["default"]["ENGINE"]


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
def cursor_secret() -> bytes:
    """Key of the cursors' signatures."""
    return hashlib.sha256(b"cursor:" + settings.SECRET_KEY.encode()).digest()
