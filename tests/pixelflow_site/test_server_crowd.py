"""The line before the threads that start runs."""

import asyncio
import json

from pixelflow_site.server.crowd import Line

SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/api/v1/workflows/wf_1/execute",
    "query_string": b"",
    "headers": [(b"x-request-id", b"mine")],
}


class Sink:
    """Takes what is sent."""

    def __init__(self) -> None:
        self.messages: list[dict] = []

    async def __call__(self, message) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.messages[0]["headers"]}


class Held:
    """An application that answers when it is let."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.at_once = self.most = 0

    async def __call__(self, scope, receive, send) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.go.wait()
        self.at_once -= 1
        await send({"type": "http.response.start", "status": 202, "headers": []})


async def test_a_full_line_refuses_with_503_and_the_seconds_until_there_is_room() -> None:
    application = Held()
    line = Line(application, threads=2, max_in_line=3)
    waiting = [asyncio.create_task(line(SCOPE, None, Sink())) for _ in range(3)]
    await asyncio.sleep(0)
    refused = Sink()

    await line(SCOPE, None, refused)

    assert refused.status == 503
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["x-request-id"] == "mine"
    assert json.loads(refused.messages[1]["body"])["code"] == "unavailable"
    application.go.set()
    await asyncio.gather(*waiting)
    assert application.most == 2
    assert line.length == 0


async def test_a_longer_line_means_a_later_return() -> None:
    application = Held()
    line = Line(application, threads=1, max_in_line=2_000)
    waiting = [asyncio.create_task(line(SCOPE, None, Sink())) for _ in range(1_000)]
    await asyncio.sleep(0)

    assert line.book() == 11  # five hundred of 20 ms each, and the one who asks

    application.go.set()
    await asyncio.gather(*waiting)


async def test_those_who_are_refused_are_not_all_told_the_same_second() -> None:
    application = Held()
    line = Line(application, threads=1, max_in_line=100, monotonic=lambda: 7.0)
    waiting = [asyncio.create_task(line(SCOPE, None, Sink())) for _ in range(100)]
    await asyncio.sleep(0)

    seconds = [line.book() for _ in range(400)]

    assert seconds == sorted(seconds)
    assert max(seconds.count(second) for second in seconds) <= 50  # of the 20 ms that each takes
    assert seconds[-1] == 11  # half of the line, then four hundred at four fifths of its pace
    application.go.set()
    await asyncio.gather(*waiting)


async def test_nobody_is_put_off_for_more_than_a_minute() -> None:
    line = Line(Held(), threads=1, monotonic=lambda: 7.0)

    seconds = [line.book() for _ in range(10_000)]

    assert seconds[-1] == 60


async def test_who_comes_back_when_told_is_let_in() -> None:
    """A crowd of five times the line, of whose requests two hundred are answered in a second."""
    line = Line(Held(), threads=4, max_in_line=400, monotonic=lambda: 0.0)
    line.length = 400
    due = [line.book() for _ in range(1_600)]

    let_in = 0
    for second in range(1, max(due) + 1):
        line.length = max(0, line.length - 200)
        entering = min(due.count(second), 400 - line.length)
        line.length, let_in = line.length + entering, let_in + entering

    assert let_in == 1_600


async def test_others_are_served_between_two_refusals() -> None:
    line = Line(Held(), threads=1, max_in_line=0)
    refused = [Sink() for _ in range(50)]
    refusals = [asyncio.create_task(line(SCOPE, None, sink)) for sink in refused]

    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert sum(bool(sink.messages) for sink in refused) <= 2
    await asyncio.gather(*refusals)
    assert all(sink.status == 503 for sink in refused)


async def test_a_request_that_breaks_leaves_the_line() -> None:
    async def broken(scope, receive, send) -> None:
        raise OSError("gone")

    line = Line(broken, threads=1)
    found = await asyncio.gather(line(SCOPE, None, Sink()), return_exceptions=True)

    assert isinstance(found[0], OSError)
    assert line.length == 0
