"""The site stands and says so."""

from playwright.sync_api import Page, expect


def test_the_start_page_has_one_heading(page: Page) -> None:
    page.goto("/")

    expect(page.locator("h1")).to_have_count(1)
