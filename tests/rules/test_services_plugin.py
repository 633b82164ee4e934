"""The plugin that decides whether a test without its service is skipped or fails."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

ROOT = Path(__file__).resolve().parent.parent.parent


def run_marked_test(folder, **environment):
    """Run one test that is marked `redis` in a pytest of its own; return what it printed."""
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  redis: x\n")
    (folder / "test_it.py").write_text(
        "import pytest\n@pytest.mark.redis\ndef test_it():\n    pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-rs"]
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("TEST_REDIS_URL", "REQUIRE_SERVICES")
    }
    done = subprocess.run(
        [*command, "-p", "tests.services", "-c", folder / "pytest.ini", folder],
        env={
            **inherited,
            "PYTHONPATH": str(ROOT),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("environment", "outcome"),
    [
        ({}, "1 skipped"),
        ({"REQUIRE_SERVICES": "1"}, "1 error"),
        ({"TEST_REDIS_URL": "redis://127.0.0.1:1/0"}, "1 passed"),
    ],
)
def test_a_missing_service_skips_its_tests_and_fails_them_where_required(
    tmp_path, environment, outcome
):
    output = run_marked_test(tmp_path, **environment)

    assert outcome in output


def test_a_skipped_test_says_which_variable_it_lacks(tmp_path):
    output = run_marked_test(tmp_path)

    assert "TEST_REDIS_URL is not set" in output


@pytest.mark.postgres
def test_a_test_gets_an_empty_postgres_database_of_its_own(postgres_url):
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()

    assert tables == (0,)


@pytest.mark.redis
def test_a_test_gets_an_empty_redis_database_of_its_own(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
