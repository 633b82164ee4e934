"""The model server as a process."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from tests.extras import need_local

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "executor.local"]


def test_on_a_host_that_others_reach_a_key_is_needed():
    ended = subprocess.run(
        [*COMMAND, "--host", "0.0.0.0"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert ended.returncode == 2
    assert "--key-file" in ended.stderr


def test_without_its_packages_it_says_which_it_needs():
    program = "import sys; sys.modules['torch'] = None; from executor.local.__main__ import main; sys.exit(main([]))"

    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert ended.returncode == 2
    assert "torch is missing: scripts/setup local" in ended.stderr


def test_it_is_started_and_stopped_without_django(tmp_path):
    need_local()
    key_file = tmp_path / "key"
    key_file.write_text("k" * 20 + "\n")
    command = [*COMMAND, "--port", "0", "--models", str(tmp_path), "--key-file", str(key_file)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "no.such"}

    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", server.stdout.readline())
        assert found is not None
        health = httpx.get(f"{found[0]}/health", headers={"Authorization": "Bearer " + "k" * 20})
        refused = httpx.get(f"{found[0]}/health")
        server.send_signal(signal.SIGTERM)
        server.wait(30)

    assert (health.status_code, refused.status_code) == (200, 401)
    assert health.json()["resident"] == []
    assert server.returncode == 0
