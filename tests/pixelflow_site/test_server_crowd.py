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
    waiting = [asyncio.create_task(line(SCOPE, None, Sink())) for _ in range(2_000)]
    await asyncio.sleep(0)

    assert line.seconds_to_room() == 5  # a thousand of 5 ms each

    application.go.set()
    await asyncio.gather(*waiting)


async def test_a_request_that_breaks_leaves_the_line() -> None:
    async def broken(scope, receive, send) -> None:
        raise OSError("gone")

    line = Line(broken, threads=1)
    found = await asyncio.gather(line(SCOPE, None, Sink()), return_exceptions=True)

    assert isinstance(found[0], OSError)
    assert line.length == 0
