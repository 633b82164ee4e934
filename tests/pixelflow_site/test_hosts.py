"""Requests that name a host which is not ours."""

import asyncio
import json
from typing import Any

import pytest
from django.test import Client

from common.ids import new_id
from pixelflow_site.server.waits import answer_held
from tests.http.problem import assert_problem


def test_a_strange_host_is_malformed_and_leaves_no_trace_in_the_log(caplog):
    response = Client().get("/api/v1/nodes", headers={"Host": "evil.example"})

    assert_problem(response, 400, "malformed_request")
    assert not caplog.records


@pytest.mark.parametrize(("host", "status"), [(b"evil.example", 400), (b"127.0.0.1", 401)])
@pytest.mark.django_db(transaction=True)
async def test_a_waiting_poll_has_the_same_rule(host, status):
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/api/v1/workflows/executions/{new_id('exec')}/poll",
        "query_string": b"wait=1",
        "headers": [(b"host", host)],
    }
    await answer_held(scope, _client_that_stays(), send)

    assert sent[0]["status"] == status
    assert json.loads(sent[1]["body"])["status"] == status
    assert (b"content-type", b"application/problem+json") in sent[0]["headers"]


def _client_that_stays() -> Any:
    waiting = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop()

    return receive
