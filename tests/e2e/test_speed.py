"""How fast pages show what they are for, on a phone and on a desk, and how still they stand (G-29)."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import MakePage
from tests.e2e.playground import open_playground
from tests.e2e.routes import LOCAL

PAGES = ("/", "/templates", f"/templates/{LOCAL}", "/pricing")
TRIES = 3  # the best of them: other processes of a machine that tests share are no part of a page

OBSERVE = """
window.measured = {lcp: 0, cls: 0, events: []};
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.measured.lcp = entry.startTime;
}).observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
        if (!entry.hadRecentInput) window.measured.cls += entry.value;
}).observe({type: "layout-shift", buffered: true});
new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
        if (entry.interactionId) window.measured.events.push(entry.duration);
}).observe({type: "event", durationThreshold: 16, buffered: true});
"""

# What Lighthouse calls slow 4G, as the network behaves (150 ms there and back, 1.6 Mbit/s).
SLOW_4G = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 93_750,
}


@dataclass(frozen=True)
class Device:
    """A way of looking: the window, how much slower than here, over which network, how soon."""

    width: int
    height: int
    cpu: int
    network: dict[str, Any] | None
    lcp_ms: int


PHONE = Device(360, 800, 4, SLOW_4G, 1_800)
DESK = Device(1440, 900, 1, None, 1_200)


@pytest.mark.parametrize("device", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("path", PAGES)
def test_g_29_a_public_page_shows_its_largest_part_in_time_and_stands_still(
    new_page: MakePage, path: str, device: Device
) -> None:
    figures = []
    for _ in range(TRIES):
        figures.append(_measure(new_page, path, device))
        if figures[-1]["lcp"] <= device.lcp_ms:
            break

    best = min(figures, key=lambda each: each["lcp"])
    print(path, device.width, best)  # noqa: T201 - the figures, with `-s`
    assert best["lcp"] <= device.lcp_ms
    assert best["cls"] <= 0.02


def test_g_29_presses_on_public_pages_are_answered_within_100_ms(new_page: MakePage) -> None:
    found = []
    for _ in range(TRIES):
        found.append(_p75_of_presses(new_page()))
        if found[-1] <= 100:
            break

    print("presses", found)  # noqa: T201 - the figures, with `-s`
    assert min(found) <= 100


def test_g_29_the_playground_stands_still_when_it_comes_alive(new_page: MakePage) -> None:
    page = new_page()
    page.add_init_script(OBSERVE)

    open_playground(page)
    page.wait_for_load_state("networkidle")

    assert page.evaluate("window.measured.cls") <= 0.02


def _measure(new_page: MakePage, path: str, device: Device) -> dict[str, float]:
    page = new_page(viewport={"width": device.width, "height": device.height})
    page.add_init_script(OBSERVE)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": device.cpu})
    if device.network:
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", device.network)
    page.goto(path, wait_until="networkidle")
    figures: dict[str, float] = page.evaluate("window.measured")
    page.close()
    return figures


def _p75_of_presses(page: Page) -> float:
    """Press what public pages have to press; return what three of four took at most, in ms."""
    page.add_init_script(OBSERVE)
    page.goto("/templates")
    page.get_by_role("banner").get_by_label("Appearance").click()
    page.get_by_role("banner").get_by_role("button", name="Dark").click()
    page.get_by_role("navigation", name="Kind of result").get_by_text("Image").click()
    expect(page).to_have_url(re.compile("modality=image"))
    durations = _events(page)
    page.goto(f"/templates/{LOCAL}")
    for name in ("Graph", "API", "Overview"):
        page.get_by_role("tab", name=name).click()
    durations = sorted(durations + _events(page))
    page.close()
    return durations[int(len(durations) * 0.75)] if durations else 0


def _events(page: Page) -> list[float]:
    """Return how long each press of this page took, once the browser has reported them."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    found: list[float] = page.evaluate("window.measured.events")
    return found
