"""With JavaScript off everything that is a page still works (UI.md 6, G-32)."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import MakePage
from tests.e2e.people import PASSWORD, new_address, sign_in, sign_up
from tests.e2e.routes import LOCAL
from tests.e2e.server import Site


@pytest.fixture
def plain_page(new_page: MakePage) -> Page:
    """A visitor's page without JavaScript."""
    return new_page(java_script_enabled=False)


@pytest.fixture
def plain_member(new_page: MakePage, signed_in_state: Any) -> Page:
    """The demo owner's page without JavaScript."""
    return new_page(java_script_enabled=False, storage_state=signed_in_state)


def test_g_32_the_gallery_is_searched_filtered_and_paged_by_forms_and_links(
    plain_page: Page,
) -> None:
    plain_page.goto("/templates")

    plain_page.locator("#gallery-q").fill("quote")
    plain_page.locator("#gallery-form").get_by_role("button", name="Search").click()
    expect(plain_page.locator("#results-title")).to_contain_text("“quote”")
    expect(plain_page.locator(f'#cards a[href="/templates/{LOCAL}"]')).to_be_visible()

    plain_page.goto("/templates")
    plain_page.get_by_role("navigation", name="Kind of result").get_by_text("Image").click()
    expect(plain_page).to_have_url(with_part("modality=image"))
    plain_page.get_by_role("link", name="Load more").click()
    expect(plain_page).to_have_url(with_part("page=2"))
    expect(plain_page.locator("#cards > li").first).to_be_visible()


def test_g_32_a_template_is_read_run_and_forked_by_forms(plain_page: Page) -> None:
    page = plain_page
    sign_up(page, new_address())
    page.goto(f"/templates/{LOCAL}")
    expect(page.locator("#api")).to_be_visible()
    expect(page.locator("#versions")).to_be_visible()

    page.get_by_role("link", name="Run in playground").click()
    page.get_by_label("Quote").fill("Run without any script.")
    page.locator("#playground-root").get_by_role("button", name="Run").click()
    expect(page.locator("#result img").first).to_be_visible(timeout=30_000)
    expect(page.locator("#result")).to_contain_text("credits charged", timeout=30_000)

    page.goto(f"/templates/{LOCAL}")
    page.locator(".template-head-actions").get_by_role("button", name="Fork").click()
    expect(page).to_have_url(with_part("/workflows/wf_"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Quote card")


def test_g_32_signing_up_signing_out_and_signing_in_need_no_script(plain_page: Page) -> None:
    email = new_address()

    sign_up(plain_page, email)
    plain_page.goto("/accounts/logout/")
    plain_page.locator("main").get_by_role("button", name="Sign out").click()
    plain_page.goto("/workflows")
    sign_in(plain_page, email, PASSWORD)

    expect(plain_page).to_have_url(with_part("/workflows"))


def test_g_32_runs_billing_team_and_settings_are_there(plain_member: Page, site: Site) -> None:
    page = plain_member
    for path, words in (
        ("/workflows", "Workflows"),
        (f"/workflows/{site.demo['workflowId']}", "Run"),
        ("/billing", "Billing"),
        ("/team", "Team"),
        ("/settings", "Profile"),
        ("/settings/models", "Model"),
    ):
        page.goto(path)
        expect(page.locator("main").get_by_text(words).first).to_be_visible()


def with_part(part: str) -> re.Pattern[str]:
    """Return a pattern of addresses that contain a part."""
    return re.compile(re.escape(part))
