"""Files on their way to providers: what a process holds of them at once is bounded."""

import asyncio

import pytest

from executor.providers.base import InputFile, Request
from executor.runtime.loads import READ_BYTES, Loads, bytes_of
from workflows.catalogue.remote import ProviderCall


class Carriers:
    """Carriers of loads, and the most that they ever held together."""

    def __init__(self, loads: Loads) -> None:
        self.loads, self.now, self.most = loads, 0, 0
        self.order: list[int] = []

    async def carry(self, size: int) -> None:
        async with self.loads.held(size):
            self.order.append(size)
            self.now += size
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.001)
            self.now -= size


def _file(size: int, url: str | None) -> InputFile:
    return InputFile("video/mp4", url, lambda: b"", size)


async def test_many_at_once_hold_no_more_than_there_is_room_for() -> None:
    carriers = Carriers(Loads(100))

    async with asyncio.timeout(10):
        await asyncio.gather(*(carriers.carry(size) for size in (30, 60, 50, 10, 0, 90, 100) * 5))

    assert len(carriers.order) == 35
    assert 50 < carriers.most <= 100


async def test_one_that_is_larger_than_the_room_goes_alone() -> None:
    carriers = Carriers(Loads(100))

    async with asyncio.timeout(10):
        await asyncio.gather(*(carriers.carry(size) for size in (40, 400, 50)))

    assert carriers.order == [40, 400, 50]
    assert carriers.most == 400


async def test_who_has_no_files_waits_for_nobody() -> None:
    carriers = Carriers(Loads(10))

    async with asyncio.timeout(10), carriers.loads.held(10):
        await carriers.carry(0)

    assert carriers.order == [0]


async def test_who_gives_up_waiting_keeps_no_room() -> None:
    loads, carriers = Loads(10), Carriers(Loads(10))
    async with loads.held(10):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01), loads.held(5):
                carriers.order.append(5)

    async with asyncio.timeout(10), loads.held(10):
        pass

    assert carriers.order == []


def test_files_that_the_provider_fetches_weigh_nothing() -> None:
    call = ProviderCall("luma", "ray-2", {})
    url = "https://files.example.com/a.mp4"
    files = {"a": [_file(5, None), _file(7, url)], "b": [_file(READ_BYTES + 1, url)]}

    assert bytes_of(Request(call, files)) == 12
    assert bytes_of(None) == 0
