"""What a benchmark runs on: SQLite in a folder of its own, or a database and Redis of its own."""

import contextlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from benchmarks.processes import ACCESS_KEY, run_job

_HIGHEST_REDIS_DATABASE = 15


@dataclass(frozen=True, slots=True)
class Backend:
    """A prepared place: schema, a workspace without limits, and the graphs, published.

    `access` is what `benchmarks.jobs.seed` printed; `note` says what its durability rests on.
    """

    name: str
    env: dict[str, str]
    access: dict[str, str]
    note: str

    @property
    def is_embedded(self) -> bool:
        """Say whether everything runs in one process over SQLite."""
        return "DATABASE_URL" not in self.env

    @property
    def bare_env(self) -> dict[str, str]:
        """The environment of a Django that has nothing but the bare endpoints."""
        return {**self.env, "DJANGO_SETTINGS_MODULE": "benchmarks.bare.settings"}


def each_backend() -> Iterator[Backend]:
    """Yield SQLite's backend, then PostgreSQL's where TEST_DATABASE_URL and TEST_REDIS_URL are set.

    Each is removed again when the next one is asked for.
    """
    with sqlite() as backend:
        yield backend
    if "TEST_DATABASE_URL" in os.environ and "TEST_REDIS_URL" in os.environ:
        with postgres(os.environ["TEST_DATABASE_URL"], os.environ["TEST_REDIS_URL"]) as backend:
            yield backend


@contextlib.contextmanager
def sqlite() -> Iterator[Backend]:
    """Make the embedded mode's backend."""
    with _data_dir() as folder:
        env = _environment(folder)
        yield _seeded("SQLite", env)


@contextlib.contextmanager
def postgres(database_url: str, redis_url: str) -> Iterator[Backend]:
    """Make production's backend, in a database of its own on the given servers."""
    with _data_dir() as folder, _own_database(database_url) as url:
        env = _environment(folder) | {"DATABASE_URL": url}
        with _own_redis(redis_url) as own_redis:
            env["REDIS_URL"] = own_redis
            yield _seeded("PostgreSQL + Redis", env)


def _seeded(name: str, env: dict[str, str]) -> Backend:
    access = run_job("seed", env)
    return Backend(
        name, {**env, ACCESS_KEY: json.dumps(access)}, access, f"{name}: {access['durability']}"
    )


@contextlib.contextmanager
def _data_dir() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="pixelflow-bench-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: str) -> dict[str, str]:
    """Return a child's environment: ours, without what would lead it to other data."""
    foreign = ("DATABASE_URL", "REDIS_URL", "S3_BUCKET", "PUBLIC_URL", "PORT", "DEBUG")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return kept | {
        "DATA_DIR": folder,
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "SECRET_KEY": secrets.token_urlsafe(40),
        "KEY_PEPPERS": f"b1:{secrets.token_urlsafe(40)}",
        "SEALING_KEYS": f"b1:{secrets.token_urlsafe(40)}",
        "LOG_LEVEL": "WARNING",
    }


@contextlib.contextmanager
def _own_database(url: str) -> Iterator[str]:
    name = f"pixelflow_bench_{os.getpid()}_{secrets.token_hex(3)}"
    quoted = sql.Identifier(name)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(quoted))
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(quoted))


@contextlib.contextmanager
def _own_redis(url: str) -> Iterator[str]:
    """Take an empty database of the server, from the highest down, and leave it empty."""
    for number in range(_HIGHEST_REDIS_DATABASE, 0, -1):
        own = urlunsplit(urlsplit(url)._replace(path=f"/{number}"))
        with redis.Redis.from_url(own) as client:
            if client.dbsize():
                continue
            try:
                yield own
            finally:
                client.flushdb()
            return
    raise RuntimeError("no Redis database is empty")
