"""The wall itself: a network backend that connects to no address which it has not checked.

The name is resolved once per connection, all its addresses are checked, and the connection goes
to one of those very addresses, so that a second DNS answer has nobody to ask for it.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from ipaddress import ip_address
from threading import Thread
from typing import Any, NoReturn

import httpcore

from common.fetch.addresses import Address, FetchPolicy, may_connect
from common.fetch.errors import FetchBlocked, FetchFailed

# Name to addresses, in order of preference; raises OSError when there is no answer.
Resolve = Callable[[str], Sequence[Address]]

# One dead address of several must not eat the whole deadline.
_CONNECT_TIMEOUT_S = 5.0


class Deadline:
    """A moment on the monotonic clock by which everything must be done."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def left_s(self) -> float:
        """Return the seconds left, always more than 0.

        Raises:
            FetchFailed: None are left; retryable.
        """
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise FetchFailed("The URL could not be fetched in time.", retryable=True)
        return left

    def within_s(self, timeout: float | None) -> float:
        """Return `timeout` or the seconds left, whichever is less. Raises as `left_s`."""
        left = self.left_s()
        return left if timeout is None else min(timeout, left)


def system_resolve(host: str) -> list[Address]:
    """Ask the system's resolver; addresses in its order of preference, each once.

    Raises:
        OSError: There is no answer.
    """
    # The last dot keeps the machine's search domains out of it; `localhost` lives in a file.
    absolute = f"{host.removesuffix('.')}." if "." in host else host
    found = socket.getaddrinfo(absolute, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))


class PinnedBackend(httpcore.NetworkBackend):
    """Connects by `network` to checked addresses only, all within one deadline."""

    def __init__(
        self,
        *,
        allow: FetchPolicy,
        deadline: Deadline,
        resolve: Resolve = system_resolve,
        network: httpcore.NetworkBackend | None = None,
    ) -> None:
        self._allow = allow
        self._deadline = deadline
        self._resolve = resolve
        self._network = network or httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of `host` that answers; Host and SNI are not touched.

        Raises:
            FetchBlocked: One address at least is not allowed, so none is tried.
            FetchFailed: The name has no address, or the deadline passed.
            httpcore.ConnectError, httpcore.ConnectTimeout: No address answers.
        """
        *others, last = self._checked(host, port)
        limit_s = _CONNECT_TIMEOUT_S if timeout is None else min(timeout, _CONNECT_TIMEOUT_S)

        def connect(address: Address) -> httpcore.NetworkStream:
            left_s = self._deadline.within_s(limit_s)
            stream = self._network.connect_tcp(
                str(address), port, left_s, local_address, socket_options
            )
            return _DeadlineStream(stream, self._deadline)

        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return connect(address)
        return connect(last)

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> NoReturn:
        """Refuse: there is nothing to fetch from a socket file.

        Raises:
            FetchBlocked: Always.
        """
        raise FetchBlocked

    def _checked(self, host: str, port: int) -> list[Address]:
        """Return the addresses of `host`, at least one, all of them allowed."""
        addresses = _literal(host) or self._look_up(host)
        if not addresses:
            raise FetchFailed("The host of the URL has no address.", retryable=False)
        if (host, port) in self._allow.known:
            return addresses
        if not all(may_connect(address, port, self._allow) for address in addresses):
            raise FetchBlocked
        return addresses

    def _look_up(self, host: str) -> list[Address]:
        """Resolve within the deadline, in a thread, since the system's resolver takes no timeout."""
        answer: Future[Sequence[Address]] = Future()
        Thread(target=_answer, args=(answer, self._resolve, host), daemon=True).start()
        try:
            return list(answer.result(timeout=self._deadline.left_s()))
        except TimeoutError as error:
            raise FetchFailed("The URL could not be fetched in time.", retryable=True) from error
        except OSError as error:
            retryable = not (isinstance(error, socket.gaierror) and error.errno in _NO_SUCH_NAME)
            raise FetchFailed("The host of the URL was not found.", retryable=retryable) from error


_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_FAIL})


def _answer(answer: Future[Sequence[Address]], resolve: Resolve, host: str) -> None:
    try:
        answer.set_result(resolve(host))
    except OSError as error:
        answer.set_exception(error)


def _literal(host: str) -> list[Address]:
    """Return the one address that `host` spells out, or an empty list for a name."""
    try:
        return [ip_address(host)]
    except ValueError:
        return []


class _DeadlineStream(httpcore.NetworkStream):
    """A stream whose every wait ends at the deadline, so that dripping bytes win no time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=self._deadline.within_s(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=self._deadline.within_s(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        try:
            limit_s = self._deadline.within_s(timeout)
        except FetchFailed:
            # httpcore knows this stream only once it is wrapped: nobody else would close it.
            self.close()
            raise
        secure = self._stream.start_tls(ssl_context, server_hostname, limit_s)
        return _DeadlineStream(secure, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
