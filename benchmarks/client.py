"""A cheap HTTP client over raw sockets: what it costs is taken from the server it measures."""

import itertools
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.processes import HOST, Child

_FINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Return the body's value."""
        return json.loads(self.body)


class Connection:
    """One connection that is kept alive where the server does so; not for several threads."""

    def __init__(self, port: int, *, timeout_s: float = 60.0) -> None:
        self._port = port
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def send(self, request: bytes, *, expected: int = 200) -> Answer:
        """Send a request and return its answer.

        Raises:
            RuntimeError: the answer's status is not the expected one.
        """
        if self._socket is None:
            address = (HOST, self._port)
            self._socket = socket.create_connection(address, timeout=self._timeout_s)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        answer = self._read(self._socket)
        if answer.status != expected:
            raise RuntimeError(f"{request[:80]!r} was answered {answer.status}: {answer.body!r}")
        return answer

    def _read(self, connection: socket.socket) -> Answer:
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive(connection)
        head, _, body = data.partition(b"\r\n\r\n")
        lowered = head.lower()
        _, found, rest = lowered.partition(b"content-length:")
        if not found:
            raise RuntimeError(f"an answer without a length: {head!r}")
        length = int(rest.partition(b"\r\n")[0])
        while len(body) < length:
            body += self._receive(connection)
        if b"connection: close" in lowered:
            self._close()
        return Answer(int(head[9:12]), body)

    def _receive(self, connection: socket.socket) -> bytes:
        data = connection.recv(65_536)
        if not data:
            self._close()
            raise RuntimeError("the server closed the connection in the middle of an answer")
        return data

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def get(path: str, *, key: str = "") -> bytes:
    """Return the bytes of a GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{_authorization(key)}\r\n".encode("ascii")


def post(path: str, body: object, *, key: str = "", idempotency_key: str = "") -> bytes:
    """Return the bytes of a POST request with a JSON body."""
    data = json.dumps(body).encode("ascii")
    once = f"Idempotency-Key: {idempotency_key}\r\n" if idempotency_key else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\n{_authorization(key)}{once}"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode("ascii") + data


def execute_requests(
    workflow: str, inputs: Callable[[str], object], key: str, *, cache: str = "use"
) -> Callable[[], bytes]:
    """Return a source of execute requests, each with an idempotency key of its own.

    `inputs` makes those of a request out of a word that no other request has, so that the cache
    answers none of them.
    """
    run, numbers = secrets.token_hex(8), itertools.count()
    path = f"/api/v1/workflows/{workflow}/execute"

    def make() -> bytes:
        once = f"{run}-{next(numbers)}"
        body = {"inputs": inputs(once), "cache": cache}
        return post(path, body, key=key, idempotency_key=once)

    return make


def run_to_final(connection: Connection, request: bytes, key: str) -> dict[str, Any]:
    """Execute a workflow and follow it by waiting polls; return the final answer."""
    accepted = connection.send(request, expected=202).json()
    poll = get(f"{accepted['pollUrl']}?wait=30", key=key)
    while True:
        answer: dict[str, Any] = connection.send(poll).json()
        if answer["status"] in _FINAL:
            break
    if answer["status"] != "COMPLETED":
        raise RuntimeError(f"the run ended {answer['status']}: {answer['error']}")
    return answer


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did under load."""

    per_s: float
    cpu_ms: float  # of the server, for each request


def load(
    child: Child, make: Callable[[], bytes], *, expected: int, seconds: float, connections: int
) -> Load:
    """Send requests over several connections for some seconds."""
    counts = [0] * connections
    failures: list[Exception] = []
    began, cpu_s = time.perf_counter(), child.cpu_s()
    deadline = began + seconds

    def keep_sending(index: int) -> None:
        try:
            with Connection(child.port) as connection:
                while time.perf_counter() < deadline:
                    connection.send(make(), expected=expected)
                    counts[index] += 1
        except Exception as error:  # noqa: BLE001 - raised again by the thread that asked
            failures.append(error)

    threads = [threading.Thread(target=keep_sending, args=(index,)) for index in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    total, used_s = sum(counts), child.cpu_s() - cpu_s
    return Load(total / (time.perf_counter() - began), used_s / total * 1_000)


def _authorization(key: str) -> str:
    return f"Authorization: Bearer {key}\r\n" if key else ""
