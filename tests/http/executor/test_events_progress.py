"""A long node from the worker to the client: progress and previews in the stream of events."""

import asyncio
import base64
import io
import threading

import pytest
from PIL import Image

from executor.models import Task
from executor.runtime.perform import Performer
from executor.selectors.following import in_reader
from pixelflow_site.asgi import application
from tests.executor.live import IN_MEMORY, EventStream, live_news
from tests.factories import make_execution, make_published_workflow
from tests.graphs import graph
from workflows.selectors import get_catalogue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def _live(settings):
    settings.CHANNEL_LAYERS = IN_MEMORY
    settings.EXTRA_NODES = ["tests.http.executor.showing_nodes"]
    get_catalogue.cache_clear()
    async with live_news():
        yield
    settings.EXTRA_NODES = []
    get_catalogue.cache_clear()


@pytest.fixture
def execution_id(workspace):
    document = graph(
        {"paint": "t.paint", "out": ("output", {"name": "image"})}, ["paint.image -> out.value"]
    )
    workflow = make_published_workflow(workspace, graph=document)
    return make_execution(workflow, inputs={}).execution_id


async def test_a_long_node_tells_how_far_it_is_and_how_it_looks(key, execution_id):
    stream = EventStream(application, execution_id, key=key)
    await stream.open()

    async with asyncio.timeout(30):
        _, events = await asyncio.gather(in_reader(perform, execution_id), stream.events())

    progress = [event["data"] for event in events if event["type"] == "progress"]
    previews = [event["data"] for event in events if event["type"] == "preview"]
    steps = [data["progress"] for data in progress]
    numbers = [event["seq"] for event in events]
    assert {data["nodeId"] for data in (*progress, *previews)} == {"paint"}
    assert 3 <= len(steps) <= 20  # of a hundred things said in a second and a half
    assert steps == sorted(steps)
    assert 1 <= len(previews) <= 3
    assert shown(previews[0]).size == (512, 50)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert [event["type"] for event in events[-2:]] == ["node", "final"]
    await stream.leave()


def shown(data):
    head, _, body = data["image"].partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(body)))


def perform(execution_id):
    """Perform the run as a worker does, with a thread that writes what it says."""
    performer, is_over = Performer("test"), threading.Event()

    def keep_writing():
        from django.db import connection

        while not is_over.wait(0.02):
            performer.teller.write()
        connection.close()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        tasks = Task.objects.filter(execution_id=execution_id, state="ready")
        while (task_id := tasks.values_list("pk", flat=True).first()) is not None:
            performer.perform(task_id)
    finally:
        is_over.set()
        writer.join()
