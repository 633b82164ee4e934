"""Showing the metrics: what this process counted, and how much work the database holds."""

import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.db import Error as DatabaseError
from django.db import connections
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from common import metrics
from common.clock import SYSTEM_CLOCK, Clock
from executor import conf
from executor.selectors.load import list_queue_loads
from executor.types import LIVE_TASKS, TaskState

logger = logging.getLogger(__name__)

KEEP_S = 3.0  # what was read from the database counts for so long, however many ask
SILENCE_S = 5.0  # who asks and does not read is let go


class LoadGauges:
    """The queues' depth and age, read at most every few seconds."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._gauges: list[Metric] = []

    def get(self) -> list[Metric]:
        """Return the gauges; `pixelflow_database_up` alone when the database does not answer."""
        with self._lock:
            if time.monotonic() - self._read_at > KEEP_S:
                self._gauges = self._read()
                self._read_at = time.monotonic()
            return self._gauges

    def _read(self) -> list[Metric]:
        up = GaugeMetricFamily("pixelflow_database_up", "1 when the queues could be read.", 1)
        try:
            return [up, *self._of_queues()]
        except DatabaseError as error:
            logger.warning("queues not read: %s", error, extra={"action": "queues_not_read"})
            return [GaugeMetricFamily("pixelflow_database_up", up.documentation, 0)]

    def _of_queues(self) -> list[Metric]:
        depth = GaugeMetricFamily(
            "pixelflow_tasks", "Tasks that are not done.", labels=["queue", "state"]
        )
        age = GaugeMetricFamily(
            "pixelflow_oldest_ready_seconds", "For how long one has been ready.", labels=["queue"]
        )
        counts = dict.fromkeys(((queue, state) for queue in conf.QUEUES for state in LIVE_TASKS), 0)
        ages = dict.fromkeys(conf.QUEUES, 0.0)
        for load in list_queue_loads():
            counts[load.queue, load.state] = load.tasks
            if load.state == TaskState.READY and load.oldest is not None:
                waited = self._clock.now() - load.oldest
                ages[load.queue] = max(0.0, waited.total_seconds())
        for (queue, state), tasks in counts.items():
            depth.add_metric([queue, state], tasks)
        for queue, seconds in ages.items():
            age.add_metric([queue], seconds)
        return [depth, age]


_gauges = LoadGauges()


def render_metrics() -> bytes:
    """Return everything in Prometheus' text format (`common.metrics.CONTENT_TYPE`)."""
    return metrics.render(_gauges.get(), conf.metrics_dir())


class _Handler(BaseHTTPRequestHandler):
    """Answers `GET /metrics`; of a client that is slow to read, one thread waits for a while."""

    timeout = SILENCE_S

    def do_GET(self) -> None:
        """Answer."""
        allowed = metrics.may_read(
            conf.metrics_token(),
            authorization=self.headers.get("Authorization", ""),
            peer=str(self.client_address[0]),
            headers=dict(self.headers.items()),
        )
        if self.path.partition("?")[0] != "/metrics" or not allowed:
            self.send_error(404)
            return
        try:
            body = render_metrics()
        finally:
            connections.close_all()
        self.send_response(200)
        self.send_header("Content-Type", metrics.CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: a scrape every few seconds is no news."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that went away."""


def serve_metrics() -> ThreadingHTTPServer | None:
    """Answer at `METRICS_PORT` from a thread of its own, if the process is to; never waits."""
    if not conf.metrics_port():
        return None
    host = "0.0.0.0" if conf.metrics_token() else "127.0.0.1"  # noqa: S104 - it asks for the token
    server = _Server((host, conf.metrics_port()), _Handler)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server
