"""What is counted, in Prometheus' terms, and who may see it.

Counting costs a microsecond or two and never waits: the numbers lie in memory (or in a mapped file,
when `METRICS_DIR` lets several processes of a host be read as one) until somebody asks for them.
"""

import hmac
import ipaddress
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST

_SHORT = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800)
_NODE = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800)

_ACCEPTED = Counter("pixelflow_runs_accepted", "Runs that were stored.", ["trigger"])
_RUNS = Counter("pixelflow_runs", "Runs that ended, by final status.", ["status"])
_RUN_SECONDS = Histogram(
    "pixelflow_run_seconds", "From accepting a run to its end.", ["status"], buckets=_SHORT
)
_NODES = Counter("pixelflow_nodes", "Nodes that ended here.", ["cost", "status"])
_NODE_SECONDS = Histogram("pixelflow_node_seconds", "How long nodes ran.", ["cost"], buckets=_NODE)
_CLAIMS = Counter("pixelflow_claims", "Tasks that were taken.", ["queue"])
_DELAY = Histogram(
    "pixelflow_queue_delay_seconds",
    "From a task's becoming ready to its being taken.",
    ["queue"],
    buckets=_SHORT,
)
_LEASES = Counter(
    "pixelflow_leases",
    "Leases that did not end with their task: lost (somebody took over), taken_over, handed_back "
    "(the worker stopped), poison (given up), fenced_off (a node did not stop in time).",
    ["outcome"],
)
_BELLS = Counter("pixelflow_doorbell_failures", "Doorbells that the broker did not take.")
_PROVIDER = Counter(
    "pixelflow_provider_calls", "Calls to providers.", ["provider", "call", "outcome"]
)
_PROVIDER_SECONDS = Histogram(
    "pixelflow_provider_call_seconds", "How long they took.", ["provider", "call"], buckets=_SHORT
)
_CREDITS = Counter("pixelflow_credits", "Credits, by what became of them.", ["kind"])
_STRIPE = Counter(
    "pixelflow_stripe_events",
    "Events of Stripe: refused (not signed), stored, twice, ignored, applied, late (to be tried "
    "again), failed (given up).",
    ["outcome"],
)
_IMBALANCE = Gauge(
    "pixelflow_ledger_imbalance",
    "Places where the ledger breaks a rule, by the last check of the day; page at 1.",
    multiprocess_mode="mostrecent",
)
_OPEN = Gauge(
    "pixelflow_open_streams",
    "Sockets and event streams that follow runs.",
    multiprocess_mode="livesum",
)
_LINES_LOST = Counter("pixelflow_log_lines_lost", "Log lines that nobody read in time.")


def run_accepted(trigger: str, held_credits: int) -> None:
    """Count a run that was stored."""
    _ACCEPTED.labels(trigger).inc()
    _CREDITS.labels("held").inc(held_credits)


def run_ended(status: str, seconds: float, charged_credits: int) -> None:
    """Count a run that got its final status, so many seconds after it was accepted."""
    _RUNS.labels(status).inc()
    _RUN_SECONDS.labels(status).observe(seconds)
    _CREDITS.labels("charged").inc(charged_credits)


def node_ended(cost: str, status: str, seconds: float | None) -> None:
    """Count a node that ended in this process; None: it did not run."""
    _NODES.labels(cost, status).inc()
    if seconds is not None:
        _NODE_SECONDS.labels(cost).observe(seconds)


def stripe_events(outcome: str, count: int = 1) -> None:
    """Count what became of Stripe's events."""
    _STRIPE.labels(outcome).inc(count)


def task_claimed(queue: str, delay_s: float) -> None:
    """Count a claim, so many seconds after the task became ready."""
    _CLAIMS.labels(queue).inc()
    _DELAY.labels(queue).observe(max(0.0, delay_s))


def leases_ended(outcome: str, count: int = 1) -> None:
    """Count leases: `lost`, `taken_over`, `handed_back`, `poison`, `fenced_off`."""
    _LEASES.labels(outcome).inc(count)


def doorbell_failed() -> None:
    """Count a doorbell that the broker did not take."""
    _BELLS.inc()


def provider_called(provider: str, call: str, outcome: str, seconds: float) -> None:
    """Count a call to a provider: `submit`, `poll`, `fetch`, `cancel`; `ok` or an error's code."""
    _PROVIDER.labels(provider, call, outcome).inc()
    _PROVIDER_SECONDS.labels(provider, call).observe(seconds)


def ledger_checked(imbalances: int) -> None:
    """Tell in how many places the ledger breaks a rule."""
    _IMBALANCE.set(imbalances)


def streams_opened(change: int) -> None:
    """Count sockets and event streams that were opened, or with a negative figure closed."""
    _OPEN.inc(change)


def log_line_lost() -> None:
    """Count a log line that was dropped."""
    _LINES_LOST.inc()


def render(beside: Iterable[Metric], directory: str) -> bytes:
    """Return all metrics as text: this process's, or those of all that share `directory`.

    `beside` are metrics that somebody made just now.
    """
    if not directory:
        return generate_latest(REGISTRY) + generate_latest(_registry_of(beside))
    _forget_dead(Path(directory))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    return generate_latest(registry) + generate_latest(_registry_of(beside))


def may_read(token: str, *, authorization: str, peer: str, headers: Mapping[str, str]) -> bool:
    """Say whether metrics may be shown to who asks from `peer` with these headers.

    With a token: to who sends it. Without one: on this machine, and past no proxy, which would make
    everybody's address look like ours; that it is asked for as something else gives it away, too.
    """
    if token:
        return hmac.compare_digest(authorization.encode(), f"Bearer {token}".encode())
    names = {name.lower() for name in headers}
    host = next((headers[name] for name in headers if name.lower() == "host"), "")
    is_direct = not names & {"forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"}
    return is_direct and _is_loopback(peer) and _is_loopback(_name_of(host))


def _name_of(host: str) -> str:
    """Return the name in a Host header, without port or brackets."""
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    return name.strip("[]")


def _is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _registry_of(metrics: Iterable[Metric]) -> CollectorRegistry:
    class Given:
        def collect(self) -> Iterable[Metric]:
            return metrics

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Given())
    return registry


def _forget_dead(directory: Path) -> None:
    """Let go of what dead processes had open; what they counted stays."""
    for path in directory.glob("gauge_live*_*.db"):
        pid = path.stem.rpartition("_")[2]
        if pid.isdigit() and not _is_process(int(pid)):
            path.unlink(missing_ok=True)


def _is_process(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
