"""`python -m tests.chaos sqlite|postgres --kills N --seed S`: kill, let it heal, count.

Also `drills` (`tests.chaos.drills`), `keys` (`tests.chaos.keys`), and `redis-flush`, `redis-down`,
`postgres-restart` (`tests.chaos.scenarios`).

PostgreSQL and Redis are servers of the command's own. The exit code is 0 when nothing was lost,
nothing ended twice, every run gave what it gives in peace, and all invariants hold.
"""

import json
import random
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.chaos import zygote
from tests.chaos.drills import Drills
from tests.chaos.keys import Keys, is_well_after_keys, keys
from tests.chaos.killer import Killer, Plan, drain, end, undisturbed
from tests.chaos.limits import limits
from tests.chaos.points import matrix
from tests.chaos.proxy import ProxyProcess
from tests.chaos.scenarios import scenario
from tests.chaos.servers import free_port, servers
from tests.chaos.stage import Stage
from tests.provider.control import Control, provider_process

DRAIN_S = 180.0
SECONDS = {"redis-flush": 120.0, "redis-down": 60.0, "postgres-restart": 30.0}
PER_S = {"sqlite": 12.0, "postgres": 6.0}  # so that a worker lives long enough to get on


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    seed = random.randrange(10**6) if options.seed is None else options.seed
    zygote.say(f"seed {seed}")
    with _installation(options) as (folder, provider):
        if options.limits:
            zygote.say(json.dumps(limits(folder)))
            return 0
        if options.engine == "drills":
            return _drill(folder, options)
        if options.engine == "keys":
            return _keys(folder, options, seed)
        if options.engine in SECONDS:
            seconds = options.seconds or SECONDS[options.engine]
            found = scenario(options.engine, Stage(folder), *options.servers, seconds=seconds)
            zygote.say(json.dumps(found))
            return int(any(found[name] for name in ("lost", "broken", "different")))
        if options.points:
            zygote.say(json.dumps(matrix(folder, provider)))
            return 0
        report = chaos(
            folder,
            Plan(options.kills, seed, per_s=options.per_s or PER_S[options.engine]),
            provider,
        )
        print_report(report | {"seed": seed, "engine": options.engine})
        is_well = is_well_after(report)
        if not is_well:
            sys.stdout.write((folder / "log").read_text(errors="replace")[-8_000:])
    return 0 if is_well else 1


def chaos(folder: Path, plan: Plan, provider: Control) -> dict[str, Any]:
    """Kill as planned in an installation that is set up; returns the report."""
    from tests.chaos import loader, report, worker

    log, journal = folder / "log", folder / "journal"
    zygote.ask(loader.migrate, log=log)

    def serve() -> None:
        worker.serve(zygote.port())

    web = [zygote.fork(serve, log=log)]
    prepared = zygote.ask(loader.prepare, log=log)
    end(web)

    def load(armed: str, seed: int) -> None:
        from common import faults

        faults.arm(armed)
        loader.Load(prepared, journal, seed).run()

    began = time.monotonic()
    tally = Killer(plan, work=worker.work, load=load, serve=serve, log=log).run()
    killed_s = time.monotonic() - began
    web = [zygote.fork(serve, log=log)]
    pids = undisturbed(2, worker.work, log=log)
    try:
        drained_s = drain(pids, lambda: zygote.ask(loader.open_runs, log=log), timeout_s=DRAIN_S)
    except TimeoutError:
        drained_s = -1.0
    end(web)
    paid = provider.count()["paid"]
    found = zygote.ask(lambda: report.final_report(prepared, journal, paid), log=log)
    return {
        **found,
        "kills": tally.kills,
        "at_points": dict(tally.at_points),
        "stops": tally.stops,
        "terms": tally.terms,
        "slow_terms": tally.slow_terms,
        "crashes": tally.crashes,
        "killed_s": round(killed_s, 1),
        "drained_s": round(drained_s, 1),
    }


def _drill(folder: Path, options: Namespace) -> int:
    drills = Drills(folder, options.servers, options.proxies)
    try:
        zygote.say(json.dumps(drills.run(options.only)))
    finally:
        drills.close()
    return 0


