"""A model that staff add by a form while everything runs is used through another process in seconds."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.durability.processes import ROOT, Platform, free_port, wait_until
from tests.graphs import graph

LIVE_WITHIN_S = 10.0
FORM = {
    "key": "brand-new",
    "name": "Brand New",
    "vendor": "The House",
    "task": "text-to-image",
    "description": "Pictures that nobody has seen before.",
    "license": "proprietary",
    "provider": "fal",
    "provider_model": "fal-ai/brand-new",
    "price": "25",
    "expected_s": "5",
    "params-TOTAL_FORMS": "2",
    "params-INITIAL_FORMS": "0",
    "params-0-use": "prompt",
    "params-1-use": "seed",
}
GRAPH = graph(
    {"new": ("model.brand-new", {"prompt": "a house"}), "out": ("output", {"name": "image"})},
    ["new.image -> out.value"],
)


class Site:
    """A web process of an installation."""

    def __init__(self, platform: Platform) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", "pixelflow_site.asgi:application"),
                *("--no-access-log", "--log-level", "warning", "--port", str(port)),
            ],
            cwd=ROOT,
            env={**platform.env, "ALLOWED_HOSTS": "127.0.0.1"},
        )

    def is_up(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is to be closed after the test."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def sites(make_platform, stack) -> tuple[Site, Site, dict[str, Any]]:
    """Two web processes and a worker over one database, and who may do what."""
    platform = make_platform()
    first, second = Site(platform), Site(platform)
    stack.callback(first.close)
    stack.callback(second.close)
    people = platform.ask("people", of="staff_seed")
    platform.start_worker()
    wait_until(lambda: first.is_up() and second.is_up(), timeout_s=60)
    return first, second, people


def sign_in(site: Site, people: dict[str, Any]) -> httpx.Client:
    """Return a browser of a member of staff."""
    browser = httpx.Client(base_url=site.url, headers={"Origin": site.url})
    page = "/admin/login/?next=/admin/"
    browser.get(page)
    posted = browser.post(
        page,
        data={
            "username": people["email"],
            "password": people["password"],
            "csrfmiddlewaretoken": browser.cookies["csrftoken"],
        },
    )
    assert posted.status_code == 302, posted.text
    return browser


def client_of(site: Site, people: dict[str, Any]) -> httpx.Client:
    """Return a client of the API with the test key."""
    headers = {"Authorization": f"Bearer {people['key']}"}
    return httpx.Client(base_url=f"{site.url}/api/v1", headers=headers, timeout=40)


def begin_run(api: httpx.Client) -> str:
    """Build a workflow of the new model by the API, publish and execute it; returns where to poll."""
    made = api.post("/workflows", json={"name": "New", "graph": GRAPH}).json()
    assert made["problems"] == []
    assert api.post(f"/workflows/{made['id']}/publish").status_code == 201
    begun = api.post(f"/workflows/{made['id']}/execute", json={"inputs": {}})
    assert begun.status_code == 202, begun.text
    return str(begun.json()["pollUrl"]).removeprefix("/api/v1")


def final_of(api: httpx.Client, page: str) -> dict[str, Any]:
    """Return the final answer of a run."""
    answer: dict[str, Any] = {}

    def is_final() -> bool:
        answer.update(api.get(page, params={"wait": 5}).json())
        return answer["status"] not in ("QUEUED", "RUNNING")

    wait_until(is_final, timeout_s=60)
    return answer


def test_a_model_added_by_a_form_is_used_by_an_api_call_in_another_process(sites, stack) -> None:
    first, second, people = sites
    browser, api = sign_in(first, people), client_of(second, people)
    stack.callback(browser.close)
    stack.callback(api.close)
    # Every process has its catalogue by now, and none has heard of the model.
    assert api.get("/models/brand-new").status_code == 404

    began = time.monotonic()
    posted = browser.post(
        "/admin/workflows/modelentry/form/",
        data={**FORM, "csrfmiddlewaretoken": browser.cookies["csrftoken"]},
    )
    assert posted.status_code == 302, posted.text
    wait_until(lambda: api.get("/models/brand-new").status_code == 200, timeout_s=LIVE_WITHIN_S)
    page = begin_run(api)
    took_s = time.monotonic() - began
    answer = final_of(api, page)

    assert took_s < LIVE_WITHIN_S
    assert answer["status"] == "COMPLETED", answer
    assert answer["nodes"][0]["type"] == "model.brand-new"
    assert answer["outputs"]["image"]["kind"] == "image"
