"""Faults of Redis and PostgreSQL, one after the other, under the eyes of clients.

`python -m tests.chaos drills` goes through all of them on servers of its own, and prints what was
seen during each. Whatever happens, clients may see 202, 503 `unavailable` with `Retry-After`, or a
broken connection (I16), what was accepted ends (I1), and all invariants hold afterwards.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import redis

from tests.chaos import zygote
from tests.chaos.proxy import ProxyProcess
from tests.chaos.servers import PostgresServer, RedisServer
from tests.chaos.stage import Stage, gremlin

BAD_S = 2.5


class Drills:
    """The installation and its servers, each behind a proxy."""

    def __init__(
        self,
        folder: Path,
        servers: tuple[PostgresServer, RedisServer],
        proxies: tuple[ProxyProcess, ProxyProcess],
    ) -> None:
        self.postgres, self.cache = servers
        self.to_postgres, self.to_cache = proxies
        self.stage = Stage(folder)

    def run(self, names: list[str]) -> dict[str, Any]:
        """Do these drills, or all; returns what was seen, by name."""
        self.stage.prepare()
        seen: dict[str, Any] = {}
        with self.stage.open():
            for name, drill in self.all().items():
                if not names or name in names:
                    seen[name] = drill()
                    zygote.say(f"{name} {json.dumps(seen[name])}")
        seen["report"] = self.stage.report()
        return seen

    def close(self) -> None:
        """End the proxies."""
        self.to_postgres.close()
        self.to_cache.close()

    def all(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """Every drill by name; `normal` is what the others are compared with."""
        return {
            "normal": lambda: self._see(lambda: None),
            "x8_flushall": lambda: self._see(self._flush),
            "x10_killed_and_restarted": lambda: self._see(self._kill_cache),
            "x11_read_only": lambda: self._see(self._stale_replica),
            "x12_slow": lambda: self._see(lambda: self._for_a_while(latency_s=2.0)),
            "x12_hung": lambda: self._see(lambda: self._for_a_while(is_hole=True)),
            "x12_cut": lambda: self._see(lambda: self.to_cache.set(cut=True)),
            "x13_spoilt_messages": lambda: self._see(self._spoil),
            "x15_dead_worker": lambda: self._see(self.stage.kill_worker),
            "x16_fast_restart": lambda: self._see(lambda: self._restart(immediate=False)),
            "x16_immediate_restart": lambda: self._see(lambda: self._restart(immediate=True)),
            "x18_cut_after_commit": self._cut_after_commit,
            "x20_no_connection_left": lambda: self._see(self._exhaust),
        }

    def _see(self, fault: Callable[[], object]) -> dict[str, Any]:
        seen = self.stage.during(fault, seconds=BAD_S + 1.5)
        settled_s = self.stage.settle()
        return seen.as_json() | {"settled_s": settled_s, "delays": self.stage.delays(seen)}

    def _flush(self) -> None:
        for _ in range(5):
            self.cache.flush()
            time.sleep(0.4)

    def _kill_cache(self) -> None:
        self.cache.kill()
        time.sleep(1)
        self.cache.start()

    def _stale_replica(self) -> None:
        with redis.Redis.from_url(self.cache.url) as client:
            client.replicaof("127.0.0.1", 1)  # of nobody: it refuses writes from now on
            time.sleep(BAD_S)
            client.replicaof("NO", "ONE")

    def _for_a_while(self, **values: Any) -> None:
        self.to_cache.set(**values)
        time.sleep(BAD_S)
        self.to_cache.set(latency_s=0.0, is_hole=False, cut=True)

    def _spoil(self) -> None:
        zygote.ask(lambda: gremlin(self.cache.url, BAD_S, 1), log=self.stage.log)

    def _restart(self, *, immediate: bool) -> None:
        self.postgres.stop(immediate=immediate)
        time.sleep(0.5)
        self.postgres.start()

    def _cut_after_commit(self) -> dict[str, Any]:
        """The web's connection breaks behind a commit that arrives, three times."""
        found = self._see(self._cut_commits)
        return found | {"cuts": self.to_postgres.set()}

    def _cut_commits(self) -> None:
        for _ in range(3):
            self.to_postgres.set(cut_after="COMMIT")
            time.sleep(BAD_S / 3)
        self.to_postgres.set(cut_after=None)

    def _exhaust(self) -> None:
        """Take every connection that is left, and end the others' ones."""
        held = []
        with psycopg.connect(self.postgres.url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            try:
                while True:
                    held.append(psycopg.connect(self.postgres.url))
            except psycopg.OperationalError:
                time.sleep(BAD_S)
        for connection in held:
            connection.close()
