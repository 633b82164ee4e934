"""Servers that customers name are asked at public addresses alone, whatever their name says."""

import pytest

from common.fetch import FetchPolicy
from executor.providers.account import ProviderAccount
from executor.providers.errors import NotSent
from executor.providers.guarded import GuardedResolver
from executor.providers.transport import Transport
from tests.provider.control import Control


async def ask(url: str, **options) -> int:
    async with Transport(**options) as transport:
        reply = await transport.call("GET", url, timeout_s=5, guarded=True)
        return reply.status


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "0", "localhost",
        "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254", "192.168.1.1",
    ],
)  # fmt: skip
async def test_f1_f2_a_private_address_is_never_connected_to(host: str, provider: Control) -> None:
    with pytest.raises(NotSent):
        await ask(f"http://{host}:{provider.port}/count")
    with pytest.raises(NotSent):
        await ask(f"http://{host}:8080/")


async def test_f4_a_name_that_stands_for_a_private_address_is_refused_when_it_is_looked_up() -> (
    None
):
    resolver = GuardedResolver(FetchPolicy())

    with pytest.raises(OSError, match="not public"):
        await resolver.resolve("localhost", 8080)


async def test_a_fake_on_an_allowed_loopback_port_is_asked(provider: Control) -> None:
    allow = FetchPolicy(loopback_ports=frozenset({provider.port}))

    assert await ask(f"http://127.0.0.1:{provider.port}/count", allow=allow) == 200


@pytest.mark.parametrize(
    ("url", "is_trusted"),
    [
        ("https://api.bfl.ai/v1/get_result?id=1", True),
        ("https://gateway.bfl.ai/poll", True),
        ("https://bfl.ai.evil.com/poll", False),
        ("https://evilbfl.ai/poll", False),
        ("http://gateway.bfl.ai/poll", False),
        ("https://gateway.bfl.ai:8443/poll", False),
        ("https://user@gateway.bfl.ai/poll", False),
        ("https://api.bfl.ai@evil.com/", False),
        ("https://api.bfl.ai:444/", False),
        ("//api.bfl.ai/", False),
        ("file:///etc/passwd", False),
        ("https://[::1/", False),
    ],
)
def test_f8_an_answers_url_gets_the_key_only_at_the_providers_own_hosts(
    url: str, is_trusted: bool
) -> None:
    account = ProviderAccount("bfl", "https://api.bfl.ai", "key", hosts=frozenset({".bfl.ai"}))

    assert account.trusts(url) is is_trusted
