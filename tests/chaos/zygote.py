"""A process with Django loaded and nothing open, out of which others are forked in milliseconds."""

import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "pixelflow_site.settings.base",
    "SECRET_KEY": "chaos-secret-key-that-is-long-enough-0000",
    "KEY_PEPPERS": "p1:chaos-pepper",
    "SEALING_KEYS": "s1:chaos-sealing-key-that-is-long-enough",
    "DEBUG": "true",  # kill points are refused without it
    "LEASE_S": "1",
    "SWEEP_S": "0.1",
    "WORKER_THREADS": "2",
    # Under so many kills three losses in a row are chance. A run that failed as poison would hide
    # one that failed for a fault of ours, so nothing counts as poison here.
    "MAX_ATTEMPTS": "1000000",
    "LOG_LEVEL": "WARNING",
    "EXTRA_NODES": "tests.chaos.nodes,tests.provider.plugin",
    "EXTRA_PROVIDERS": "tests.provider.plugin",
    "TEST_PROVIDER_SETTLE_S": "2",
}


def set_up(folder: Path, **settings: str) -> None:
    """Load Django in this process, on an installation in `folder`."""
    os.environ.update(SETTINGS | {"DATA_DIR": str(folder / "data")} | settings)
    import django

    django.setup()
    for name in ("asgi", "server.embedded", "urls"):
        import_module(f"pixelflow_site.{name}")
    from tests.chaos import loader, report, worker  # noqa: F401 - so that children need not

    gc.collect()
    gc.freeze()


def port() -> int:
    """The port of the installation's web process."""
    return int(os.environ["PORT"])


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def fork(main: Callable[[], None], *, log: Path) -> int:
    """Run `main` in a new process; returns its id. It ends with 0, or 1 after an exception."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(target, 1)
        os.dup2(target, 2)
        main()
        code = 0
    except BaseException:  # noqa: BLE001 - the edge of a process
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def ask(question: Callable[[], Any], *, log: Path) -> Any:
    """Return what a function returns (as JSON) in a process of its own.

    Raises:
        RuntimeError: it raised; the log says what.
    """
    return begin(question, log=log)()


def begin(question: Callable[[], Any], *, log: Path) -> Callable[[], Any]:
    """Start answering a question in a process of its own; returns what waits for the answer."""
    reading, writing = os.pipe()

    def main() -> None:
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            json.dump(question(), pipe)

    pid = fork(main, log=log)
    os.close(writing)

    def wait() -> Any:
        with os.fdopen(reading) as pipe:
            text = pipe.read()
        _, status = os.waitpid(pid, 0)
        if status or not text:
            raise RuntimeError("a question failed:\n" + log.read_text(errors="replace")[-4_000:])
        return json.loads(text)

    return wait
