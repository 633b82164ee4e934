"""A real HTTP server on loopback and a resolver that says what it is told, for the fetch tests."""

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

from common.fetch import FetchPolicy, FetchResult, fetch
from common.fetch.addresses import Address

Route = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: "Server"

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))
        self.server.routes[self.path.partition("?")[0]](self)

    def log_message(self, *args: object) -> None:
        """Keep the test output quiet."""

    def send(self, raw: bytes) -> None:
        """Send these very bytes, which need not be HTTP."""
        self.wfile.write(raw)

    def answer(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.routes: dict[str, Route] = {}
        self.seen: list[tuple[str, dict[str, str]]] = []

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what these tests are about."""

    def url(self, path: str, host: str = "files.test") -> str:
        return f"http://{host}:{self.server_port}{path}"


class Names:
    """A resolver that gives its answers in turn, the last one for ever, and counts the questions."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    def __call__(self, host: str) -> list[Address]:
        answer = self._answers[min(len(self.asked), len(self._answers) - 1)]
        self.asked.append(host)
        return [ip_address(text) for text in answer]


@contextmanager
def running_server() -> Iterator[Server]:
    """Serve until the block ends, then wait for every open request."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def get(
    server: Server,
    url: str,
    *,
    names: Names | None = None,
    sink: io.BytesIO | None = None,
    max_bytes: int = 100_000,
    deadline_s: float = 5,
) -> FetchResult:
    return fetch(
        url,
        max_bytes=max_bytes,
        deadline_s=deadline_s,
        sink=sink or io.BytesIO(),
        allow=FetchPolicy(frozenset({server.server_port})),
        resolve=names or Names(["127.0.0.1"]),
    )
