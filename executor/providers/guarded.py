"""Looking up the servers that customers name: only public addresses, all of them checked."""

import ipaddress
import socket

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from common.fetch import FetchPolicy
from common.fetch.addresses import may_connect


class GuardedResolver(AbstractResolver):
    """Gives what a name stands for, if everything that it stands for is public.

    The connection goes to what was checked: nobody looks the name up a second time (TRUST.md 3.9).
    """

    def __init__(self, allow: FetchPolicy) -> None:
        self._allow = allow
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name.

        Raises:
            OSError: there are none, or one of them is not public.
        """
        found = await self._inner.resolve(host, port, family)
        for result in found:
            ip = ipaddress.ip_address(result["host"].partition("%")[0])
            if not may_connect(ip, port, self._allow):
                raise OSError("the address is not public")
        return found

    async def close(self) -> None:
        """Let go of nothing: there is nothing."""
        await self._inner.close()
