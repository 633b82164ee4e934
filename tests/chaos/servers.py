"""PostgreSQL and Redis servers of one's own, to be stopped, killed and started again."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis

PASSWORD = "chaos"
_POSTGRES_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def postgres_bin() -> Path | None:
    """The folder of PostgreSQL's programs; None where it is not installed."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    return next((folder for folder in _POSTGRES_FOLDERS if (folder / "initdb").exists()), None)


def may_do_without() -> bool:
    """Say whether a test that starts PostgreSQL may be skipped: never where services are required."""
    return postgres_bin() is None and os.environ.get("REQUIRE_SERVICES") != "1"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(is_so: Callable[[], bool], *, timeout_s: float = 30, every_s: float = 0.05) -> None:
    """Wait for something to become true.

    Raises:
        TimeoutError: it did not in time.
    """
    end = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError("waited in vain")
        time.sleep(every_s)


class PostgresServer:
    """A server on a port of its own, with its data in a folder."""

    def __init__(self, folder: Path, **options: str) -> None:
        found = postgres_bin()
        if found is None:
            raise FileNotFoundError("PostgreSQL is not installed")
        self.bin, self.folder, self.port = found, folder, free_port()
        self.options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",  # the machine stays up; a server that is killed loses nothing by it
            "max_connections": "200",
            **options,
        }
        self.url = f"postgresql://pixelflow:{PASSWORD}@127.0.0.1:{self.port}/pixelflow"
        self._process: subprocess.Popen[bytes] | None = None
        self._make()

    def start(self) -> None:
        """Start; returns when it takes connections."""
        options = [
            part for name, value in self.options.items() for part in ("-c", f"{name}={value}")
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *_as_nobody_special(),
                    self.bin / "postgres",
                    "-D",
                    self.folder / "data",
                    "-p",
                    str(self.port),
                    *options,
                ],
                stdout=log,
                stderr=log,
            )
        wait_for(self._answers)

    def stop(self, *, immediate: bool = False) -> None:
        """Stop: fast, which ends sessions, or immediate, which is a crash."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT if immediate else signal.SIGINT)
            self._process.wait(timeout=30)
            self._process = None

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        password = self.folder / "password"
        password.write_text(PASSWORD)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
            shutil.chown(password, "postgres")
        command: list[str | Path] = [
            *_as_nobody_special(),
            self.bin / "initdb",
            "--pgdata",
            self.folder / "data",
        ]
        command += ["--username", "pixelflow", "--auth", "scram-sha-256", "--pwfile", password]
        command += ["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        self.start()
        with psycopg.connect(self._server_url(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE pixelflow")

    def _server_url(self) -> str:
        return self.url.removesuffix("pixelflow") + "postgres"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._server_url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class RedisServer:
    """A server on a port of its own; `durable` keeps an append-only file over restarts."""

    def __init__(
        self, folder: Path, *, durable: bool = False, replica_of: int | None = None
    ) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        folder.mkdir(parents=True, exist_ok=True)
        self._arguments = ["--appendonly", "yes" if durable else "no", "--appendfsync", "always"]
        if replica_of is not None:
            self._arguments += ["--replicaof", "127.0.0.1", str(replica_of)]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start; returns when it answers."""
        self._process = subprocess.Popen(
            [
                "redis-server",
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--dir",
                str(self.folder),
                "--save",
                "",
                *self._arguments,
            ],
            stdout=subprocess.DEVNULL,
        )
        wait_for(self._answers)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def flush(self) -> None:
        """Drop everything."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@contextmanager
def servers(folder: Path, **postgres_options: str) -> Iterator[tuple[PostgresServer, RedisServer]]:
    """A PostgreSQL and a Redis, stopped afterwards."""
    postgres = PostgresServer(folder / "postgres", **postgres_options)
    try:
        cache = RedisServer(folder / "redis")
        try:
            yield postgres, cache
        finally:
            cache.kill()
    finally:
        postgres.stop(immediate=True)


def _as_nobody_special() -> list[str]:
    """What a command begins with that must not run as root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
