"""What the processes of the chaos do: workers as by `manage.py worker`, and the web."""

import signal
import threading

import uvicorn

from common import faults
from executor import conf, dispatch
from executor.runtime.control import start_worker

RING_EVERY_S = 0.02
RINGS = 3


def work(armed: str = "") -> None:
    """Run tasks until TERM.

    On SQLite bells do not reach other processes, and the sweep is made for one process: so this one
    rings for itself, as the broker would.
    """
    faults.arm(armed)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    worker = start_worker()
    while not stop.wait(RING_EVERY_S):
        if not conf.redis_url():
            for queue in worker.task_queues:
                if dispatch.backlog(queue) < RINGS:
                    dispatch.ring("any", queue)
    worker.stop()


def serve(port: int) -> None:
    """Answer requests, as a web process without a worker beside it does."""
    from pixelflow_site.asgi import application

    uvicorn.run(application, host="127.0.0.1", port=port, lifespan="off", log_level="warning")
