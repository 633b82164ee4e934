"""Running the chaos as the command that it is: in a process without pytest's threads and database."""

import json
import subprocess
import sys
from typing import Any

from tests.durability.processes import ROOT


def json_of(*arguments: str, timeout_s: float = 280) -> Any:
    """The JSON of the last line that `python -m tests.chaos` prints.

    Raises:
        AssertionError: its exit code is not 0.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
    )
    assert done.returncode == 0, done.stdout
    return json.loads(done.stdout.splitlines()[-1])
