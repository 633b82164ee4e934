"""The large tables partitioned by month on PostgreSQL: made from the models, and worked with."""

import json
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from common.clock import utc_now
from tests.durability.processes import ROOT, Platform


@pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"].endswith("postgresql"), reason="it has partitions"
)
def test_the_command_says_that_sqlite_has_no_partitions() -> None:
    with pytest.raises(CommandError, match="PostgreSQL"):
        call_command("partition_sql", "2026-12")


@pytest.mark.postgres
def test_the_engine_runs_on_partitioned_tables(postgres_url, tmp_path) -> None:
    month = f"{utc_now().replace(day=1) + timedelta(days=32):%Y-%m}"
    platform = Platform(tmp_path, {"DATABASE_URL": postgres_url, "ALLOWED_HOSTS": "127.0.0.1"})
    platform.manage("migrate", "--verbosity", "0")

    done = subprocess.run(
        [sys.executable, "-m", "tests.executor.partitioned", month],
        cwd=ROOT,
        env=platform.env,
        check=True,
        stdout=subprocess.PIPE,
    )
    found = json.loads(done.stdout.splitlines()[-1])

    assert found["statuses"] == ["COMPLETED"] * 3
    assert found["listed"]
    ahead = month.replace("-", "_")
    assert found["places"]["executor_execution"] == {"before": 2, ahead: 1}
    for places in found["places"].values():
        assert set(places) == {"before", ahead}
    assert found["refused"] == [True, True]
    assert found["pruned"] == 1
    assert found["purged"] == 3
    assert found["left"] == 0
    platform.manage("makemigrations", "--check", "--dry-run", "--verbosity", "0")
