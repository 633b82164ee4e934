"""Inputs that are URLs: a worker fetches them before the run begins."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from executor.models import Execution, File
from executor.services.cancel import cancel_execution
from executor.services.claims import claim_task
from tests.common.fetch_server import Server, running_server
from tests.executor.runs import accept, answer_of, perform_all, publish, ready_tasks
from tests.graphs import graph

FLIP = graph(
    {
        "i": ("input.image", {"name": "photo", "required": True}),
        "n": ("image.flip", {"direction": "horizontal"}),
        "o": ("output", {"name": "image"}),
    },
    ["i.value -> n.image", "n.image -> o.value"],
)


@pytest.fixture
def server(settings) -> Iterator[Server]:
    """A server of files that the fetcher may reach."""
    with running_server() as server:
        settings.FETCH_LOOPBACK_PORTS = frozenset({server.server_port})
        yield server


def accept_url(workspace, server, path):
    """A run whose picture is behind a URL."""
    url = server.url(path, host="127.0.0.1")
    return accept(workspace, publish(workspace, FLIP), {"photo": {"url": url}}).execution_id


def png() -> bytes:
    """A small picture."""
    target = io.BytesIO()
    Image.new("RGB", (30, 20), "#336699").save(target, "PNG")
    return target.getvalue()


def test_a_picture_behind_a_url_is_fetched_and_worked_on(workspace, server) -> None:
    server.routes["/photo"] = lambda handler: handler.answer(png())
    run = accept_url(workspace, server, "/photo")

    perform_all()

    answer = answer_of(workspace, run)
    assert answer["status"] == "COMPLETED"
    assert answer["outputs"]["image"]["width"] == 30
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 404, "input_fetch_failed"),
        (b"\x89PNG\r\n\x1a\nbut nothing else", 200, "undecodable"),
        (b"only words", 200, "invalid_value"),
    ],
)
def test_what_cannot_be_had_fails_the_run_at_its_input(
    workspace, server, body, status, code
) -> None:
    server.routes["/photo"] = lambda handler: handler.answer(body, status)
    run = accept_url(workspace, server, "/photo")

    perform_all()

    answer = answer_of(workspace, run)
    assert (answer["status"], answer["error"]["code"]) == ("FAILED", code)
    assert answer["error"]["nodeId"] == "i"
    assert File.objects.of(workspace.id).count() == 0


def test_a_file_over_the_limit_of_its_kind_is_refused_before_its_bytes(workspace, server) -> None:
    def announce(handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(50 * 1024 * 1024 + 1))
        handler.end_headers()

    server.routes["/photo"] = announce
    run = accept_url(workspace, server, "/photo")

    perform_all()

    assert answer_of(workspace, run)["error"]["code"] == "input_fetch_failed"


def test_a_run_that_waits_for_a_url_can_be_cancelled(workspace, server) -> None:
    server.routes["/photo"] = lambda handler: handler.answer(png())
    run = accept_url(workspace, server, "/photo")
    claim_task(task_id=ready_tasks()[0], owner="worker")

    cancelled = cancel_execution(workspace_id=workspace.id, execution_id=run)

    assert cancelled == ("CANCELLED", True)
    assert Execution.objects.of(workspace.id).get().finished_at is not None
    assert ready_tasks() == []