def _keys(folder: Path, options: Namespace, seed: int) -> int:
    found = keys(folder, Keys(options.keys, options.twins, options.kills, seed))
    zygote.say(json.dumps(found | {"seed": seed, "database": options.database}))
    return int(not is_well_after_keys(found))


def is_well_after(report: dict[str, Any]) -> bool:
    """Say whether nothing went wrong."""
    wrong = (
        "lost",
        "finished_twice",
        "nodes_twice",
        "different",
        "broken",
        "crashes",
        "slow_terms",
    )
    twice = sum(report["paid_twice"].values())
    return report["drained_s"] >= 0 and not twice and not any(report[name] for name in wrong)


def print_report(report: dict[str, Any]) -> None:
    """Print the figures, and all of it as JSON in the last line."""
    rate = report["kills"] / max(report["killed_s"], 0.1)
    for line in _lines(report, rate):
        zygote.say(line)
    zygote.say(json.dumps(report))


def _lines(report: dict[str, Any], rate: float) -> Iterator[str]:
    at_points = sum(report["at_points"].values())
    yield f"{report['kills']} kills in {report['killed_s']} s ({rate:.1f}/s), {at_points} at points"
    yield f"{report['stops']} stopped past their leases, {report['terms']} ended gracefully"
    yield f"{report['accepted']} executions accepted, {report['answered']} of them answered"
    yield f"{len(report['lost'])} lost; {report['statuses']}; {report['finished_twice']} ended twice"
    yield f"{report['nodes']} nodes stored, {report['nodes_twice']} of them twice"
    yield f"{report['taken_over']} tasks taken over; attempts: {report['attempts']}"
    yield f"provider jobs paid twice, by class: {report['paid_twice']}"
    yield f"paid and not used (cancelled, or outcome unknown): {report['paid_for_nothing']}"
    yield f"{len(report['different'])} gave something else than in peace"
    yield f"{report['invariants']} invariants, {len(report['broken'])} broken"
    yield f"drained in {report['drained_s']} s; {report['crashes']} crashes"


@contextmanager
def _installation(options: Namespace) -> Iterator[tuple[Path, Control]]:
    """Set up SQLite, or servers of one's own, in a folder that goes away, and a provider."""
    with (
        provider_process() as provider,
        tempfile.TemporaryDirectory(prefix="pixelflow-chaos-", dir=options.folder) as name,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        provider.script(duration_s=0.2)
        port = free_port()
        settings = {
            "TEST_PROVIDER_URL": provider.url,
            "FETCH_LOOPBACK_PORTS": str(provider.port),
            "PORT": str(port),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        if options.engine in SECONDS:  # their figures are those of an installation as it comes
            settings |= {"LEASE_S": "30", "SWEEP_S": "1.5"}
        if "sqlite" in (options.engine, options.database):
            zygote.set_up(folder, DATABASE_URL="", REDIS_URL="", **settings)
            yield folder, provider
            return
        with servers(folder / "servers") as (postgres, cache):
            options.servers = postgres, cache
            urls = {"DATABASE_URL": postgres.url, "REDIS_URL": cache.url}
            if options.engine == "drills":
                log = folder / "log"
                options.proxies = (
                    ProxyProcess(postgres.port, log=log),
                    ProxyProcess(cache.port, log=log),
                )
                urls = {
                    name: p.url(urls[name]) for name, p in zip(urls, options.proxies, strict=True)
                }
            zygote.set_up(folder, **urls, **settings)
            yield folder, provider


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("engine", choices=["sqlite", "postgres", "drills", "keys", *SECONDS])
    parser.add_argument("--database", choices=["sqlite", "postgres"], help="of `keys`")
    parser.add_argument("--keys", type=int, default=1_000)
    parser.add_argument("--twins", type=int, default=20, help="who send a key at once")
    parser.add_argument("--seconds", type=float, help="how long a scenario lasts")
    parser.add_argument("--only", action="append", default=[], help="the name of a drill")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--limits", action="store_true", help="run out of disk and descriptors")
    parser.add_argument("--points", action="store_true", help="die at each kill point in turn")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--per-s", type=float, help="kills a second, at most")
    parser.add_argument("--folder", type=Path, help="where the data lies; /dev/shm is quick")
    return parser


if __name__ == "__main__":
    sys.exit(main())
