"""P9: providers' jobs followed by one process, each polled every ten seconds: memory and CPU."""

import time

from benchmarks.backends import Backend, each_backend
from benchmarks.harness import Line, at_most, begin, print_table, sample
from benchmarks.processes import Child, run_job, worker
from tests.provider.control import Control, provider_process

JOBS = 2_000
POLL_S = 10
WATCHED_S = 2 * POLL_S
LIMIT_MB = 300
LIMIT_CPU = 40  # per cent of a core
PLUGIN = "tests.provider.plugin"
TAKE_UP_S = 300.0


def main() -> None:
    """Measure on each database."""
    rounds, lines, notes = begin(3), list[Line](), []
    for backend in each_backend():
        with provider_process() as provider:
            lines += _lines(backend, provider, rounds)
        notes.append(backend.note)
    print_table(
        f"P9  {JOBS:,} providers' jobs followed by one process, one poll each {POLL_S} s",
        lines,
        f"CPU over {WATCHED_S} s, in per cent of a core, with the child that renews the leases",
        "baseline: as many polls by the HTTP client alone, in a process that has set up Django",
        "CPU of a poll: all that the process used, divided by the polls",
        "the provider is a process of its own on loopback, and is not counted",
        *notes,
    )


def _lines(backend: Backend, provider: Control, rounds: int) -> list[Line]:
    env = {
        **backend.env,
        "EXTRA_NODES": PLUGIN,
        "EXTRA_PROVIDERS": PLUGIN,
        "TEST_PROVIDER_URL": provider.url,
        "TEST_PROVIDER_POLL_S": str(POLL_S),
        "TEST_PROVIDER_TIMEOUT_S": "30",
    }
    provider.script(duration_s=1_000_000)
    run_job("remote", env, "accept", JOBS)
    cpu, polls, memory, bare_cpu, bare_memory = [], [], [], [], []
    for _ in range(rounds):
        with worker(env) as child:
            share, poll_ms = _watch(child, provider)
            memory.append(child.rss_mb())
        cpu.append(share)
        polls.append(poll_ms)
        bare = run_job("remote", env, "polls", f"{provider.url}/b/jobs/b-1", JOBS, POLL_S, POLL_S)
        bare_cpu.append(bare["cpu"])
        bare_memory.append(bare["mb"])
    return [
        at_most(f"{backend.name}: CPU", sample(cpu, "%"), LIMIT_CPU, sample(bare_cpu, "%")),
        Line(f"{backend.name}: CPU of a poll", sample(polls, "ms")),
        at_most(f"{backend.name}: memory", sample(memory, "MB"), LIMIT_MB,
                sample(bare_memory, "MB")),
    ]  # fmt: skip


def _watch(child: Child, provider: Control) -> tuple[float, float]:
    """Return the share of a core, and milliseconds of it for each poll, once every job is followed.

    From the second round on these are taken over from a process that was told to stop.
    """
    _wait_until_followed(provider)
    cpu_s, began, polls = child.cpu_s(), time.perf_counter(), _polls(provider)
    time.sleep(WATCHED_S)
    elapsed_s = time.perf_counter() - began
    used_s, asked = child.cpu_s() - cpu_s, _polls(provider) - polls
    if asked / elapsed_s < 0.8 * JOBS / POLL_S:
        raise RuntimeError(f"only {asked / elapsed_s:.0f} polls a second")
    return used_s / elapsed_s * 100, used_s / asked * 1_000


def _wait_until_followed(provider: Control) -> None:
    """Wait until there are as many polls in an interval as jobs, evenly spread."""
    deadline, before = time.monotonic() + TAKE_UP_S, _polls(provider)
    while time.monotonic() < deadline:
        time.sleep(POLL_S)
        polls = _polls(provider)
        if polls - before >= 0.9 * JOBS:
            return
        before = polls
    raise RuntimeError("the jobs were not taken up")


def _polls(provider: Control) -> int:
    return int(provider.count()["requests"].get("b.poll", 0))


if __name__ == "__main__":
    main()
