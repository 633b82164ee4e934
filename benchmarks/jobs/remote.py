"""Runs whose work a provider does (P9).

`remote accept N` accepts N of them; `remote polls URL N EVERY SECONDS` polls as many jobs with the
bare HTTP client, and prints what that costs.
"""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import aiohttp

from accounts.api import SYSTEM_ACTOR
from benchmarks.jobs.access import Access
from executor.api import ExecutionRequest, Trigger, accept_execution
from tests.provider.course import asking
from workflows.api import create_workflow, publish_workflow


def main(mode: str, *arguments: str) -> None:
    """Print what came of it."""
    found = _accept(int(arguments[0])) if mode == "accept" else asyncio.run(_poll(*arguments))
    print(json.dumps(found), flush=True)


def _accept(count: int) -> dict[str, Any]:
    access = Access()
    made = create_workflow(
        actor=SYSTEM_ACTOR,
        workspace_id=access.workspace_id,
        name="Remote",
        graph=asking("b", give_up_s=100_000.0),
    )
    publish_workflow(actor=SYSTEM_ACTOR, workspace_id=access.workspace_id, workflow_id=made.id)
    for number in range(count):
        accept_execution(
            ExecutionRequest(
                workspace_id=access.workspace_id,
                workflow_id=made.id,
                version=None,
                inputs={"prompt": f"tea {number}"},
                mode="live",
                trigger=Trigger.API,
            )
        )
    return {"accepted": count}


async def _poll(url: str, jobs: str, every_s: str, seconds: str) -> dict[str, Any]:
    """Ask about the jobs evenly, for a while."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        polls = [
            asyncio.create_task(_follow(client, url, float(every_s), index / int(jobs)))
            for index in range(int(jobs))
        ]
        await asyncio.sleep(float(every_s))  # until each has begun
        cpu_s, began = time.process_time(), time.perf_counter()
        await asyncio.sleep(float(seconds))
        share = (time.process_time() - cpu_s) / (time.perf_counter() - began) * 100
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)
    return {"cpu": share, "mb": _rss_mb()}


async def _follow(client: aiohttp.ClientSession, url: str, every_s: float, phase: float) -> None:
    await asyncio.sleep(every_s * phase)
    while True:
        async with client.get(url) as response:
            await response.json()
        await asyncio.sleep(every_s)


def _rss_mb() -> float:
    status = Path("/proc/self/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024
