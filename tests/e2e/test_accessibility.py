"""axe finds nothing on any page, light or dark, narrow or wide, at rest or open (G-19, G-20)."""

from collections.abc import Iterable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.axe import violations, violations_everywhere
from tests.e2e.conftest import MakePage
from tests.e2e.people import new_address, sign_up
from tests.e2e.playground import expect_result, open_playground, run_button
from tests.e2e.routes import LOCAL, MISSING, PUBLIC, member_paths
from tests.e2e.server import Site
from tests.e2e.watch import Watch

HALVES = (0, 1)  # two tests each, so that two processes share the pages


@pytest.fixture
def axe_page(new_page: MakePage, watch: Watch) -> Page:
    """A visitor's page into which axe may be put."""
    watch.expected = ("404",)
    return new_page(bypass_csp=True)


@pytest.fixture
def axe_member_page(new_page: MakePage, signed_in_state: Any) -> Page:
    """The same, signed in."""
    return new_page(bypass_csp=True, storage_state=signed_in_state)


@pytest.mark.parametrize("half", HALVES)
def test_g_19_axe_finds_nothing_on_any_public_page(axe_page: Page, half: int) -> None:
    found = _walk(axe_page, (*PUBLIC, *MISSING)[half::2])

    assert found == []


@pytest.mark.parametrize("half", HALVES)
def test_g_19_axe_finds_nothing_on_any_page_of_a_member(
    axe_member_page: Page, site: Site, half: int
) -> None:
    found = _walk(axe_member_page, member_paths(site.demo)[half::2])

    assert found == []


def test_g_19_axe_finds_nothing_in_the_playground_while_and_after_it_runs(
    new_page: MakePage,
) -> None:
    page = new_page(bypass_csp=True)
    sign_up(page, new_address())
    open_playground(page)
    page.get_by_label("Quote", exact=False).first.fill("Looked at by axe while it runs.")
    run_button(page).click()
    expect(page.locator(".pg-outputs progress").first).to_be_attached()

    found = [f"running: {line}" for line in violations(page)]
    expect_result(page)
    found += [f"after: {line}" for line in violations_everywhere(page)]
    for tab in ("Steps", "JSON", "Logs", "Result"):
        page.get_by_role("tab", name=tab).click()
        found += [f"{tab}: {line}" for line in violations(page)]

    assert found == []


def test_g_19_axe_finds_nothing_with_dialogs_and_menus_of_the_playground_open(
    axe_member_page: Page,
) -> None:
    page = axe_member_page
    open_playground(page)
    found = []

    page.get_by_role("button", name="API", exact=True).click()
    found += [f"api: {line}" for line in violations_everywhere(page)]
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("radio", name="JSON", exact=True).check(force=True)
    found += [f"json: {line}" for line in violations(page)]
    page.get_by_role("radio", name="Form", exact=True).check(force=True)
    page.get_by_role("button", name="More ways to run").click()
    found += [f"menu: {line}" for line in violations(page)]
    page.get_by_role("menuitem", name="Check and price only").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found += [f"cost: {line}" for line in violations_everywhere(page)]

    assert found == []


def test_g_19_axe_finds_nothing_with_menus_drawers_and_sign_up_open(axe_page: Page) -> None:
    page = axe_page
    found = []
    page.goto("/")
    page.get_by_role("banner").get_by_label("Appearance").click()
    found += [f"appearance: {line}" for line in violations(page)]
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/")
    page.get_by_label("Menu", exact=True).click()
    found += [f"menu: {line}" for line in violations(page)]
    page.goto("/templates")
    page.get_by_role("button", name="Filters").click()
    found += [f"filters: {line}" for line in violations_everywhere(page, widths=(360,))]
    page.set_viewport_size({"width": 1280, "height": 900})
    open_playground(page, f"/templates/{LOCAL}/run")
    run_button(page).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    found += [f"sign-up: {line}" for line in violations_everywhere(page)]

    assert found == []


def _walk(page: Page, paths: Iterable[str]) -> list[str]:
    found = []
    for path in paths:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(path)
        if page.locator("#playground-root").count():
            expect(page.locator(".pg")).to_be_visible()
        found += [f"{path} {line}" for line in violations_everywhere(page)]
    return found
