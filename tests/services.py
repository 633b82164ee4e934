"""A pytest plugin: which tests need PostgreSQL or Redis, and where they find them.

Tests marked `postgres` or `redis` use TEST_DATABASE_URL and TEST_REDIS_URL, which
`scripts/services` sets. Without them such a test is skipped, or fails under REQUIRE_SERVICES=1, so
that no server of integration goes green by skipping.
"""

import os
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from psycopg import sql

VARIABLES = {"postgres": "TEST_DATABASE_URL", "redis": "TEST_REDIS_URL"}

# Redis has 16 databases. The suite itself takes those below (settings/test.py).
_FIRST_REDIS_DATABASE = 8


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip (or fail) a test whose service is not there; one line of pytest's summary tells."""
    for marker, variable in VARIABLES.items():
        if item.get_closest_marker(marker) is None or os.environ.get(variable):
            continue
        reason = f"{variable} is not set: `scripts/services -- make test` runs these tests as well"
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """Return the URL of an empty PostgreSQL database, dropped after the test."""
    server = os.environ["TEST_DATABASE_URL"]
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield with_path(server, name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def redis_url() -> Iterator[str]:
    """Return the URL of an empty Redis database, this test process's own, emptied afterwards."""
    number = _FIRST_REDIS_DATABASE + _worker_number()
    url = with_path(os.environ["TEST_REDIS_URL"], str(number))
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


def with_path(url: str, path: str) -> str:
    """Return a service's URL with the name of another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{path}"))


def _worker_number() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
